#include "protocol/time_units.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

namespace millrace::protocol {
namespace {

constexpr std::int64_t millis_per_second = 1000;
constexpr std::int64_t millis_per_day = std::int64_t{24} * 60 * 60 * millis_per_second;
constexpr std::int32_t nanos_per_milli = 1'000'000;

/// How many of `unit` are a millisecond; for seconds, 1: they are longer.
std::int64_t per_milli(arrow::TimeUnit::type unit) {
  if (unit == arrow::TimeUnit::MICRO) return 1000;
  return unit == arrow::TimeUnit::NANO ? nanos_per_milli : 1;
}

tl::unexpected<Error> no_time_of_day(std::int64_t value) {
  return fail(Errc::malformed, fmt::format("not a time of day in whole milliseconds: {}", value));
}

tl::unexpected<Error> out_of_range(std::int64_t value) {
  return fail(Errc::malformed, fmt::format("moment is out of range: {}", value));
}

bool is_within_a_day(std::int64_t millis) { return millis >= 0 && millis < millis_per_day; }

}  // namespace

Result<std::int64_t> time_of_day(std::int64_t value, arrow::TimeUnit::type unit) {
  std::int64_t millis = 0;
  if (unit == arrow::TimeUnit::SECOND) {
    if (__builtin_mul_overflow(value, millis_per_second, &millis)) return no_time_of_day(value);
  } else {
    if (value % per_milli(unit) != 0) return no_time_of_day(value);
    millis = value / per_milli(unit);
  }
  if (!is_within_a_day(millis)) return no_time_of_day(value);
  return millis;
}

Result<std::int64_t> from_time_of_day(std::int64_t millis, arrow::TimeUnit::type unit) {
  if (!is_within_a_day(millis)) return no_time_of_day(millis);
  return unit == arrow::TimeUnit::SECOND ? millis / millis_per_second : millis * per_milli(unit);
}

Result<Timestamp> to_moment(std::int64_t value, arrow::TimeUnit::type unit) {
  Timestamp moment{value, 0};
  if (unit == arrow::TimeUnit::SECOND) {
    if (__builtin_mul_overflow(value, millis_per_second, &moment.millis))
      return out_of_range(value);
    return moment;
  }
  const std::int64_t parts = per_milli(unit);
  moment.millis = value / parts;
  std::int64_t rest = value % parts;
  if (rest < 0) {  // Before 1970: what is below the millisecond still counts forward.
    rest += parts;
    --moment.millis;
  }
  moment.nanos = static_cast<std::int32_t>(rest * (nanos_per_milli / parts));
  return moment;
}

Result<std::int64_t> from_moment(const Timestamp& moment, arrow::TimeUnit::type unit) {
  // Readers of Fluss's Arrow batches hand on negative parts for moments before 1970.
  if (moment.nanos <= -nanos_per_milli || moment.nanos >= nanos_per_milli)
    return out_of_range(moment.nanos);
  if (unit == arrow::TimeUnit::SECOND) return moment.millis / millis_per_second;
  const std::int64_t parts = per_milli(unit);
  std::int64_t value = 0;
  if (__builtin_mul_overflow(moment.millis, parts, &value) ||
      __builtin_add_overflow(value, moment.nanos / (nanos_per_milli / parts), &value))
    return out_of_range(moment.millis);
  return value;
}

}  // namespace millrace::protocol
