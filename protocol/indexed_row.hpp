#pragma once
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"

// Null bits, the lengths of the fields of variable length, then the fields that are not null. The
// list of lengths has a place for each such column, but is filled without gaps: a null takes none.
// Source: Fluss IndexedRow.

namespace millrace::protocol {

/// Appends a row. Requires a ROW type and one fitting cell per field. Errors: malformed (a text
/// longer than its CHAR), overloaded (larger than a batch can be).
[[nodiscard]] Status append_indexed_row(const DataType& row, std::span<const Cell> cells,
                                        std::vector<std::byte>& out);

/// Cuts `bytes`, all of them, into one cell per field. Nested values are not looked into. The zeros
/// that fill up a CHAR are left out. Errors: malformed.
[[nodiscard]] Status read_indexed_row(const DataType& row, Bytes bytes, Cells& cells);

}  // namespace millrace::protocol
