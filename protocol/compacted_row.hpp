#pragma once
#include <span>
#include <vector>

#include "base/result.hpp"
#include "protocol/cell.hpp"
#include "protocol/cell_coding.hpp"

// Null bits, then the fields that are not null, each as short as it gets. Nothing says where a
// field starts, so a row is read from its front. Source: Fluss CompactedRow.

namespace millrace::protocol {

/// Appends one field. Requires a cell that fits `type` and is not null.
void append_compacted_field(const DataType& type, const Cell& cell, std::vector<std::byte>& out);
/// The next field of `reader`, which fails if it is not there.
[[nodiscard]] Cell read_compacted_field(const DataType& type, ByteReader& reader);

/// Appends a row. Requires a ROW type and one fitting cell per field.
void append_compacted_row(const DataType& row, std::span<const Cell> cells,
                          std::vector<std::byte>& out);

/// Cuts `bytes`, all of them, into one cell per field. Nested values are not looked into, and a
/// NOT NULL field is read whatever its null bit says. Errors: malformed.
[[nodiscard]] Status read_compacted_row(const DataType& row, Bytes bytes, Cells& cells);

}  // namespace millrace::protocol
