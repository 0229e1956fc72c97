#pragma once
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"
#include "protocol/table_descriptor.hpp"

// Rows of either format.

namespace millrace::protocol {

/// The ROW type of whole rows of `schema`. Names and descriptions are left out.
[[nodiscard]] DataType row_type_of(const Schema& schema);

/// Appends a row. Requires one fitting cell per field. Errors: as append_indexed_row().
[[nodiscard]] Status append_row(RowFormat format, const DataType& row, std::span<const Cell> cells,
                                std::vector<std::byte>& out);

/// Cuts a row into one cell per field, without looking into nested values. Errors: malformed.
[[nodiscard]] Status read_row(RowFormat format, const DataType& row, Bytes bytes, Cells& cells);

/// Whether a reader finds every value of a row, nested ones included, within its bytes, no null
/// where there must be none, and in its arrays no more elements than the row has bytes. Values are
/// not looked at. `scratch` is for reuse from row to row. Errors: malformed.
[[nodiscard]] Status check_row(RowFormat format, const DataType& row, Bytes bytes, Cells& scratch);

}  // namespace millrace::protocol
