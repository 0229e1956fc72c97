#pragma once
#include <arrow/util/basic_decimal.h>

#include <cstdint>
#include <variant>
#include <vector>

#include "base/buffer.hpp"
#include "protocol/data_type.hpp"
#include "protocol/row_format.hpp"

// What the row formats, the key encodings and partition names have in common: a row is a list of
// cells. A cell of a nested type is the bytes of that value, encoded as rows of its format encode
// it, so that each format codes one level and none knows about nesting.

namespace millrace::protocol {

/// A moment, since 1970-01-01 (UTC for TIMESTAMP_LTZ).
struct Timestamp {
  std::int64_t millis = 0;
  std::int32_t nanos = 0;  ///< Beyond `millis`: 0..999999.
  friend bool operator==(const Timestamp&, const Timestamp&) = default;
};

/// One value. What stands for what depends on the root of its type:
///   null                              std::monostate
///   BOOLEAN, integers, DATE, TIME     std::int64_t: 0 or 1; the number; days; milliseconds
///   FLOAT, DOUBLE                     float, double
///   DECIMAL                           its unscaled value
///   TIMESTAMP, TIMESTAMP_LTZ          Timestamp
///   CHAR, STRING, BINARY, BYTES       Bytes
///   ARRAY, MAP, ROW                   Bytes, in the format of the row around it
/// Bytes are borrowed from whatever the cell was read from.
using Cell = std::variant<std::monostate, std::int64_t, float, double, arrow::BasicDecimal128,
                          Timestamp, Bytes>;
using Cells = std::vector<Cell>;

[[nodiscard]] inline bool is_null(const Cell& cell) {
  return std::holds_alternative<std::monostate>(cell);
}

}  // namespace millrace::protocol
