#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/table_descriptor.hpp"
#include "protocol/time_zone.hpp"

// The values that automatic partitions are named after: a piece of time as text, "20241130".

namespace millrace::protocol {

/// Source: Fluss table.auto-partition.time-unit, in the order of its choices.
enum class TimeUnit : std::uint8_t { year, quarter, month, day, hour };

/// How a unit is written: the fields of the unit in order, year first, each of fixed width, with
/// anything that is not a letter between them. So texts compare as the times do, as long as years
/// have four digits.
class TimeFormat {
 public:
  /// "yyyyMMdd" for a day, and so on. Source: Fluss auto partition.
  [[nodiscard]] static TimeFormat of(TimeUnit unit);
  /// A pattern of Java's DateTimeFormatter, quoted literals included. Errors: malformed, and for
  /// one whose texts could not name a partition.
  [[nodiscard]] static Result<TimeFormat> parse(TimeUnit unit, std::string_view pattern);

  [[nodiscard]] TimeUnit unit() const { return unit_; }
  /// The unit in which `at` lies.
  [[nodiscard]] std::string text(TimeZone::LocalTime at) const;
  /// Whether text() of some time gives this.
  [[nodiscard]] bool matches(std::string_view text) const;

  friend bool operator==(const TimeFormat&, const TimeFormat&) = default;

 private:
  TimeFormat(TimeUnit unit, std::string pattern) : unit_(unit), pattern_(std::move(pattern)) {}

  TimeUnit unit_;
  std::string pattern_;  // Fields as letters: y, Q, M, d, H; a literal after a quote each.
};

/// The text of the unit that lies `offset` units after the one of `now`: quarters are three months,
/// hours pass as clocks in the zone tick, the others as its calendar has them.
[[nodiscard]] std::string partition_time(const TimeFormat& format, const TimeZone& zone,
                                         EpochMillis now, std::int32_t offset);

/// What a table's options say about automatic partitions.
struct AutoPartition {
  bool enabled = false;
  std::size_t key = 0;  ///< Which of the partition keys is the time.
  TimeFormat format;
  TimeZone zone;
  std::int32_t precreate = 2;
  std::int32_t retention = 7;  ///< Negative: all are kept.
};

/// Nothing if times mean nothing to `table`: it is not partitioned, or neither is enabled nor has a
/// format. Errors: what breaks the rules of creation, as clients are told.
[[nodiscard]] Outcome<std::optional<AutoPartition>> auto_partition_of(
    const TableDescriptor& table, const std::string& default_zone);

}  // namespace millrace::protocol
