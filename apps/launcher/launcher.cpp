#include "apps/launcher/launcher.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "apps/agent/process_clock.hpp"
#include "apps/agent/run_files.hpp"
#include "apps/launcher/cluster_directory.hpp"
#include "apps/launcher/end_cluster.hpp"
#include "base/check.hpp"

namespace millrace {
namespace {

// A node that fails this often before it was ever ready will not become ready by waiting.
constexpr int exits_before_ready_max = 3;
constexpr std::size_t blamed_line_count = 10;
// What agents get on top of the drain itself, and what killing may take.
constexpr Duration drain_margin = 5s;
constexpr Duration end_timeout = 3s;

int poll_timeout(std::optional<Instant> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - monotonic_now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

std::int64_t number(Incarnation incarnation) {
  return static_cast<std::int64_t>(incarnation.value());
}

}  // namespace

Launcher::Launcher(LauncherOptions options, SignalSource signals, EventLog log,
                   ClusterProgress progress)
    : options_(std::move(options)),
      signals_(std::move(signals)),
      log_(log),
      progress_(std::move(progress)),
      members_(options_.hosts.size()) {
  CHECK(!options_.hosts.empty());
  for (HostPlan& plan : options_.hosts)
    hosts_.push_back(Host{std::move(plan), 0, {}, false, false, 0});
}

ExitCode Launcher::run() {
  log_.info("cluster_starting", {{"hosts", static_cast<std::int64_t>(hosts_.size())},
                                 {"directory", options_.directory.string()}});
  deadline_ = monotonic_now() + options_.ready_timeout;
  start_agents();
  while (phase_ != Phase::finished) wait_for_events();
  end_leftovers();
  log_.info("cluster_ended", {{"exit_code", static_cast<std::int64_t>(exit_code_)}});
  return exit_code_;
}

void Launcher::start_agents() {
  for (Host& host : hosts_) {
    if (phase_ != Phase::starting) return;
    const std::filesystem::path log_file = host.plan.directory / "log/agent.log";
    auto child = make_directories(host.plan.directory).and_then([&] {
      return spawn_process({options_.agent_program,
                            host.plan.agent_arguments,
                            {},
                            log_file,
                            launcher_channel_variable});
    });
    if (!child) {
      give_up(ExitCode::failed, child.error().message, log_file);
      continue;
    }
    host.agent_process = child->process_id;
    host.channel = ChannelEnd(std::move(child->channel));
    host.agent_runs = true;
    log_.info("agent_started",
              {{"host", host_name(host.plan.index)}, {"pid", std::int64_t{child->process_id}}});
  }
}

void Launcher::wait_for_events() {
  std::vector<pollfd> sources = {{signals_.descriptor(), POLLIN, 0}};
  for (const Host& host : hosts_) {
    sources.push_back({host.channel.descriptor(), host.channel.wanted_events(), 0});
  }
  (void)::poll(sources.data(), sources.size(), poll_timeout(deadline_));
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (sources[i + 1].revents != 0) on_messages(hosts_[i]);
  }
  if (sources[0].revents != 0) {
    for (const int signal_number : signals_.take()) on_signal(signal_number);
    while (const auto end = take_ended_child()) on_agent_ended(*end);
  }
  if (deadline_ && monotonic_now() >= *deadline_) on_deadline();
  check_all_ended();
}

void Launcher::on_signal(int number) {
  if (number == SIGCHLD) return;
  log_.info("signal_received", {{"signal", std::int64_t{number}}});
  if (phase_ == Phase::starting || phase_ == Phase::serving) {
    begin_drain();
  } else if (phase_ == Phase::draining) {
    exit_code_ = ExitCode::failed;
    begin_end();
  }
}

void Launcher::on_agent_ended(const ChildEnd& end) {
  const auto found = std::ranges::find(hosts_, end.process_id, &Host::agent_process);
  if (found == hosts_.end()) return;
  on_messages(*found);  // Its last words.
  found->agent_runs = false;
  found->channel = ChannelEnd();
  const bool well = end.exit_code == 0 && end.signal == 0;
  found->ended_well = well;
  log_.info("agent_exited", {{"host", host_name(found->plan.index)},
                             {"pid", std::int64_t{end.process_id}},
                             {"exit_code", std::int64_t{end.exit_code}},
                             {"signal", std::int64_t{end.signal}}});
  if (phase_ == Phase::draining && !well) exit_code_ = ExitCode::failed;
  if (phase_ == Phase::starting) {
    give_up(ExitCode::failed, fmt::format("agent of {} ended", host_name(found->plan.index)),
            found->plan.directory / (well ? "log/node.log" : "log/agent.log"));
  }
}

void Launcher::on_messages(Host& host) {
  (void)host.channel.flush();
  for (const AgentMessage& message : host.channel.receive()) {
    std::visit([&](const auto& each) { on_message(host, each); }, message);
  }
}

void Launcher::refuse(Host& host) {
  log_.warn("message_refused", {{"host", host_name(host.plan.index)}});
}

void Launcher::on_message(Host& host, const NodeSpawned& started) {
  log_.info("node_started", {{"host", host_name(host.plan.index)},
                             {"node", std::int64_t{started.node.value()}},
                             {"incarnation", number(started.incarnation)},
                             {"pid", std::int64_t{started.process_id}}});
}

void Launcher::on_message(Host& host, const NodeReady& ready) {
  const Member& member = ready.member;
  if (member.node.value() != host.plan.index) return refuse(host);
  log_.info("node_ready", {{"host", host_name(host.plan.index)},
                           {"node", std::int64_t{member.node.value()}},
                           {"incarnation", number(member.incarnation)},
                           {"client", member.client_listeners},
                           {"link", member.link_listener},
                           {"http", member.http_listener}});
  if (!members_.apply(ready)) return;
  tell_map();
  if (phase_ != Phase::starting || !members_.is_healthy()) return;
  phase_ = Phase::serving;
  deadline_.reset();
  log_.info("cluster_ready", {{"hosts", static_cast<std::int64_t>(hosts_.size())}});
  progress_.on_ready(members_.map());
}

void Launcher::on_message(Host& host, const NodeExited& exited) {
  if (exited.node.value() != host.plan.index) return refuse(host);
  log_.info("node_exited", {{"host", host_name(host.plan.index)},
                            {"node", std::int64_t{exited.node.value()}},
                            {"incarnation", number(exited.incarnation)},
                            {"exit_code", std::int64_t{exited.exit_code}},
                            {"signal", std::int64_t{exited.signal}},
                            {"drained", exited.is_drained},
                            {"restart_in_ms", exited.restart_in.count()}});
  if (members_.apply(exited)) tell_map();
  if (phase_ != Phase::starting || ++host.exits_before_ready < exits_before_ready_max) return;
  give_up(ExitCode::failed,
          fmt::format("node of {} failed {} times before it was ready", host_name(host.plan.index),
                      host.exits_before_ready),
          host.plan.directory / "log/node.log");
}

void Launcher::tell_all(const AgentMessage& message) {
  for (Host& host : hosts_) {
    if (!host.channel.is_open()) continue;
    if (auto sent = host.channel.send(message); !sent) {
      log_.warn("agent_not_told",
                {{"host", host_name(host.plan.index)}, {"error", sent.error().message}});
    }
  }
}

void Launcher::tell_map() {
  if (members_.is_complete()) tell_all(members_.map());
}

void Launcher::on_deadline() {
  switch (phase_) {
    case Phase::starting:
      return blame_slow_host();
    case Phase::draining:
      return begin_end();
    case Phase::ending:
      phase_ = Phase::finished;
      return;
    case Phase::serving:
    case Phase::finished:
      return;
  }
}

void Launcher::blame_slow_host() {
  for (const Host& host : hosts_) {
    const Member* member = members_.find(NodeId(host.plan.index));
    if (member != nullptr && member->alive) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.ready_timeout);
    return give_up(ExitCode::timed_out,
                   fmt::format("node of {} was not ready within {} s", host_name(host.plan.index),
                               seconds.count()),
                   host.plan.directory / "log/node.log");
  }
}

