#include "protocol/indexed_row.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "protocol/cell_coding.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::protocol {
namespace {

constexpr std::size_t length_size = sizeof(std::int32_t);

bool is_variable(const DataType& type) {
  switch (type.root) {
    case TypeRoot::string:
    case TypeRoot::bytes:
    case TypeRoot::array:
    case TypeRoot::map:
    case TypeRoot::row:
      return true;
    case TypeRoot::decimal:
      return !is_compact(type);
    default:
      return false;
  }
}

std::size_t count_variable(const DataType& row) {
  return static_cast<std::size_t>(std::ranges::count_if(
      row.children, [](const Field& field) { return is_variable(field.type); }));
}

/// CHAR and BINARY: `bytes`, filled up with zeros.
Status append_filled(const DataType& type, Bytes bytes, std::vector<std::byte>& out) {
  const auto length = static_cast<std::size_t>(type.length);
  if (bytes.size() > length)
    return fail(Errc::malformed, fmt::format("value is longer than its column: {} of {} bytes",
                                             bytes.size(), length));
  if (out.size() + length > log_batch_size_max)
    return fail(Errc::overloaded, "row is larger than a log batch");
  append_bytes(out, bytes);
  out.resize(out.size() + length - bytes.size());
  return {};
}

Status append_fixed(const DataType& type, const Cell& cell, std::vector<std::byte>& out) {
  switch (type.root) {
    case TypeRoot::character:
    case TypeRoot::binary:
      return append_filled(type, std::get<Bytes>(cell), out);
    case TypeRoot::decimal:
      append_le(out, std::get<arrow::BasicDecimal128>(cell).low_bits());
      return {};
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      append_le(out, std::get<Timestamp>(cell).millis);
      if (!is_compact(type)) append_le(out, std::get<Timestamp>(cell).nanos);
      return {};
    default:
      append_number(out, type.root, cell);
      return {};
  }
}

void append_variable(const Cell& cell, std::vector<std::byte>& out) {
  if (const auto* decimal = std::get_if<arrow::BasicDecimal128>(&cell)) {
    append_unscaled(out, *decimal);
  } else {
    append_bytes(out, std::get<Bytes>(cell));
  }
}

Bytes without_zeros(Bytes text) {
  while (!text.empty() && text.back() == std::byte{0}) text = text.first(text.size() - 1);
  return text;
}

Cell read_field(const DataType& type, ByteReader& lengths, ByteReader& values) {
  if (is_variable(type)) {
    const Bytes bytes = values.take(lengths.integer<std::uint32_t>());
    if (type.root == TypeRoot::decimal) return values.unscaled(bytes);
    return bytes;
  }
  switch (type.root) {
    case TypeRoot::character:
      return without_zeros(values.take(static_cast<std::size_t>(type.length)));
    case TypeRoot::binary:
      return values.take(static_cast<std::size_t>(type.length));
    case TypeRoot::decimal:
      return arrow::BasicDecimal128(values.integer<std::int64_t>());
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz: {
      Timestamp moment{values.integer<std::int64_t>(), 0};
      if (!is_compact(type)) moment.nanos = values.integer<std::int32_t>();
      return moment;
    }
    default:
      return values.number(type.root);
  }
}

}  // namespace

Status append_indexed_row(const DataType& row, std::span<const Cell> cells,
                          std::vector<std::byte>& out) {
  CHECK(cells.size() == row.children.size());
  const std::size_t start = out.size();
  std::size_t next_length = start + null_bits_size(cells.size());
  out.resize(next_length + length_size * count_variable(row));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const DataType& type = row.children[i].type;
    if (is_null(cells[i])) {
      set_bit(out.data() + start, i);
    } else if (is_variable(type)) {
      const std::size_t before = out.size();
      append_variable(cells[i], out);
      store_le(out.data() + next_length, static_cast<std::int32_t>(out.size() - before));
      next_length += length_size;
    } else if (auto appended = append_fixed(type, cells[i], out); !appended) {
      return appended;
    }
  }
  return {};
}

Status read_indexed_row(const DataType& row, Bytes bytes, Cells& cells) {
  cells.clear();
  ByteReader values(bytes);
  const Bytes nulls = values.take(null_bits_size(row.children.size()));
  ByteReader lengths(values.take(length_size * count_variable(row)));
  if (values.failed())
    return fail(Errc::malformed,
                fmt::format("indexed row is shorter than its header: {} bytes", bytes.size()));
  for (std::size_t i = 0; i < row.children.size(); ++i) {
    const DataType& type = row.children[i].type;
    const bool null = bit_at(nulls, i);
    if (null && !type.nullable)
      return fail(Errc::malformed, fmt::format("indexed row has a null in NOT NULL field {}", i));
    cells.push_back(null ? Cell{} : read_field(type, lengths, values));
  }
  if (lengths.failed() || !values.at_end())
    return fail(Errc::malformed,
                fmt::format("indexed row does not end with its {} fields: {} bytes",
                            row.children.size(), bytes.size()));
  return {};
}

}  // namespace millrace::protocol
