#include "apps/agent/agent_command.hpp"

#include <signal.h>
#include <unistd.h>

#include "apps/agent/host_agent.hpp"
#include "apps/config/config_command.hpp"
#include "apps/config/output.hpp"

namespace millrace {
namespace {

constexpr std::string_view usage_text =
    "usage: millrace agent --host N --dir DIR [options]\n"
    "  Starts the node of one host, starts it again when it fails, drains it on SIGTERM.\n";

constexpr std::int64_t host_max = 255;

std::vector<Option> all_options() {
  std::vector<Option> options = {
      {"host", "N", "number of the host, and id of its node"},
      {"dir", "DIR", "directory of the host"},
      {"node-program", "FILE", "millrace-node"},
      {"prefer-ports", "PORTS", "client=N,link=N,http=N instead of the last ones"},
      {"help", "", "show this text"},
  };
  options.insert(options.end(), configuration_options().begin(), configuration_options().end());
  return options;
}

Result<HostAgentOptions> agent_options(const CommandLine& line,
                                       const Configuration& configuration) {
  const auto host = line.number("host", -1, 0, host_max);
  const auto directory = line.value("dir");
  if (!host) return tl::unexpected(host.error());
  if (*host < 0 || !directory || !line.words().empty()) {
    return fail(Errc::malformed, "expected: agent --host N --dir DIR");
  }
  HostAgentOptions options;
  options.host = static_cast<int>(*host);
  options.directory = std::filesystem::absolute(*directory);
  options.node_program = line.value("node-program").value_or(default_node_program().string());
  options.node_arguments = configuration_arguments(line);
  options.drain_timeout = configuration.get(key::drain_timeout);
  if (const auto text = line.value("prefer-ports")) {
    const auto ports = parse_preferred_ports(*text);
    if (!ports) return tl::unexpected(ports.error());
    options.ports = *ports;
  }
  return options;
}

ExitCode refuse_usage(const Error& error) {
  print_error("usage", error.message, "millrace agent --help");
  return ExitCode::usage;
}

ExitCode run_agent(HostAgentOptions options, const EventLog& log) {
  auto signals = SignalSource::open({SIGTERM, SIGINT, SIGCHLD});
  auto launcher = take_inherited_channel(launcher_channel_variable);
  if (!signals || !launcher) {
    log.error("agent_failed", {{"error", (signals ? launcher.error() : signals.error()).message}});
    return ExitCode::failed;
  }
  HostAgent agent(std::move(options), *std::move(signals), ChannelEnd(*std::move(launcher)), log);
  const auto drained = agent.run();
  if (!drained) log.error("agent_failed", {{"error", drained.error().message}});
  return drained && *drained ? ExitCode::fine : ExitCode::failed;
}

}  // namespace

std::filesystem::path default_node_program() {
  return own_program().parent_path() / "millrace-node";
}

ExitCode run_agent_command(std::span<const std::string> arguments) {
  const std::vector<Option> known = all_options();
  const auto line = CommandLine::parse(arguments, known);
  if (!line) return refuse_usage(line.error());
  if (line->has("help")) {
    print_result(std::string(usage_text) + describe(known));
    return ExitCode::fine;
  }
  const auto outcome = configuration_of(*line);
  if (!outcome) return refuse_usage(outcome.error());
  if (!outcome->usable()) {
    print_findings(outcome->findings);
    return ExitCode::usage;
  }
  const Configuration& configuration = outcome->configuration;
  auto options = agent_options(*line, configuration);
  if (!options) return refuse_usage(options.error());
  const EventLog log(STDERR_FILENO, configuration.get(key::log_format),
                     configuration.get(key::log_level));
  return run_agent(*std::move(options), log);
}

}  // namespace millrace
