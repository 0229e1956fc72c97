#pragma once
#include <span>
#include <string>

namespace millrace {

/// `demo ...`: three virtual hosts, a real data set through them, and nothing left afterwards.
/// `arguments` start with the word demo. Returns the exit code: 0 fine, 1 failed or interrupted,
/// 2 usage. Requires a process without threads.
[[nodiscard]] int run_demo(std::span<const std::string> arguments);

}  // namespace millrace
