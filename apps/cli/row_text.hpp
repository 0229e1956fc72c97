#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::cli {

enum class RowFormat : std::uint8_t { table, csv, ndjson };

/// Errors: malformed.
[[nodiscard]] Result<RowFormat> parse_row_format(std::string_view text);

/// A value as text: dates and times as ISO 8601 (with a Z for TIMESTAMP_LTZ), bytes in hex, nested
/// values as JSON, a map as a list of its entries. Null is the empty text.
[[nodiscard]] std::string cell_text(const arrow::Array& column, std::int64_t row,
                                    const protocol::DataType& type);

/// Writes rows in one of the formats. A table is aligned by its first rows, so those are held back
/// until there are enough of them or flush() is called.
class RowPrinter {
 public:
  using Write = std::function<void(std::string_view)>;

  /// `columns` are those of the rows, in their order.
  RowPrinter(RowFormat format, std::vector<protocol::Column> columns, Write write);

  void add(const arrow::RecordBatch& rows);
  /// Writes what is held back.
  void flush();

 private:
  void add_table_row(const arrow::RecordBatch& rows, std::int64_t row);
  void add_csv_row(const arrow::RecordBatch& rows, std::int64_t row, std::string& out) const;
  void add_json_row(const arrow::RecordBatch& rows, std::int64_t row, std::string& out) const;

  const RowFormat format_;
  const std::vector<protocol::Column> columns_;
  const Write write_;
  bool has_header_ = false;
  std::vector<std::size_t> widths_;  // Of a table whose header is out.
  std::vector<std::vector<std::string>> held_back_;
};

}  // namespace millrace::cli