void Launcher::give_up(ExitCode code, std::string message,
                       const std::filesystem::path& blamed_log) {
  log_.error("cluster_failed", {{"error", message}, {"log", blamed_log.string()}});
  failure_ = StartFailure{code, std::move(message), last_lines(blamed_log, blamed_line_count)};
  exit_code_ = code;
  begin_end();
}

void Launcher::begin_drain() {
  progress_.on_ending();
  phase_ = Phase::draining;
  deadline_ = monotonic_now() + options_.drain_timeout + drain_margin;
  tell_all(Drain{std::chrono::ceil<std::chrono::milliseconds>(options_.drain_timeout)});
}

void Launcher::begin_end() {
  if (phase_ != Phase::draining) progress_.on_ending();
  phase_ = Phase::ending;
  in_a_hurry_ = true;
  deadline_ = monotonic_now() + end_timeout;
  tell_all(StopNow{});
}

void Launcher::check_all_ended() {
  if (std::ranges::any_of(hosts_, &Host::agent_runs)) return;
  if (phase_ != Phase::serving) {
    phase_ = Phase::finished;
    return;
  }
  // Nodes outlive their agents, so as long as one lives there is a cluster to hold.
  const ClusterStatus status = read_cluster_status(options_.directory);
  if (std::ranges::any_of(status.hosts, &HostStatus::node_alive)) return;
  const bool all_well = std::ranges::all_of(hosts_, &Host::ended_well);
  exit_code_ = all_well ? ExitCode::fine : ExitCode::failed;
  phase_ = Phase::finished;
}

// Nodes whose agent had died, and whatever did not end when it was told to.
void Launcher::end_leftovers() {
  const Duration timeout = in_a_hurry_ ? Duration(0) : options_.drain_timeout;
  for (const EndedProcess& process : end_hosts(options_.directory, timeout)) {
    log_.info("leftover_ended", {{"kind", process.kind},
                                 {"host", process.host},
                                 {"pid", std::int64_t{process.process_id}},
                                 {"how", std::string(name_of(process.how))}});
  }
}

}  // namespace millrace
