// millrace-node: the larger of the two programs. It links everything; `millrace` runs it.
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "apps/cli/cli.hpp"
#include "apps/config/output.hpp"
#include "apps/demo/demo.hpp"
#include "apps/node/node_process.hpp"
#include "bench/load/load_commands.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments.front();
  millrace::print_errors_as_asked(arguments);
  if (command == "node") {
    return static_cast<int>(millrace::run_node(std::span(arguments).subspan(1), MILLRACE_VERSION));
  }
  if (command == "db" || command == "table" || command == "acl")
    return millrace::run_cli(arguments);
  if (command == "bench") return millrace::run_load(arguments);
  if (command == "demo") return millrace::run_demo(arguments);
  std::fprintf(stderr,
               "usage: millrace-node node|db|table|acl|demo|bench ...; see `millrace help`\n");
  return 2;
}
