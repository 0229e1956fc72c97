#include "apps/launcher/status_and_down.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "apps/agent/process_clock.hpp"
#include "apps/config/known_keys.hpp"
#include "apps/config/output.hpp"
#include "apps/config/value_text.hpp"
#include "apps/launcher/cluster_directory.hpp"
#include "apps/launcher/cluster_text.hpp"
#include "apps/launcher/end_cluster.hpp"
#include "apps/launcher/node_memory.hpp"

namespace millrace {
namespace {

constexpr std::string_view down_usage =
    "usage: millrace down [options]\n"
    "  Ends the cluster of a directory. Nodes drain first, for as long as millrace.drain.timeout\n"
    "  said when it was started; what is left after --timeout is killed.\n"
    "  Exit codes: 0 all ended by themselves, 1 something still lives, 4 something was killed.\n";
constexpr std::string_view status_usage =
    "usage: millrace status [options]\n"
    "  What of the cluster lives, and what each node uses of the bounds of its memory. A console\n"
    "  that asks for a token gets that of MILLRACE_HTTP_TOKEN.\n"
    "  Exit codes: 0 all fine, 3 nothing lives, 4 something is down.\n";

std::vector<Option> all_options(bool with_timeout) {
  std::vector<Option> options = {{"dir", "DIR", "directory of the cluster (./millrace-data)"},
                                 {"help", "", "show this text"}};
  if (with_timeout)
    options.push_back({"timeout", "TIME", "how long to wait before what is left is killed (30s)"});
  options.insert(options.end(), output_options().begin(), output_options().end());
  return options;
}

/// What both commands are asked for.
struct Request {
  std::filesystem::path directory;
  OutputFormat format = OutputFormat::table;
  Duration timeout = 30s;
};

Result<Request> read_request(const CommandLine& line) {
  Request request;
  request.directory =
      std::filesystem::absolute(line.value("dir").value_or("millrace-data")).lexically_normal();
  const auto format = output_format(line);
  if (!format) return tl::unexpected(format.error());
  request.format = *format;
  const auto timeout = parse_duration(line.value("timeout").value_or("30s"));
  if (!timeout) return wrap(timeout.error(), "--timeout");
  request.timeout = *timeout;
  if (!line.words().empty()) {
    return fail(Errc::malformed, fmt::format("unexpected word: {}", line.words().front()));
  }
  return request;
}

// Calls `run` with the request, or explains why there is none.
template <class Run>
ExitCode with_request(std::span<const std::string> arguments, std::string_view name,
                      std::string_view usage, bool with_timeout, Run run) {
  const std::vector<Option> known = all_options(with_timeout);
  const auto line = CommandLine::parse(arguments, known);
  if (line && line->has("help")) {
    print_result(std::string(usage) + describe(known));
    return ExitCode::fine;
  }
  const auto request = line.and_then(read_request);
  if (!request) {
    print_error("usage", request.error().message, fmt::format("millrace {} --help", name));
    return ExitCode::usage;
  }
  return run(*request);
}

std::string age_text(std::int64_t millis) {
  const std::int64_t seconds = millis / 1000;
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7200) return fmt::format("{}min", seconds / 60);
  return seconds < 172'800 ? fmt::format("{}h", seconds / 3600)
                           : fmt::format("{}d", seconds / 86'400);
}

std::int64_t uptime_millis(const HostStatus& host) {
  if (!host.node_alive) return 0;
  return std::max<std::int64_t>(0, wall_clock_now() - host.node->started_at);
}

std::string agent_text(const HostStatus& host) {
  if (!host.agent) return "none";
  return host.agent_alive ? std::to_string(host.agent->process.process_id) : "dead";
}

std::string_view node_state(const HostStatus& host) {
  if (!host.node) return host.problem.empty() ? "none" : "unknown";
  if (host.node_alive) return name_of(host.node->state);
  return host.node->state == NodeState::drained ? "drained" : "dead";
}

Document agent_document(const HostStatus& host) {
  return Document::object()
      .set("pid", host.agent ? Document(host.agent->process.process_id) : Document())
      .set("alive", host.agent_alive);
}

Document node_document(const HostStatus& host) {
  const NodeRecord none;
  const NodeRecord& node = host.node ? *host.node : none;
  const Member& member = node.member;
  return Document::object()
      .set("pid", host.node ? Document(node.process.process_id) : Document())
      .set("alive", host.node_alive)
      .set("state", node_state(host))
      .set("incarnation", member.incarnation.value())
      .set("restarts", node.restart_count)
      .set("uptime_ms", uptime_millis(host))
      .set("client_listeners", member.client_listeners)
      .set("link_listener", member.link_listener)
      .set("http_listener", member.http_listener);
}

std::string_view health_text(ExitCode code) {
  if (code == ExitCode::fine) return "fine";
  return code == ExitCode::partly ? "partly" : "down";
}

ExitCode health_of(const ClusterStatus& status) {
  const bool any_node = std::ranges::any_of(status.hosts, &HostStatus::node_alive);
  if (!any_node) return ExitCode::unhealthy;
  const bool all_hosts = std::ranges::all_of(status.hosts, &HostStatus::is_fine);
  return all_hosts && status.launcher_alive ? ExitCode::fine : ExitCode::partly;
}

/// The console's token is a secret, so no run file has it: it comes as the node got it.
std::string console_token() {
  const char* const token = std::getenv(environment_name(key::http_token.name).c_str());
  return token == nullptr ? std::string() : token;
}

/// In the order of the hosts.
std::vector<NamedMemory> memory_of(const ClusterStatus& status) {
  std::vector<NamedMemory> all;
  const std::string token = console_token();
  for (const HostStatus& host : status.hosts) {
    NodeMemory memory;
    memory.problem = "the node is not there";
    if (host.node_alive) memory = read_node_memory(host.node->member.http_listener, token);
    all.push_back({host.host, std::move(memory)});
  }
  return all;
}

Document status_document(const ClusterStatus& status, const std::vector<NamedMemory>& memory) {
  Document hosts = Document::list();
  for (std::size_t i = 0; i < status.hosts.size(); ++i) {
    const HostStatus& host = status.hosts[i];
    hosts.add(Document::object()
                  .set("host", host.host)
                  .set("fine", host.is_fine())
                  .set("error", host.problem)
                  .set("agent", agent_document(host))
                  .set("node", node_document(host))
                  .set("memory", document_of(memory[i].memory)));
  }
  const auto& launcher = status.launcher;
  return Document::object()
      .set("directory", status.directory.string())
      .set("cluster_id", status.cluster_id)
      .set("health", health_text(health_of(status)))
      .set("launcher",
           Document::object()
               .set("pid", launcher ? Document(launcher->process.process_id) : Document())
               .set("alive", status.launcher_alive))
      .set("hosts", std::move(hosts));
}

std::string status_table(const ClusterStatus& status) {
  std::vector<std::vector<std::string>> rows;
  for (const HostStatus& host : status.hosts) {
    const NodeRecord none;
    const NodeRecord& node = host.node ? *host.node : none;
    rows.push_back({host.host, agent_text(host), std::string(node_state(host)),
                    host.node ? std::to_string(node.process.process_id) : "",
                    to_string(node.member.incarnation), std::to_string(node.restart_count),
                    host.node_alive ? age_text(uptime_millis(host)) : "",
                    first_address(node.member.client_listeners),
                    first_address(node.member.http_listener), host.problem});
  }
  return text_table({"HOST", "AGENT", "NODE", "PID", "INCARNATION", "RESTARTS", "UPTIME", "CLIENT",
                     "HTTP", "ERROR"},
                    rows);
}

ExitCode show_status(const Request& request) {
  const ClusterStatus status = read_cluster_status(request.directory);
  const ExitCode code = health_of(status);
  const std::vector<NamedMemory> memory = memory_of(status);
  if (request.format == OutputFormat::table) {
    const std::string table = memory_table(memory);
    print_result(status_table(status) + (table.empty() ? "" : "\n" + table));
  } else {
    print_result(rendered(status_document(status, memory), request.format));
  }
  if (status.hosts.empty()) {
    print_error("status.no_cluster", "no cluster was started in " + request.directory.string(),
                "millrace up");
  }
  return code;
}

ExitCode end_and_show(const Request& request) {
  const auto ended = end_cluster(request.directory, request.timeout);
  std::vector<std::vector<std::string>> rows;
  Document document = Document::list();
  for (const EndedProcess& process : ended) {
    const std::string how(name_of(process.how));
    rows.push_back({process.kind, process.host, std::to_string(process.process_id), how});
    document.add(Document::object()
                     .set("kind", process.kind)
                     .set("host", process.host)
                     .set("pid", process.process_id)
                     .set("how", how));
  }
  print_result(request.format == OutputFormat::table
                   ? text_table({"KIND", "HOST", "PID", "HOW"}, rows)
                   : rendered(document, request.format));
  const bool some_left = std::ranges::any_of(ended, [](const EndedProcess& process) {
    return process.how == EndedProcess::How::still_lives;
  });
  const bool some_killed = std::ranges::any_of(
      ended, [](const EndedProcess& process) { return process.how == EndedProcess::How::killed; });
  if (some_left) return ExitCode::failed;
  return some_killed ? ExitCode::partly : ExitCode::fine;
}

}  // namespace

ExitCode run_status_command(std::span<const std::string> arguments) {
  return with_request(arguments, "status", status_usage, false, show_status);
}

ExitCode run_down_command(std::span<const std::string> arguments) {
  return with_request(arguments, "down", down_usage, true, end_and_show);
}

}  // namespace millrace
