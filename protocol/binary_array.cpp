#include "protocol/binary_array.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "protocol/cell_coding.hpp"

namespace millrace::protocol {
namespace {

constexpr std::size_t count_size = sizeof(std::int32_t);
constexpr std::size_t word_size = 8;
constexpr std::size_t inline_size_max = 7;
constexpr std::byte inline_mark{0x80};
constexpr std::size_t decimal_area_size = 16;

std::size_t slot_width(const DataType& type) {
  const std::size_t width = number_width(type.root);
  return width == 0 ? word_size : width;
}

/// Null bits come in whole 32-bit words.
std::size_t header_size(std::size_t elements) { return count_size + (elements + 31) / 32 * 4; }

void pad(std::vector<std::byte>& out, std::size_t start) {
  out.resize(start + (out.size() - start + word_size - 1) / word_size * word_size);
}

/// Offsets and lengths beyond 32 bits belong to arrays that the caller refuses as too large.
void store_range(std::byte* slot, std::size_t offset, std::uint32_t low) {
  store_le(slot, low);
  store_le(slot + 4, static_cast<std::uint32_t>(offset));
}

bool may_be_inline(TypeRoot root) {
  return root == TypeRoot::character || root == TypeRoot::string || root == TypeRoot::binary ||
         root == TypeRoot::bytes;
}

void put_bytes(const DataType& type, Bytes bytes, std::size_t start, std::size_t slot,
               std::vector<std::byte>& out) {
  if (may_be_inline(type.root) && bytes.size() <= inline_size_max) {
    std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(slot));
    out[slot + inline_size_max] = inline_mark | static_cast<std::byte>(bytes.size());
    return;
  }
  store_range(out.data() + slot, out.size() - start, static_cast<std::uint32_t>(bytes.size()));
  append_bytes(out, bytes);
  pad(out, start);
}

void put_decimal(const arrow::BasicDecimal128& value, std::size_t start, std::size_t slot,
                 std::vector<std::byte>& out) {
  const std::size_t area = out.size();
  append_unscaled(out, value);
  store_range(out.data() + slot, area - start, static_cast<std::uint32_t>(out.size() - area));
  out.resize(area + decimal_area_size);
}

void put_moment(const Timestamp& moment, std::size_t start, std::size_t slot,
                std::vector<std::byte>& out) {
  store_range(out.data() + slot, out.size() - start, static_cast<std::uint32_t>(moment.nanos));
  append_le(out, moment.millis);
}

tl::unexpected<Error> outside() {
  return fail(Errc::malformed, "array element lies outside of its array");
}

}  // namespace

void put_in_slot(const DataType& type, const Cell& cell, std::size_t start, std::size_t slot,
                 std::vector<std::byte>& out) {
  if (number_width(type.root) > 0) return store_number(out.data() + slot, type.root, cell);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) {
    put_bytes(type, *bytes, start, slot, out);
  } else if (const auto* moment = std::get_if<Timestamp>(&cell)) {
    if (is_compact(type)) return store_le(out.data() + slot, moment->millis);
    put_moment(*moment, start, slot, out);
  } else {
    const auto& decimal = std::get<arrow::BasicDecimal128>(cell);
    if (is_compact(type)) return store_le(out.data() + slot, decimal.low_bits());
    put_decimal(decimal, start, slot, out);
  }
}

void append_array(const DataType& element, std::span<const Cell> cells,
                  std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  const std::size_t width = slot_width(element);
  const std::size_t slots = start + header_size(cells.size());
  append_le(out, static_cast<std::int32_t>(cells.size()));
  out.resize(slots + width * cells.size());
  pad(out, start);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (is_null(cells[i])) {
      set_bit(out.data() + start + count_size, i);
    } else {
      put_in_slot(element, cells[i], start, slots + width * i, out);
    }
  }
}

Result<ArrayView> ArrayView::open(const DataType& element, Bytes bytes) {
  ByteReader reader(bytes);
  const auto count = reader.integer<std::int32_t>();
  if (reader.failed() || count < 0)
    return fail(Errc::malformed, fmt::format("array has no element count: {}", count));
  const auto size = static_cast<std::size_t>(count);
  if (header_size(size) + slot_width(element) * size > bytes.size())
    return fail(Errc::malformed, fmt::format("array is shorter than its slots: {} elements in {} "
                                             "bytes",
                                             size, bytes.size()));
  return ArrayView(element, bytes, size);
}

Result<Cell> ArrayView::at(std::size_t index) const {
  CHECK(index < size_);
  if (bit_at(bytes_.subspan(count_size), index)) return Cell{};
  const std::size_t width = slot_width(*element_);
  const Bytes slot = bytes_.subspan(header_size(size_) + width * index, width);
  const TypeRoot root = element_->root;
  if (number_width(root) > 0) return load_number(root, slot);
  const bool is_decimal = root == TypeRoot::decimal;
  const bool is_moment = root == TypeRoot::timestamp || root == TypeRoot::timestamp_ltz;
  if (is_decimal && is_compact(*element_))
    return arrow::BasicDecimal128(load_le<std::int64_t>(slot, 0));
  if (is_moment && is_compact(*element_)) return Timestamp{load_le<std::int64_t>(slot, 0), 0};
  const std::byte last = slot.back();
  if (may_be_inline(root) && (last & inline_mark) != std::byte{0}) {
    const auto length = std::to_integer<std::size_t>(last & ~inline_mark);
    if (length > inline_size_max) return outside();
    return slot.first(length);
  }
  const auto low = load_le<std::uint32_t>(slot, 0);
  const std::size_t offset = load_le<std::uint32_t>(slot, 4);
  if (offset > bytes_.size()) return outside();
  ByteReader reader(bytes_.subspan(offset));
  Cell cell;
  if (is_moment) {
    cell = Timestamp{reader.integer<std::int64_t>(), static_cast<std::int32_t>(low)};
  } else if (is_decimal) {
    cell = reader.unscaled(reader.take(low));
  } else {
    cell = reader.take(low);
  }
  if (reader.failed()) return outside();
  return cell;
}

void append_map(const MapParts& parts, std::vector<std::byte>& out) {
  append_le(out, static_cast<std::int32_t>(parts.keys.size()));
  append_bytes(out, parts.keys);
  append_bytes(out, parts.values);
}

Result<MapParts> split_map(Bytes bytes) {
  ByteReader reader(bytes);
  const Bytes keys = reader.take(reader.integer<std::uint32_t>());
  if (reader.failed())
    return fail(Errc::malformed,
                fmt::format("map is shorter than its keys: {} bytes", bytes.size()));
  return MapParts{keys, bytes.subspan(count_size + keys.size())};
}

}  // namespace millrace::protocol
