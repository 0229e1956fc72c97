#include "protocol/key_encoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "protocol/binary_array.hpp"
#include "protocol/cell_coding.hpp"
#include "protocol/compacted_row.hpp"
#include "protocol/hudi_key.hpp"

namespace millrace::protocol {
namespace {

constexpr std::int64_t micros_per_milli = 1000;
constexpr std::size_t word_size = 8;
// Paimon's row kind takes the first byte of the null bits; 0 is an insert.
constexpr std::size_t paimon_kind_bits = 8;

bool is_key_type(KeyEncoding encoding, TypeRoot root) {
  if (is_nested(root)) return false;
  switch (root) {
    case TypeRoot::boolean:
    case TypeRoot::tinyint:
    case TypeRoot::smallint:
      return encoding != KeyEncoding::iceberg;
    case TypeRoot::binary:
    case TypeRoot::bytes:
      return encoding != KeyEncoding::hudi;
    case TypeRoot::timestamp_ltz:
      // Hudi hashes a text whose form no source that we have tells.
      return encoding == KeyEncoding::compacted || encoding == KeyEncoding::paimon;
    default:
      return true;
  }
}

tl::unexpected<Error> null_in_key() { return fail(Errc::malformed, "null in a key"); }

Status append_compacted_key(std::span<const DataType> types, std::span<const Cell> cells,
                            std::vector<std::byte>& out) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (is_null(cells[i])) return null_in_key();
    append_compacted_field(types[i], cells[i], out);
  }
  return {};
}

void append_paimon_key(std::span<const DataType> types, std::span<const Cell> cells,
                       std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  const std::size_t header = (cells.size() + paimon_kind_bits + 63) / 64 * word_size;
  out.resize(start + header + word_size * cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (is_null(cells[i])) {
      set_bit(out.data() + start, paimon_kind_bits + i);
    } else {
      put_in_slot(types[i], cells[i], start, start + header + word_size * i, out);
    }
  }
}

Status append_iceberg_key(const DataType& type, const Cell& cell, std::vector<std::byte>& out) {
  if (is_null(cell)) return null_in_key();
  switch (type.root) {
    case TypeRoot::integer:
    case TypeRoot::date:
    case TypeRoot::bigint:
      append_le(out, std::get<std::int64_t>(cell));
      return {};
    case TypeRoot::time:
      append_le(out, std::get<std::int64_t>(cell) * micros_per_milli);
      return {};
    case TypeRoot::timestamp: {
      const auto& moment = std::get<Timestamp>(cell);
      std::int64_t micros = 0;
      if (__builtin_mul_overflow(moment.millis, micros_per_milli, &micros) ||
          __builtin_add_overflow(micros, moment.nanos / micros_per_milli, &micros))
        return fail(Errc::malformed, fmt::format("moment is out of range: {}", moment.millis));
      append_le(out, micros);
      return {};
    }
    case TypeRoot::decimal:
      append_unscaled(out, std::get<arrow::BasicDecimal128>(cell));
      return {};
    case TypeRoot::float32:
    case TypeRoot::float64:
      append_number(out, type.root, cell);
      return {};
    default:
      append_bytes(out, std::get<Bytes>(cell));
      return {};
  }
}

}  // namespace

Status check_key_types(KeyEncoding encoding, std::span<const DataType> types) {
  if (encoding == KeyEncoding::iceberg && types.size() != 1)
    return fail(Errc::malformed,
                fmt::format("a key of iceberg is one column, not {}", types.size()));
  for (const DataType& type : types) {
    if (!is_key_type(encoding, type.root))
      return fail(Errc::malformed, "type cannot be part of a key: " + to_string(type));
  }
  return {};
}

Status append_key(KeyEncoding encoding, std::span<const DataType> types,
                  std::span<const Cell> cells, std::vector<std::byte>& out) {
  CHECK(types.size() == cells.size());
  switch (encoding) {
    case KeyEncoding::compacted:
      return append_compacted_key(types, cells, out);
    case KeyEncoding::paimon:
      append_paimon_key(types, cells, out);
      return {};
    case KeyEncoding::iceberg:
      return append_iceberg_key(types[0], cells[0], out);
    case KeyEncoding::hudi:
      return append_hudi_key(types, cells, out);
  }
  CHECK(false);
}

}  // namespace millrace::protocol
