#pragma once
#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"

// Values of Arrow arrays as cells, and back. Arrays are of the type that to_arrow() gives.

namespace millrace::protocol {

/// Takes values out of arrays. Cells borrow from the array, those of nested types from this object.
class CellSource {
 public:
  explicit CellSource(RowFormat format) : format_(format) {}

  /// Requires index < array.length(). Errors: malformed (a null in a NOT NULL type, a time of day
  /// with digits below the millisecond, a moment that 64 bits of milliseconds do not reach),
  /// overloaded (a nested value larger than a batch can be).
  [[nodiscard]] Result<Cell> cell(const DataType& type, const arrow::Array& array,
                                  std::int64_t index);

  /// Ends the life of the cells of nested types.
  void clear() { nested_.clear(); }

 private:
  [[nodiscard]] Result<Cell> value(const DataType& type, const arrow::Array& array,
                                   std::int64_t index);
  [[nodiscard]] Status append_nested(const DataType& type, const arrow::Array& array,
                                     std::int64_t index, std::vector<std::byte>& out);
  [[nodiscard]] Status append_elements(const DataType& element, const arrow::Array& values,
                                       std::int64_t first, std::int64_t count,
                                       std::vector<std::byte>& out);

  const RowFormat format_;
  std::deque<std::vector<std::byte>> nested_;
};

/// Puts cells into array builders.
class CellSink {
 public:
  explicit CellSink(RowFormat format) : format_(format) {}

  /// Requires a builder of to_arrow(type), and a cell that was read as `type`. Errors: malformed (a
  /// nested value that is not one, a null map key, a moment out of the range of its Arrow type),
  /// overloaded (more than decompressed_size_max bytes in all, or than an array can hold).
  [[nodiscard]] Status append(const DataType& type, const Cell& cell, arrow::ArrayBuilder& builder);

 private:
  [[nodiscard]] Status append_value(const DataType& type, const Cell& cell,
                                    arrow::ArrayBuilder& builder);
  [[nodiscard]] Status append_null(const DataType& type, arrow::ArrayBuilder& builder);
  [[nodiscard]] Result<std::size_t> append_elements(const DataType& element, Bytes bytes,
                                                    bool nullable, arrow::ArrayBuilder& builder);
  [[nodiscard]] Status append_array(const DataType& type, Bytes bytes,
                                    arrow::ArrayBuilder& builder);
  [[nodiscard]] Status append_map(const DataType& type, Bytes bytes, arrow::ArrayBuilder& builder);
  [[nodiscard]] Status append_struct(const DataType& type, Bytes bytes,
                                     arrow::ArrayBuilder& builder);
  [[nodiscard]] Status count(const DataType& type, const Cell& cell);

  const RowFormat format_;
  std::size_t size_ = 0;  // About what the builders hold, in bytes.
};

}  // namespace millrace::protocol
