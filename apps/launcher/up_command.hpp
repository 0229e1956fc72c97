#pragma once
#include <span>
#include <string>

#include "apps/config/command_line.hpp"

namespace millrace {

/// `millrace up`: starts a cluster on this machine and stays with it.
[[nodiscard]] ExitCode run_up_command(std::span<const std::string> arguments);

}  // namespace millrace
