#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/buffer.hpp"
#include "protocol/data_type.hpp"

namespace millrace::protocol {

/// A value of a column in a form in which the order of its fields is the order of the values:
/// numbers, dates and times by `high`, timestamps by milliseconds and nanoseconds, decimals by the
/// halves of their unscaled value, text by `text`. Values of different types have no order.
struct ComparableValue {
  std::int64_t high = 0;
  std::uint64_t low = 0;
  std::string text = {};
  friend auto operator<=>(const ComparableValue&, const ComparableValue&) = default;
};

[[nodiscard]] ComparableValue comparable(std::int64_t value);
/// Zeros of both signs are one value; NaN is above everything. FLOAT values are given as double.
[[nodiscard]] ComparableValue comparable(double value);
[[nodiscard]] bool is_nan(const ComparableValue& value);
/// A decimal's unscaled value, big-endian two's complement. Nothing: longer than 128 bits, or
/// empty.
[[nodiscard]] std::optional<ComparableValue> comparable_decimal(Bytes unscaled);
[[nodiscard]] ComparableValue comparable_decimal(std::int64_t unscaled);

}  // namespace millrace::protocol
