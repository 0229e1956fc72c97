#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/time.hpp"

namespace millrace {

/// Keys come out in the order in which a page writes them.
using Json = nlohmann::ordered_json;

/// Compact text and a line end. Bytes that are no UTF-8 (an error may quote a client's) are
/// replaced, never thrown on.
[[nodiscard]] std::string text_of(const Json& page);

/// Seconds, the unit of every time in pages and metrics.
[[nodiscard]] double seconds_of(Duration span);

}  // namespace millrace
