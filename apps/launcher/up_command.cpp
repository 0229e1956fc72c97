#include "apps/launcher/up_command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "apps/agent/agent_command.hpp"
#include "apps/agent/process_clock.hpp"
#include "apps/agent/run_files.hpp"
#include "apps/config/config_command.hpp"
#include "apps/config/output.hpp"
#include "apps/launcher/background.hpp"
#include "apps/launcher/cluster_directory.hpp"
#include "apps/launcher/cluster_text.hpp"
#include "apps/launcher/notify_socket.hpp"
#include "apps/launcher/up_plan.hpp"

namespace millrace {
namespace {

constexpr std::string_view usage_text =
    "usage: millrace up [options]\n"
    "  Starts a cluster on this machine: one host agent and one node per host. Stays in the\n"
    "  foreground; Ctrl-C or SIGTERM drains, a second one ends it at once. Says READY=1 and\n"
    "  STOPPING=1 to a service manager that sets NOTIFY_SOCKET.\n";

std::vector<Option> all_options() {
  std::vector<Option> options = {
      {"hosts", "N", "how many hosts (3)"},
      {"dir", "DIR", "directory of the cluster (./millrace-data)"},
      {"base-port", "N", "ports of host i from N + 10 i on, where they are free"},
      {"detach", "", "return when the cluster is ready; it goes on in the background"},
      {"node-program", "FILE", "millrace-node (beside this program)"},
      {"help", "", "show this text"},
  };
  options.insert(options.end(), configuration_options().begin(), configuration_options().end());
  options.insert(options.end(), output_options().begin(), output_options().end());
  return options;
}

struct UpCommand {
  UpRequest request;
  Configuration configuration;
  OutputFormat format = OutputFormat::table;
  bool detach = false;
};

Result<UpCommand> read_command(const CommandLine& line, const Configuration& configuration) {
  const auto hosts = line.number("hosts", 3, 1, host_count_max);
  const auto base_port = line.number("base-port", 0, 1, 65535 - ports_per_host * host_count_max);
  const auto format = output_format(line);
  if (!hosts) return tl::unexpected(hosts.error());
  if (!base_port) return tl::unexpected(base_port.error());
  if (!format) return tl::unexpected(format.error());
  if (!line.words().empty()) {
    return fail(Errc::malformed, fmt::format("unexpected word: {}", line.words().front()));
  }
  UpCommand command;
  command.request.host_count = static_cast<int>(*hosts);
  command.request.directory =
      std::filesystem::absolute(line.value("dir").value_or("millrace-data")).lexically_normal();
  command.request.node_program = std::filesystem::absolute(
      line.value("node-program").value_or(default_node_program().string()));
  if (*base_port > 0) command.request.base_port = static_cast<int>(*base_port);
  command.request.configuration_arguments = configuration_arguments(line);
  command.configuration = configuration;
  command.format = *format;
  command.detach = line.has("detach");
  return command;
}

ExitCode refuse(ExitCode code, std::string_view kind, const std::string& message,
                const std::string& next) {
  print_error(kind, message, next);
  return code;
}

// Errors: unavailable when another launcher, or what one left behind, holds the directory.
Result<FileDescriptor> take_directory(const std::filesystem::path& directory) {
  if (auto made = make_directories(directory); !made) return tl::unexpected(made.error());
  auto lock = lock_directory(directory, "launcher.lock");
  if (!lock) return lock;
  for (const HostStatus& host : read_cluster_status(directory).hosts) {
    if (!host.problem.empty()) return fail(Errc::corrupt, host.problem);
    if (!host.agent_alive && !host.node_alive) continue;
    return fail(Errc::unavailable,
                fmt::format("processes of an earlier run still live: {}", host.host));
  }
  return lock;
}

std::string failure_text(const StartFailure& failure) {
  std::string text = fmt::format("error up.not_ready: {}\n", failure.message);
  for (const std::string& line : failure.log_lines) text += "  | " + line + '\n';
  return text;
}

Status write_own_record(const UpRequest& request) {
  auto process = record_of_process(::getpid(), "up");
  if (!process) return tl::unexpected(process.error());
  return write_record(request.directory,
                      LauncherRecord{*std::move(process), request.host_count, wall_clock_now()});
}

// A start that cannot be announced is worth a line, but no reason not to serve.
NotifySocket take_notify_socket(const EventLog& log) {
  auto notify = NotifySocket::take_from_environment();
  if (!notify) log.warn("notify_socket_ignored", {{"error", notify.error().message}});
  return std::move(notify).value_or(NotifySocket());
}

ExitCode launch(const UpCommand& command, const std::string& cluster_id, StartReport report) {
  const EventLog log(STDERR_FILENO, command.configuration.get(key::log_format),
                     command.configuration.get(key::log_level));
  auto signals = SignalSource::open({SIGTERM, SIGINT, SIGHUP, SIGCHLD});
  auto recorded = write_own_record(command.request);
  if (!signals || !recorded) {
    const Error& error = signals ? recorded.error() : signals.error();
    report.failed(ExitCode::failed, fmt::format("error up.failed: {}\n", error.message));
    return ExitCode::failed;
  }
  const NotifySocket notify = take_notify_socket(log);
  const auto warn_unless = [&](const Status& told) {
    if (!told) log.warn("service_manager_not_told", {{"error", told.error().message}});
  };
  ClusterProgress progress;
  progress.on_ready = [&](const ClusterMap& map) {
    warn_unless(notify.tell_ready(status_line(map)));
    report.ready(cluster_text(command.request.directory, cluster_id, map, command.format));
  };
  progress.on_ending = [&] { warn_unless(notify.tell_stopping()); };
  Launcher launcher(plan_cluster(command.request, command.configuration, cluster_id),
                    *std::move(signals), log, progress);
  const ExitCode code = launcher.run();
  remove_launcher_record(command.request.directory);
  if (const auto& failure = launcher.failure()) {
    report.failed(failure->code, failure_text(*failure));
  }
  return code;
}

ExitCode run_up(const UpCommand& command) {
  const std::filesystem::path& directory = command.request.directory;
  if (::access(command.request.node_program.c_str(), X_OK) != 0) {
    return refuse(ExitCode::failed, "up.no_node_program",
                  "cannot run " + command.request.node_program.string(),
                  "build millrace-node, or name it with --node-program");
  }
  const auto lock = take_directory(directory);
  if (!lock) {
    return refuse(ExitCode::failed, "up.directory", lock.error().message,
                  fmt::format("millrace down --dir {}", directory.string()));
  }
  const std::string configured = command.configuration.get(key::cluster_id);
  auto cluster_id = cluster_id_of(directory);
  if (!cluster_id) {
    return refuse(ExitCode::failed, "up.cluster_id", cluster_id.error().message,
                  "use another --dir");
  }
  if (!configured.empty()) cluster_id = configured;
  StartReport report;
  if (command.detach) {
    auto background = go_to_background(directory / "up.log");
    if (!background) {
      return refuse(ExitCode::failed, "up.detach", background.error().message, "");
    }
    if (background->exit_code) return *background->exit_code;
    report = std::move(background->report);
  }
  return launch(command, *cluster_id, std::move(report));
}

}  // namespace

ExitCode run_up_command(std::span<const std::string> arguments) {
  const std::vector<Option> known = all_options();
  const auto line = CommandLine::parse(arguments, known);
  if (!line) return refuse(ExitCode::usage, "usage", line.error().message, "millrace up --help");
  if (line->has("help")) {
    print_result(std::string(usage_text) + describe(known));
    return ExitCode::fine;
  }
  const auto outcome = configuration_of(*line);
  if (!outcome) {
    return refuse(ExitCode::usage, "usage", outcome.error().message, "millrace up --help");
  }
  print_findings(outcome->findings);
  if (!outcome->usable()) return ExitCode::usage;
  const auto command = read_command(*line, outcome->configuration);
  if (!command) {
    return refuse(ExitCode::usage, "usage", command.error().message, "millrace up --help");
  }
  return run_up(*command);
}

}  // namespace millrace
