#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>

#include "base/result.hpp"
#include "protocol/cell.hpp"

// Arrow counts time in the unit that a column's precision asks for; rows and keys hold milliseconds
// and what is left below them. Source: Fluss type to Arrow type mapping.

namespace millrace::protocol {

/// A time of day in milliseconds. Errors: malformed (finer than that, or not within a day).
[[nodiscard]] Result<std::int64_t> time_of_day(std::int64_t value, arrow::TimeUnit::type unit);
/// Back again. Errors: malformed (not within a day).
[[nodiscard]] Result<std::int64_t> from_time_of_day(std::int64_t millis,
                                                    arrow::TimeUnit::type unit);

/// Errors: malformed (out of range).
[[nodiscard]] Result<Timestamp> to_moment(std::int64_t value, arrow::TimeUnit::type unit);
/// What is finer than `unit` is cut off, as the Java client does. Errors: malformed (out of range).
[[nodiscard]] Result<std::int64_t> from_moment(const Timestamp& moment, arrow::TimeUnit::type unit);

}  // namespace millrace::protocol
