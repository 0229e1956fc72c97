#pragma once
#include <span>
#include <string>

#include "apps/config/command_line.hpp"

namespace millrace {

/// `millrace-node node ...`: runs one node until it is told to stop. SIGTERM or SIGINT drains, a
/// second one ends at once. Reports to the host agent that started it, if one did.
[[nodiscard]] ExitCode run_node(std::span<const std::string> arguments, std::string version);

}  // namespace millrace
