#pragma once
#include <span>
#include <string>

namespace millrace {

/// `db ...` and `table ...`: works on any server of the public protocol. `arguments` start with the
/// word db or table. Returns the exit code: 0 fine, 1 failed, 2 usage, 5 timed out.
[[nodiscard]] int run_cli(std::span<const std::string> arguments);

}  // namespace millrace
