#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/cell.hpp"

// Values as Java writes them, where such text became part of a format.

namespace millrace::protocol {

/// "1.5", "1.0E10", "-2.25", "NaN", "-Infinity": the shortest digits that give the value back.
[[nodiscard]] std::string java_text(float value);
[[nodiscard]] std::string java_text(double value);
/// "-12345.67": never an exponent.
[[nodiscard]] std::string java_text(const arrow::BasicDecimal128& unscaled, std::int32_t scale);
/// "2023-11-14T22:13:20.123456": seconds only if not all is zero, then 0, 3, 6 or 9 digits.
[[nodiscard]] std::string java_text(const Timestamp& moment);

/// String.hashCode() of UTF-8 text: over its UTF-16 units. Bytes that are no UTF-8 count as one
/// replacement character each.
[[nodiscard]] std::uint32_t java_hash(std::string_view utf8);

/// A moment, or days, as a date and a time of day, in UTC.
struct CivilTime {
  std::int64_t year = 1970;
  unsigned month = 1;
  unsigned day = 1;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  unsigned nano = 0;  ///< Of the second.
};
[[nodiscard]] CivilTime civil_time_of(const Timestamp& moment);
[[nodiscard]] CivilTime civil_date_of(std::int64_t days);

}  // namespace millrace::protocol
