#pragma once
#include <span>
#include <string>

#include "apps/config/command_line.hpp"

namespace millrace {

/// `millrace down`: ends every process of a cluster, nodes drained first. Fails when one still
/// lives.
[[nodiscard]] ExitCode run_down_command(std::span<const std::string> arguments);

/// `millrace status`: what of a cluster lives. Exits with `unhealthy` when nothing does, with
/// `partly` when something does not.
[[nodiscard]] ExitCode run_status_command(std::span<const std::string> arguments);

}  // namespace millrace
