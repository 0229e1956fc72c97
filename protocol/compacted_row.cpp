#include "protocol/compacted_row.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace millrace::protocol {
namespace {

void append_sized(std::vector<std::byte>& out, Bytes bytes) {
  append_varint32(out, static_cast<std::int32_t>(bytes.size()));
  append_bytes(out, bytes);
}

void append_decimal(const DataType& type, const arrow::BasicDecimal128& value,
                    std::vector<std::byte>& out) {
  if (is_compact(type)) return append_varint64(out, static_cast<std::int64_t>(value.low_bits()));
  std::vector<std::byte> unscaled;
  append_unscaled(unscaled, value);
  append_sized(out, unscaled);
}

Bytes take_sized(ByteReader& reader) {
  return reader.take(static_cast<std::uint32_t>(reader.varint32()));
}

}  // namespace

void append_compacted_field(const DataType& type, const Cell& cell, std::vector<std::byte>& out) {
  switch (type.root) {
    case TypeRoot::boolean:
    case TypeRoot::tinyint:
    case TypeRoot::smallint:
    case TypeRoot::float32:
    case TypeRoot::float64:
      return append_number(out, type.root, cell);
    case TypeRoot::integer:
    case TypeRoot::date:
    case TypeRoot::time:
      return append_varint32(out, static_cast<std::int32_t>(std::get<std::int64_t>(cell)));
    case TypeRoot::bigint:
      return append_varint64(out, std::get<std::int64_t>(cell));
    case TypeRoot::decimal:
      return append_decimal(type, std::get<arrow::BasicDecimal128>(cell), out);
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      append_varint64(out, std::get<Timestamp>(cell).millis);
      if (!is_compact(type)) append_varint32(out, std::get<Timestamp>(cell).nanos);
      return;
    default:
      return append_sized(out, std::get<Bytes>(cell));
  }
}

Cell read_compacted_field(const DataType& type, ByteReader& reader) {
  switch (type.root) {
    case TypeRoot::boolean:
    case TypeRoot::tinyint:
    case TypeRoot::smallint:
    case TypeRoot::float32:
    case TypeRoot::float64:
      return reader.number(type.root);
    case TypeRoot::integer:
    case TypeRoot::date:
    case TypeRoot::time:
      return std::int64_t{reader.varint32()};
    case TypeRoot::bigint:
      return reader.varint64();
    case TypeRoot::decimal:
      if (is_compact(type)) return arrow::BasicDecimal128(reader.varint64());
      return reader.unscaled(take_sized(reader));
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz: {
      Timestamp moment{reader.varint64(), 0};
      if (!is_compact(type)) moment.nanos = reader.varint32();
      return moment;
    }
    default:
      return take_sized(reader);
  }
}

void append_compacted_row(const DataType& row, std::span<const Cell> cells,
                          std::vector<std::byte>& out) {
  CHECK(cells.size() == row.children.size());
  const std::size_t start = out.size();
  out.resize(start + null_bits_size(cells.size()));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (is_null(cells[i])) {
      set_bit(out.data() + start, i);
    } else {
      append_compacted_field(row.children[i].type, cells[i], out);
    }
  }
}

Status read_compacted_row(const DataType& row, Bytes bytes, Cells& cells) {
  cells.clear();
  ByteReader reader(bytes);
  const Bytes nulls = reader.take(null_bits_size(row.children.size()));
  if (reader.failed())
    return fail(Errc::malformed,
                fmt::format("compacted row is shorter than its null bits: {} bytes", bytes.size()));
  for (std::size_t i = 0; i < row.children.size(); ++i) {
    const DataType& type = row.children[i].type;
    cells.push_back(type.nullable && bit_at(nulls, i) ? Cell{}
                                                      : read_compacted_field(type, reader));
  }
  if (!reader.at_end())
    return fail(Errc::malformed,
                fmt::format("compacted row does not end with its {} fields: {} bytes",
                            row.children.size(), bytes.size()));
  return {};
}

}  // namespace millrace::protocol
