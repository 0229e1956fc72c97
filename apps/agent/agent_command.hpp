#pragma once
#include <span>
#include <string>

#include "apps/config/command_line.hpp"

namespace millrace {

/// `millrace agent`: runs the agent of one host until its node has drained.
[[nodiscard]] ExitCode run_agent_command(std::span<const std::string> arguments);

/// The node program that stands beside this one.
[[nodiscard]] std::filesystem::path default_node_program();

}  // namespace millrace
