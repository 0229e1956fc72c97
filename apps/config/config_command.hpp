#pragma once
#include <span>
#include <string>

#include "apps/config/command_line.hpp"
#include "apps/config/configuration.hpp"

namespace millrace {

/// The configuration that a command line asks for, from its file, this process's environment and
/// its flags. Errors: malformed for flags that cannot be read.
[[nodiscard]] Result<ConfigurationOutcome> configuration_of(const CommandLine& line);

/// `config show` prints every key with its value and where it came from; `config check` prints
/// what is wrong and exits with `usage` when a server would refuse to start.
[[nodiscard]] ExitCode run_config_command(std::span<const std::string> arguments);

}  // namespace millrace
