#include "protocol/partition_value.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/java_text.hpp"

namespace millrace::protocol {
namespace {

/// A point is no letter that a name may have.
std::string float_text(std::string text) {
  std::ranges::replace(text, '.', '_');
  if (text.ends_with("Infinity")) text.resize(text.size() - std::string_view("inity").size());
  return text;
}

std::string hex_text(Bytes bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string date_text(const CivilTime& date) {
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string time_text(std::int64_t millis) {
  return fmt::format("{:02}-{:02}-{:02}_{:03}", millis / 3'600'000, millis / 60'000 % 60,
                     millis / 1000 % 60, millis % 1000);
}

std::string moment_text(const Timestamp& moment) {
  const CivilTime time = civil_time_of(moment);
  std::string fraction = fmt::format("{:09}", time.nano);
  fraction.resize(fraction.find_last_not_of('0') + 1);
  return fmt::format("{}-{:02}-{:02}-{:02}_{}", date_text(time), time.hour, time.minute,
                     time.second, fraction);
}

}  // namespace

Result<std::string> partition_value_of(const DataType& type, const Cell& cell) {
  if (is_null(cell)) return fail(Errc::malformed, "null in a partition key");
  switch (type.root) {
    case TypeRoot::boolean:
      return std::get<std::int64_t>(cell) != 0 ? "true" : "false";
    case TypeRoot::tinyint:
    case TypeRoot::smallint:
    case TypeRoot::integer:
    case TypeRoot::bigint:
      return std::to_string(std::get<std::int64_t>(cell));
    case TypeRoot::float32:
      return float_text(java_text(std::get<float>(cell)));
    case TypeRoot::float64:
      return float_text(java_text(std::get<double>(cell)));
    case TypeRoot::character:
    case TypeRoot::string:
      return std::string(text_of(std::get<Bytes>(cell)));
    case TypeRoot::binary:
    case TypeRoot::bytes:
      return hex_text(std::get<Bytes>(cell));
    case TypeRoot::date:
      return date_text(civil_date_of(std::get<std::int64_t>(cell)));
    case TypeRoot::time:
      return time_text(std::get<std::int64_t>(cell));
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      return moment_text(std::get<Timestamp>(cell));
    default:
      return fail(Errc::malformed, "type cannot be a partition key: " + to_string(type));
  }
}

}  // namespace millrace::protocol
