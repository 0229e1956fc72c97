#include "protocol/row_codec.hpp"

#include <fmt/format.h>

#include "protocol/binary_array.hpp"
#include "protocol/compacted_row.hpp"
#include "protocol/indexed_row.hpp"

namespace millrace::protocol {
namespace {

/// How many elements of arrays a row may have: each has a slot of a byte or more to itself. Without
/// this, arrays of arrays that share their bytes would take steps without end to visit.
using Room = std::size_t;

Status check_value(RowFormat format, const DataType& type, const Cell& cell, Room& room);

Status check_row(RowFormat format, const DataType& row, Bytes bytes, Cells& scratch, Room& room) {
  if (auto read = read_row(format, row, bytes, scratch); !read) return read;
  for (std::size_t i = 0; i < scratch.size(); ++i) {
    if (is_null(scratch[i]) || !is_nested(row.children[i].type.root)) continue;
    auto fine = check_value(format, row.children[i].type, scratch[i], room);
    if (!fine) return fine;
  }
  return {};
}

/// Gives the number of elements.
Result<std::size_t> check_array(RowFormat format, const DataType& element, bool nullable,
                                Bytes bytes, Room& room) {
  auto array = ArrayView::open(element, bytes);
  if (!array) return tl::unexpected(array.error());
  if (array->size() > room) return fail(Errc::malformed, "arrays of a row overlap");
  room -= array->size();
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto cell = array->at(i);
    if (!cell) return tl::unexpected(cell.error());
    if (is_null(*cell)) {
      if (!nullable) return fail(Errc::malformed, "array has a null where there must be none");
      continue;
    }
    auto fine = check_value(format, element, *cell, room);
    if (!fine) return tl::unexpected(fine.error());
  }
  return array->size();
}

Status check_map(RowFormat format, const DataType& map, Bytes bytes, Room& room) {
  auto parts = split_map(bytes);
  if (!parts) return tl::unexpected(parts.error());
  auto keys = check_array(format, map.children[0].type, false, parts->keys, room);
  if (!keys) return tl::unexpected(keys.error());
  const DataType& value = map.children[1].type;
  auto values = check_array(format, value, value.nullable, parts->values, room);
  if (!values) return tl::unexpected(values.error());
  if (*keys != *values)
    return fail(Errc::malformed, fmt::format("map has {} keys but {} values", *keys, *values));
  return {};
}

/// Requires a cell that is not null. Recursion ends with the depth of types, which is bounded.
Status check_value(RowFormat format, const DataType& type, const Cell& cell, Room& room) {
  switch (type.root) {
    case TypeRoot::array: {
      const DataType& element = type.children[0].type;
      const auto size = check_array(format, element, element.nullable, std::get<Bytes>(cell), room);
      return size ? Status() : tl::unexpected(size.error());
    }
    case TypeRoot::map:
      return check_map(format, type, std::get<Bytes>(cell), room);
    case TypeRoot::row: {
      Cells nested;
      return check_row(format, type, std::get<Bytes>(cell), nested, room);
    }
    default:
      return {};
  }
}

}  // namespace

DataType row_type_of(const Schema& schema) {
  DataType row;
  row.root = TypeRoot::row;
  row.nullable = false;
  row.children.reserve(schema.columns.size());
  for (const Column& column : schema.columns) row.children.push_back({{}, column.type, {}, -1});
  return row;
}

Status append_row(RowFormat format, const DataType& row, std::span<const Cell> cells,
                  std::vector<std::byte>& out) {
  if (format == RowFormat::indexed) return append_indexed_row(row, cells, out);
  append_compacted_row(row, cells, out);
  return {};
}

Status read_row(RowFormat format, const DataType& row, Bytes bytes, Cells& cells) {
  return format == RowFormat::indexed ? read_indexed_row(row, bytes, cells)
                                      : read_compacted_row(row, bytes, cells);
}

Status check_row(RowFormat format, const DataType& row, Bytes bytes, Cells& scratch) {
  Room room = bytes.size();
  return check_row(format, row, bytes, scratch, room);
}

}  // namespace millrace::protocol
