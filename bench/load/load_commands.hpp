#pragma once
#include <span>
#include <string>

namespace millrace {

/// `bench append|scan|tail|startup|idle`: loads any server of the public protocol and says what it
/// did. `arguments` start with that word. Returns the exit code: 0 fine, 1 failed, 2 usage, 5 timed
/// out.
[[nodiscard]] int run_load(std::span<const std::string> arguments);

}  // namespace millrace
