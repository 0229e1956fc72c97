// millrace-node: the larger of the two programs. It links everything; `millrace` runs it.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "apps/cli/cli.hpp"
#include "apps/demo/demo.hpp"
#include "apps/node/node_process.hpp"

namespace {

void set_up_logging() {
  auto logger = spdlog::stderr_color_mt("millrace");
  logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments.front();
  if (command == "node") {
    set_up_logging();
    return static_cast<int>(millrace::run_node(std::span(arguments).subspan(1), MILLRACE_VERSION));
  }
  if (command == "db" || command == "table") return millrace::run_cli(arguments);
  if (command == "demo") return millrace::run_demo(arguments);
  std::fprintf(stderr, "usage: millrace-node node|db|table|demo ...; see `millrace help`\n");
  return 2;
}
