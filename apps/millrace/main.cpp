// `millrace`: the small program that people type. It starts and ends clusters, supervises nodes and
// reads configurations; everything that needs more than that is in `millrace-node`, which it
// becomes.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

#include "apps/agent/agent_command.hpp"
#include "apps/config/config_command.hpp"
#include "apps/config/nearest_name.hpp"
#include "apps/config/output.hpp"
#include "apps/launcher/status_and_down.hpp"
#include "apps/launcher/up_command.hpp"

namespace millrace {
namespace {

using Arguments = std::span<const std::string>;

struct Command {
  std::string_view name;
  std::string_view meaning;
  std::function<ExitCode(Arguments)> run;  ///< Empty: millrace-node does it.
};

const std::array<Command, 11>& commands() {
  static const std::array<Command, 11> all = {{
      {"up", "start a cluster on this machine", run_up_command},
      {"down", "end it", run_down_command},
      {"status", "what of it lives", run_status_command},
      {"config", "show or check a configuration", run_config_command},
      {"agent", "supervise the node of one host", run_agent_command},
      {"node", "run one node", nullptr},
      {"db", "list, create and drop databases", nullptr},
      {"table", "create, fill, read and drop tables", nullptr},
      {"acl", "list, give and take permissions", nullptr},
      {"demo", "watch a real data set go through a cluster", nullptr},
      {"bench", "load servers and say what it cost", nullptr},
  }};
  return all;
}

std::string help_text() {
  std::string text = "usage: millrace COMMAND [options]\n";
  for (const Command& command : commands()) {
    text += fmt::format("  {:<10} {}\n", command.name, command.meaning);
  }
  text +=
      "Each takes --help. Exit codes: 0 fine, 1 failed, 2 usage, 3 unhealthy, 4 partly, 5 timed "
      "out.\n";
  return text;
}

// Becomes millrace-node with the same arguments; returns only when it cannot.
ExitCode become_node_program(char** arguments) {
  const std::string program = default_node_program().string();
  ::execv(program.c_str(), arguments);
  print_error("millrace.no_node_program",
              fmt::format("cannot run {}: {}", program, std::strerror(errno)),
              "put millrace-node beside millrace");
  return ExitCode::failed;
}

ExitCode refuse_command(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Command& command : commands()) names.push_back(command.name);
  const std::string_view nearest = nearest_name(name, names);
  print_error("usage", fmt::format("unknown command {}", name),
              nearest.empty() ? "millrace help" : fmt::format("did you mean {}?", nearest));
  return ExitCode::usage;
}

ExitCode run(const std::vector<std::string>& words, char** arguments) {
  if (words.empty()) {
    print_error("usage", "a command is missing", "millrace help");
    return ExitCode::usage;
  }
  const std::string& name = words.front();
  if (name == "help" || name == "--help" || name == "-h") {
    print_result(help_text());
    return ExitCode::fine;
  }
  if (name == "version" || name == "--version") {
    print_result("millrace " MILLRACE_VERSION "\n");
    return ExitCode::fine;
  }
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    if (!command.run) return become_node_program(arguments);
    return command.run(Arguments(words).subspan(1));
  }
  return refuse_command(name);
}

}  // namespace
}  // namespace millrace

int main(int count, char** arguments) {
  try {
    const std::vector<std::string> words(arguments + 1, arguments + std::max(count, 1));
    millrace::print_errors_as_asked(words);
    return static_cast<int>(millrace::run(words, arguments));
  } catch (const std::exception& error) {
    millrace::print_error("millrace.failed", error.what(), "");
    return static_cast<int>(millrace::ExitCode::failed);
  }
}
