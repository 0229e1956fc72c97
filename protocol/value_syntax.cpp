// The syntax of option values: durations, sizes, booleans. Source: Fluss table options.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <utility>

#include "protocol/table_options.hpp"

namespace millrace::protocol {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

struct Amount {
  std::uint64_t number = 0;
  std::string unit;  ///< In lower case, maybe empty.
};

std::optional<Amount> parse_amount(std::string_view text) {
  const std::string_view whole = trimmed(text);
  Amount amount;
  const auto [end, error] =
      std::from_chars(whole.data(), whole.data() + whole.size(), amount.number);
  if (error != std::errc()) return std::nullopt;
  const auto digits = static_cast<std::size_t>(end - whole.data());
  amount.unit = lower(trimmed(whole.substr(digits)));
  return amount;
}

struct DurationUnit {
  std::string_view name;
  Duration one;
};

constexpr auto duration_units = std::to_array<DurationUnit>({
    {"d", 24h},
    {"day", 24h},
    {"days", 24h},
    {"h", 1h},
    {"hour", 1h},
    {"hours", 1h},
    {"min", 1min},
    {"m", 1min},
    {"minute", 1min},
    {"minutes", 1min},
    {"s", 1s},
    {"sec", 1s},
    {"secs", 1s},
    {"second", 1s},
    {"seconds", 1s},
    {"ms", 1ms},
    {"milli", 1ms},
    {"millis", 1ms},
    {"millisecond", 1ms},
    {"milliseconds", 1ms},
    {"us", 1us},
    {"micro", 1us},
    {"micros", 1us},
    {"microsecond", 1us},
    {"microseconds", 1us},
    {"ns", 1ns},
    {"nano", 1ns},
    {"nanos", 1ns},
    {"nanosecond", 1ns},
    {"nanoseconds", 1ns},
});

struct SizeUnit {
  std::string_view name;
  unsigned shift;
};

constexpr auto size_units = std::to_array<SizeUnit>({
    {"", 0},
    {"b", 0},
    {"bytes", 0},
    {"k", 10},
    {"kb", 10},
    {"kibibytes", 10},
    {"m", 20},
    {"mb", 20},
    {"mebibytes", 20},
    {"g", 30},
    {"gb", 30},
    {"gibibytes", 30},
    {"t", 40},
    {"tb", 40},
    {"tebibytes", 40},
});

tl::unexpected<Error> malformed(std::string_view what, std::string_view text) {
  return fail(Errc::malformed, std::string(what) + ": " + wire_text(text));
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto amount = parse_amount(text);
  if (!amount) return malformed("duration must start with a whole number", text);
  const auto unit = std::find_if(duration_units.begin(), duration_units.end(),
                                 [&](const DurationUnit& u) { return u.name == amount->unit; });
  if (unit == duration_units.end())
    return malformed("duration needs a unit such as d, h, min, s or ms", text);
  const auto most = static_cast<std::uint64_t>(Duration::max() / unit->one);
  if (amount->number > most) return Duration::max();
  return unit->one * static_cast<Duration::rep>(amount->number);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto amount = parse_amount(text);
  if (!amount) return malformed("size must start with a whole number", text);
  const auto unit = std::find_if(size_units.begin(), size_units.end(),
                                 [&](const SizeUnit& u) { return u.name == amount->unit; });
  if (unit == size_units.end()) return malformed("size has an unknown unit", text);
  if (amount->number > std::numeric_limits<std::uint64_t>::max() >> unit->shift)
    return malformed("size is too large", text);
  return amount->number << unit->shift;
}

Result<bool> parse_bool(std::string_view text) {
  const std::string value = lower(text);
  if (value == "true") return true;
  if (value == "false") return false;
  return malformed("not true or false", text);
}

}  // namespace millrace::protocol
