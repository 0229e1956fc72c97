#pragma once
#include <string>

#include "apps/config/listener.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// The body of a page of a node's console. Blocks for at most `time_max`, whatever the node does.
/// Errors: unavailable (nobody there, no answer in time, or no page).
[[nodiscard]] Result<std::string> read_console_page(const Listener& console,
                                                    const std::string& path,
                                                    const std::string& token, Duration time_max);

}  // namespace millrace
