#pragma once
#include <string>
#include <string_view>

namespace millrace {

/// A word in double quotes, escaped for JSON. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace millrace
