#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// `60s`, `7d`, `500 ms`. A unit is mandatory: d, h, min, m, s, ms, us, ns, or its long name.
/// Errors: malformed for anything else and for a span beyond 292 years. Source: Fluss durations.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// `1gb`, `16 MB`, `4kb`, `100` in bytes; every unit is a power of 1024. Source: Fluss memory
/// sizes.
[[nodiscard]] Result<std::int64_t> parse_size(std::string_view text);

/// A decimal number, or `max` for the largest one.
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);

/// `true` or `false`, in any case.
[[nodiscard]] Result<bool> parse_boolean(std::string_view text);

/// The parts between commas or semicolons without surrounding blanks; empty parts are left out.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);

/// Without leading and trailing blanks.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// ASCII only.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace millrace
