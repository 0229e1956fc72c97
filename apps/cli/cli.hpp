#pragma once
#include <span>
#include <string>

#include "apps/cli/command.hpp"

namespace millrace {

/// `db ...`, `table ...` and `acl ...`: works on any server of the public protocol. `arguments`
/// start with that word. Returns the exit code: 0 fine, 1 failed, 2 usage, 5 timed out.
[[nodiscard]] int run_cli(std::span<const std::string> arguments);

namespace cli {

/// The one of `commands` that the first two arguments name, with the options that every command
/// has. Returns its exit code.
[[nodiscard]] int run_commands(std::span<const std::string> arguments,
                               std::span<const Command> commands);

}  // namespace cli

}  // namespace millrace
