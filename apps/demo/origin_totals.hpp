#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace millrace::demo {

/// What one flight adds to the totals. An absent time or delay: the flight never left.
struct Flight {
  std::string_view origin;
  std::string_view destination;
  std::optional<std::int64_t> departure_time;
  std::optional<std::int64_t> delay_minutes;
};

/// The flights of one airport, in whole numbers, so that two ways of counting agree exactly.
struct OriginTotal {
  std::int64_t flights = 0;
  std::int64_t departures = 0;        ///< Flights with a departure time.
  std::int64_t delays = 0;            ///< Flights with a delay, which may be zero or negative.
  std::int64_t minutes_of_delay = 0;  ///< Of these together.
  std::set<std::string, std::less<>> destinations;

  /// Nothing when no flight has a delay.
  [[nodiscard]] std::optional<double> mean_delay_minutes() const;

  friend bool operator==(const OriginTotal&, const OriginTotal&) = default;
};

/// Departures and delays by airport of departure.
class OriginTotals {
 public:
  void add(const Flight& flight);
  /// Adds rows with the columns origin, dest, dep_time and dep_delay. Errors: malformed for a
  /// column that is missing or of another type than text and whole numbers; then nothing is added.
  [[nodiscard]] Status add(const arrow::RecordBatch& rows);

  [[nodiscard]] std::int64_t flights() const;
  /// By airport, in the order of their names.
  [[nodiscard]] const std::map<std::string, OriginTotal, std::less<>>& origins() const {
    return origins_;
  }

 private:
  std::map<std::string, OriginTotal, std::less<>> origins_;
};

/// The first difference in words, or nothing. `one` and `other` are what the two are called.
[[nodiscard]] std::optional<std::string> difference(std::string_view one, const OriginTotals& left,
                                                    std::string_view other,
                                                    const OriginTotals& right);

}  // namespace millrace::demo
