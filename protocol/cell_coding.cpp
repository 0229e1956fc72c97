#include "protocol/cell_coding.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace millrace::protocol {
namespace {

constexpr std::int32_t decimal_compact_max = 18;
constexpr std::int32_t timestamp_compact_max = 3;
constexpr std::size_t unscaled_size_max = 16;

template <std::integral T>
void store_integer(std::byte* to, const Cell& number) {
  store_le(to, static_cast<T>(std::get<std::int64_t>(number)));
}

void append_varint(std::vector<std::byte>& out, std::uint64_t bits) {
  for (; bits > 0x7f; bits >>= 7) out.push_back(static_cast<std::byte>((bits & 0x7f) | 0x80));
  out.push_back(static_cast<std::byte>(bits));
}

}  // namespace

bool is_compact(const DataType& type) {
  return type.precision <=
         (type.root == TypeRoot::decimal ? decimal_compact_max : timestamp_compact_max);
}

std::size_t number_width(TypeRoot root) {
  switch (root) {
    case TypeRoot::boolean:
    case TypeRoot::tinyint:
      return 1;
    case TypeRoot::smallint:
      return 2;
    case TypeRoot::integer:
    case TypeRoot::date:
    case TypeRoot::time:
    case TypeRoot::float32:
      return 4;
    case TypeRoot::bigint:
    case TypeRoot::float64:
      return 8;
    default:
      return 0;
  }
}

void store_number(std::byte* to, TypeRoot root, const Cell& number) {
  if (root == TypeRoot::float32)
    return store_le(to, std::bit_cast<std::uint32_t>(std::get<float>(number)));
  if (root == TypeRoot::float64)
    return store_le(to, std::bit_cast<std::uint64_t>(std::get<double>(number)));
  switch (number_width(root)) {
    case 1:
      return store_integer<std::int8_t>(to, number);
    case 2:
      return store_integer<std::int16_t>(to, number);
    case 4:
      return store_integer<std::int32_t>(to, number);
    default:
      return store_integer<std::int64_t>(to, number);
  }
}

void append_number(std::vector<std::byte>& out, TypeRoot root, const Cell& number) {
  const std::size_t at = out.size();
  out.resize(at + number_width(root));
  store_number(out.data() + at, root, number);
}

Cell load_number(TypeRoot root, Bytes bytes) {
  switch (root) {
    case TypeRoot::boolean:
      return std::int64_t{bytes[0] != std::byte{0} ? 1 : 0};
    case TypeRoot::tinyint:
      return std::int64_t{load_le<std::int8_t>(bytes, 0)};
    case TypeRoot::smallint:
      return std::int64_t{load_le<std::int16_t>(bytes, 0)};
    case TypeRoot::bigint:
      return load_le<std::int64_t>(bytes, 0);
    case TypeRoot::float32:
      return std::bit_cast<float>(load_le<std::uint32_t>(bytes, 0));
    case TypeRoot::float64:
      return std::bit_cast<double>(load_le<std::uint64_t>(bytes, 0));
    default:
      return std::int64_t{load_le<std::int32_t>(bytes, 0)};
  }
}

void append_varint32(std::vector<std::byte>& out, std::int32_t value) {
  append_varint(out, static_cast<std::uint32_t>(value));
}

void append_varint64(std::vector<std::byte>& out, std::int64_t value) {
  append_varint(out, static_cast<std::uint64_t>(value));
}

void append_bytes(std::vector<std::byte>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_unscaled(std::vector<std::byte>& out, const arrow::BasicDecimal128& value) {
  std::array<std::byte, unscaled_size_max> whole{};
  store_be(whole.data(), value.high_bits());
  store_be(whole.data() + 8, value.low_bits());
  const std::byte sign = value.high_bits() < 0 ? std::byte{0xff} : std::byte{0};
  std::size_t start = 0;
  // A leading byte may go as long as the next one shows the same sign.
  while (start + 1 < whole.size() && whole[start] == sign &&
         (whole[start + 1] & std::byte{0x80}) == (sign & std::byte{0x80}))
    ++start;
  append_bytes(out, Bytes(whole).subspan(start));
}

Bytes ByteReader::take(std::size_t size) {
  if (size > rest_.size()) {
    failed_ = true;
    rest_ = {};
    return {};
  }
  const Bytes taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

Cell ByteReader::number(TypeRoot root) {
  const Bytes bytes = take(number_width(root));
  return failed_ ? Cell{} : load_number(root, bytes);
}

std::uint64_t ByteReader::varint(int bits) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < bits; shift += 7) {
    const auto next = integer<std::uint8_t>();
    value |= std::uint64_t{next & 0x7fU} << shift;
    if (next < 0x80) return value;
  }
  failed_ = true;  // Longer than any number of that many bits.
  return 0;
}

arrow::BasicDecimal128 ByteReader::unscaled(Bytes bytes) {
  if (bytes.empty() || bytes.size() > unscaled_size_max) {
    failed_ = true;
    return {};
  }
  std::array<std::byte, unscaled_size_max> whole{};
  whole.fill((bytes[0] & std::byte{0x80}) != std::byte{0} ? std::byte{0xff} : std::byte{0});
  std::copy(bytes.begin(), bytes.end(), whole.end() - static_cast<std::ptrdiff_t>(bytes.size()));
  return {load_be<std::int64_t>(whole, 0), load_be<std::uint64_t>(whole, 8)};
}

}  // namespace millrace::protocol
