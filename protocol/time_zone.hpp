#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace::protocol {

/// What clocks and calendars of one region show. Regions come from the system's time zone data.
class TimeZone {
 public:
  using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

  /// "Asia/Shanghai", "Z", "+08:00", "UTC+8", "GMT-03:30": what Java's ZoneId reads. Errors:
  /// malformed.
  [[nodiscard]] static Result<TimeZone> find(std::string_view name);
  /// The name of the zone that this machine is set to; "UTC" if it says nothing.
  [[nodiscard]] static std::string system_name();

  [[nodiscard]] LocalTime local(EpochMillis at) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  std::shared_ptr<const Rules> rules_;
};

}  // namespace millrace::protocol
