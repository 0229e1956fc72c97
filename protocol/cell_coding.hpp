#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/endian.hpp"
#include "protocol/cell.hpp"

// The small pieces that rows, arrays and keys are written with. Source: Fluss row formats.

namespace millrace::protocol {

/// Whether a DECIMAL fits 64 bits, and whether a timestamp is milliseconds only.
[[nodiscard]] bool is_compact(const DataType& type);

/// Bytes of a number in its natural width; 0 for types that are not plain numbers.
[[nodiscard]] std::size_t number_width(TypeRoot root);
/// Writes number_width() bytes, little-endian. Requires a number that is not null.
void store_number(std::byte* to, TypeRoot root, const Cell& number);
void append_number(std::vector<std::byte>& out, TypeRoot root, const Cell& number);
/// Requires number_width() bytes.
[[nodiscard]] Cell load_number(TypeRoot root, Bytes bytes);

/// Seven bits a byte, lowest first; negative numbers by their two's complement, so at full length.
void append_varint32(std::vector<std::byte>& out, std::int32_t value);
void append_varint64(std::vector<std::byte>& out, std::int64_t value);

void append_bytes(std::vector<std::byte>& out, Bytes bytes);

/// The shortest two's complement, big-endian: 1 to 16 bytes.
void append_unscaled(std::vector<std::byte>& out, const arrow::BasicDecimal128& value);

[[nodiscard]] constexpr std::size_t null_bits_size(std::size_t fields) { return (fields + 7) / 8; }
/// Bit `index`, lowest first. Requires it to be there.
[[nodiscard]] inline bool bit_at(Bytes bits, std::size_t index) {
  return (std::to_integer<unsigned>(bits[index / 8]) >> (index % 8) & 1U) != 0;
}
inline void set_bit(std::byte* bits, std::size_t index) {
  bits[index / 8] |= std::byte{1} << (index % 8);
}

/// Reads from the front of bytes that nobody has checked. What is not there reads as zero or as
/// nothing, and the reader has failed for good: ask once, at the end.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] Bytes take(std::size_t size);
  [[nodiscard]] Cell number(TypeRoot root);
  [[nodiscard]] std::int32_t varint32() { return static_cast<std::int32_t>(varint(32)); }
  [[nodiscard]] std::int64_t varint64() { return static_cast<std::int64_t>(varint(64)); }
  template <std::integral T>
  [[nodiscard]] T integer() {
    const Bytes bytes = take(sizeof(T));
    return bytes.empty() ? T{} : load_le<T>(bytes, 0);
  }
  /// What append_unscaled() wrote, all of `bytes`; fails unless they are 1 to 16.
  [[nodiscard]] arrow::BasicDecimal128 unscaled(Bytes bytes);

  /// What has not been read.
  [[nodiscard]] Bytes rest() const { return rest_; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Nothing failed and nothing is left.
  [[nodiscard]] bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  [[nodiscard]] std::uint64_t varint(int bits);

  Bytes rest_;
  bool failed_ = false;
};

}  // namespace millrace::protocol
