#include "apps/config/value_text.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace millrace {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t microsecond = 1'000;
constexpr std::int64_t millisecond = 1'000 * microsecond;
constexpr std::int64_t second = 1'000 * millisecond;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

constexpr std::array time_units = {
    Unit{"d", day},
    Unit{"day", day},
    Unit{"days", day},
    Unit{"h", hour},
    Unit{"hour", hour},
    Unit{"hours", hour},
    Unit{"min", minute},
    Unit{"m", minute},
    Unit{"minute", minute},
    Unit{"minutes", minute},
    Unit{"s", second},
    Unit{"sec", second},
    Unit{"secs", second},
    Unit{"second", second},
    Unit{"seconds", second},
    Unit{"ms", millisecond},
    Unit{"milli", millisecond},
    Unit{"millis", millisecond},
    Unit{"millisecond", millisecond},
    Unit{"milliseconds", millisecond},
    Unit{"us", microsecond},
    Unit{"micro", microsecond},
    Unit{"micros", microsecond},
    Unit{"microsecond", microsecond},
    Unit{"microseconds", microsecond},
    Unit{"ns", 1},
    Unit{"nano", 1},
    Unit{"nanos", 1},
    Unit{"nanosecond", 1},
    Unit{"nanoseconds", 1},
};

constexpr std::int64_t kibi = 1024;
constexpr std::array size_units = {
    Unit{"", 1},
    Unit{"b", 1},
    Unit{"bytes", 1},
    Unit{"k", kibi},
    Unit{"kb", kibi},
    Unit{"kibibytes", kibi},
    Unit{"m", kibi* kibi},
    Unit{"mb", kibi* kibi},
    Unit{"mebibytes", kibi* kibi},
    Unit{"g", kibi* kibi* kibi},
    Unit{"gb", kibi* kibi* kibi},
    Unit{"gibibytes", kibi* kibi* kibi},
    Unit{"t", kibi* kibi* kibi* kibi},
    Unit{"tb", kibi* kibi* kibi* kibi},
    Unit{"tebibytes", kibi* kibi* kibi* kibi},
};

// A count and a unit. The count is not negative: no duration or size of the configuration is.
Result<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                    std::string_view example) {
  text = trimmed(text);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::result_out_of_range) return fail(Errc::malformed, "number is too large");
  if (error != std::errc{} || count < 0) {
    return fail(Errc::malformed, fmt::format("expected a number and a unit, as in {}", example));
  }
  const std::string name =
      lower_case(trimmed(text.substr(static_cast<std::size_t>(end - text.data()))));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (count > std::numeric_limits<std::int64_t>::max() / unit.factor) {
      return fail(Errc::malformed, "quantity is too large");
    }
    return count * unit.factor;
  }
  if (name.empty()) {
    return fail(Errc::malformed, fmt::format("a unit is missing, as in {}", example));
  }
  return fail(Errc::malformed, fmt::format("unknown unit, expected one as in {}", example));
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

Result<Duration> parse_duration(std::string_view text) {
  const auto nanoseconds = parse_quantity(text, time_units, "60s or 7d");
  if (!nanoseconds) return tl::unexpected(nanoseconds.error());
  return Duration(*nanoseconds);
}

Result<std::int64_t> parse_size(std::string_view text) {
  return parse_quantity(text, size_units, "16mb or 1gb");
}

Result<std::int64_t> parse_integer(std::string_view text) {
  text = trimmed(text);
  if (lower_case(text) == "max") return std::numeric_limits<std::int64_t>::max();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return fail(Errc::malformed, "number is too large");
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(Errc::malformed, "expected a whole number");
  }
  return value;
}

Result<bool> parse_boolean(std::string_view text) {
  const std::string lower = lower_case(trimmed(text));
  if (lower == "true") return true;
  if (lower == "false") return false;
  return fail(Errc::malformed, "expected true or false");
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = text.find_first_of(",;");
    const std::string_view part = trimmed(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return parts;
}

}  // namespace millrace
