#pragma once
#include <span>
#include <string>

namespace millrace {

/// `db ...`, `table ...` and `acl ...`: works on any server of the public protocol. `arguments`
/// start with that word. Returns the exit code: 0 fine, 1 failed, 2 usage, 5 timed out.
[[nodiscard]] int run_cli(std::span<const std::string> arguments);

}  // namespace millrace
