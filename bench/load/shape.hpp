#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "protocol/table_descriptor.hpp"

// The rows that servers are measured with, the same ones for every driver and every server.

namespace millrace::bench {

enum class Shape : std::uint8_t {
  narrow,  ///< 6 columns, about 100 B: 2 BIGINT, INT, DOUBLE, 2 STRING.
  wide,    ///< 44 columns, about 400 B: 12 BIGINT, 12 INT, 10 DOUBLE, 10 STRING.
};

/// Errors: malformed.
[[nodiscard]] Result<Shape> parse_shape(std::string_view text);
[[nodiscard]] std::string_view name_of(Shape shape);

/// Columns c0, c1, ..
[[nodiscard]] protocol::Schema schema_of(Shape shape);

/// Whether these are the columns of some shape.
[[nodiscard]] bool is_shaped(const protocol::Schema& schema);

/// `count` rows of a fixed seed: c0 counts from 0, c1 is a time that moves every tenth row, the
/// others hold numbers and words of little and of much variety.
[[nodiscard]] std::shared_ptr<arrow::RecordBatch> make_rows(Shape shape, std::int64_t count);

/// What the values of these columns take, eight bytes for a BIGINT, the bytes of a STRING; of all
/// columns if none is named.
[[nodiscard]] std::uint64_t logical_bytes(const arrow::RecordBatch& rows,
                                          const std::vector<int>& columns = {});

/// The positions of `wanted` columns spread evenly over all `count`, c0 among them. Requires
/// 0 < wanted <= count.
[[nodiscard]] std::vector<int> spread_columns(int wanted, int count);

}  // namespace millrace::bench
