#include "protocol/time_zone.hpp"

#include <date/tz.h>

#include <charconv>
#include <exception>
#include <optional>
#include <utility>

namespace millrace::protocol {

struct TimeZone::Rules {
  const date::time_zone* region = nullptr;  // Lives as long as the process.
  std::chrono::minutes offset{};            // Where there is no region.
};

namespace {

using std::chrono::minutes;

constexpr int hours_max = 18;  // Java's ZoneOffset goes no further.

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// "+8", "-03", "+0830", "+08:30".
std::optional<minutes> offset_of(std::string_view text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return {};
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) return {};
  std::string_view rest;
  if (text.size() == 5 && text[2] == ':') {
    rest = text.substr(3);
    text = text.substr(0, 2);
  } else if (text.size() == 4) {
    rest = text.substr(2);
    text = text.substr(0, 2);
  } else if (text.size() > 2) {
    return {};
  }
  const auto hour = number(text);
  const auto minute = rest.empty() ? std::optional<int>(0) : number(rest);
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return {};
  if (*hour * 60 + *minute > hours_max * 60) return {};
  return minutes{sign * (*hour * 60 + *minute)};
}

std::optional<minutes> fixed_offset_of(std::string_view name) {
  if (name == "Z") return minutes{0};
  for (const std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (!name.starts_with(prefix)) continue;
    if (name.size() == prefix.size()) return minutes{0};
    return offset_of(name.substr(prefix.size()));
  }
  return offset_of(name);
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (const auto offset = fixed_offset_of(name)) {
    return TimeZone(std::make_shared<const Rules>(Rules{nullptr, *offset}));
  }
  try {
    return TimeZone(std::make_shared<const Rules>(Rules{date::locate_zone(name), {}}));
  } catch (const std::exception&) {
    return fail(Errc::malformed, "unknown time zone: " + std::string(name));
  }
}

std::string TimeZone::system_name() {
  try {
    return date::current_zone()->name();
  } catch (const std::exception&) {
    return "UTC";
  }
}

TimeZone::LocalTime TimeZone::local(EpochMillis at) const {
  const std::chrono::milliseconds since_epoch{at};
  if (rules_->region == nullptr) return LocalTime{since_epoch + rules_->offset};
  const date::sys_time<std::chrono::milliseconds> instant{since_epoch};
  return LocalTime{rules_->region->to_local(instant).time_since_epoch()};
}

}  // namespace millrace::protocol
