#include "bench/load/cluster_load.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "apps/agent/child_process.hpp"
#include "bench/cluster/finished_program.hpp"
#include "bench/cluster/local_cluster.hpp"
#include "bench/load/load_table.hpp"

namespace millrace::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// One try to get something done; servers that are starting up may leave it unanswered.
constexpr Duration call_time_max = 3s;
constexpr Duration pause_between_tries = 10ms;
/// Until a cluster that was just started has nothing left to do.
constexpr Duration settle_time = 3s;

std::filesystem::path launcher_program() { return own_program().parent_path() / "millrace"; }

cli::Done<void> append_one(cli::Session& session, const LoadOptions& options) {
  const auto appender = open_appender(session, options.table, 1);
  if (!appender) return tl::unexpected(appender.error());
  const auto appended = session.wait<client::Appended>([&](auto done) {
    const Status taken = (*appender)->append(make_rows(options.shape, 1), done);
    if (!taken)
      done(protocol::refuse(protocol::ErrorCode::unknown_server_error, taken.error().message));
  });
  if (!appended) return tl::unexpected(appended.error());
  return {};
}

/// Tries until it works or the time is up.
cli::Done<void> insist(Clock::time_point give_up_at, const std::function<cli::Done<void>()>& act) {
  while (true) {
    auto done = act();
    if (done || Clock::now() >= give_up_at) return done;
    std::this_thread::sleep_for(pause_between_tries);
  }
}

/// Whatever answers at the address that was launched: ours lives as long as `cluster`.
cli::Done<std::vector<Endpoint>> launch(const std::vector<Endpoint>& bootstrap,
                                        const LoadOptions& options,
                                        std::optional<LocalCluster>& cluster) {
  if (!options.launch) {
    auto launched = LocalCluster::launch({launcher_program(), options.hosts});
    if (!launched) return cli::failed(launched.error());
    return cluster.emplace(std::move(*launched)).bootstrap();
  }
  const auto finished = run_to_its_end({"/bin/sh", "-c", *options.launch});
  if (!finished) return cli::failed(finished.error());
  if (finished->exit_code != 0) {
    return cli::failed(Error{
        Errc::unavailable, fmt::format("exit code {}: {}", finished->exit_code, *options.launch)});
  }
  return bootstrap;
}

}  // namespace

cli::Done<StartupResult> run_startup(const std::vector<Endpoint>& bootstrap,
                                     const LoadOptions& options, Duration time_max) {
  std::optional<LocalCluster> cluster;
  const Clock::time_point start = Clock::now();
  const auto so_far = [&] { return Duration(Clock::now() - start); };
  const auto servers = launch(bootstrap, options, cluster);
  if (!servers) return tl::unexpected(servers.error());
  StartupResult result;
  result.launched = so_far();
  cli::Session session({*servers, std::min(call_time_max, time_max)});
  client::Client& client = session.client();
  auto done = insist(start + time_max, [&]() -> cli::Done<void> {
    auto made = session.wait<void>(
        [&](auto then) { client.create_database(options.table.database, true, std::move(then)); });
    if (!made) return made;
    return session.wait<void>([&](auto then) {
      client.create_table(options.table, descriptor_of(options), true, std::move(then));
    });
  });
  if (!done) return tl::unexpected(done.error());
  result.table_created = so_far();
  done = insist(start + time_max, [&] { return append_one(session, options); });
  if (!done) return tl::unexpected(done.error());
  result.first_append = so_far();
  return result;
}

cli::Done<IdleResult> run_idle(const LoadOptions& options) {
  std::optional<LocalCluster> cluster;
  std::vector<int> processes = options.servers;
  if (processes.empty()) {
    auto started = LocalCluster::start({launcher_program(), options.hosts});
    if (!started) return cli::failed(started.error());
    processes = cluster.emplace(std::move(*started)).processes();
    std::this_thread::sleep_for(settle_time);
  }
  const Clock::time_point start = Clock::now();
  const auto before = processor_time(processes);
  if (!before) return cli::failed(before.error());
  std::this_thread::sleep_for(options.length);
  const auto after = processor_time(processes);
  if (!after) return cli::failed(after.error());
  const auto resident = resident_bytes(processes);
  if (!resident) return cli::failed(resident.error());
  return IdleResult{.processes = processes.size(),
                    .resident_bytes = *resident,
                    .processor_time = *after - *before,
                    .took = Clock::now() - start};
}

}  // namespace millrace::bench
