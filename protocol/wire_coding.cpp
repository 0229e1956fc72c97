#include "protocol/wire_coding.hpp"

#include <bit>

namespace millrace::protocol {
namespace {

enum WireType : std::uint32_t {
  varint_type = 0,
  fixed64_type = 1,
  bytes_type = 2,
  fixed32_type = 5
};

constexpr std::uint64_t tag_of(std::uint32_t number, WireType type) {
  return (std::uint64_t{number} << 3) | type;
}

constexpr std::uint64_t field_number_max = (std::uint64_t{1} << 29) - 1;

}  // namespace

std::size_t varint_size(std::uint64_t value) {
  const auto bits = static_cast<std::size_t>(std::bit_width(value | 1));
  return (bits + 6) / 7;
}

std::size_t varint_field_size(std::uint32_t number, std::int64_t value) {
  return varint_size(tag_of(number, varint_type)) + varint_size(static_cast<std::uint64_t>(value));
}

std::size_t bytes_field_size(std::uint32_t number, std::size_t length) {
  return varint_size(tag_of(number, bytes_type)) + varint_size(length) + length;
}

void PieceWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    small_.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  small_.push_back(static_cast<char>(value));
}

void PieceWriter::varint_field(std::uint32_t number, std::int64_t value) {
  varint(tag_of(number, varint_type));
  varint(static_cast<std::uint64_t>(value));
}

void PieceWriter::bytes_field(std::uint32_t number, std::string_view value) {
  open_field(number, value.size());
  small_.append(value);
}

void PieceWriter::open_field(std::uint32_t number, std::size_t length) {
  varint(tag_of(number, bytes_type));
  varint(length);
}

void PieceWriter::append(Buffer buffer) {
  if (!buffer.empty()) insertions_.push_back({small_.size(), std::move(buffer)});
}

std::vector<Buffer> PieceWriter::finish() && {
  const Buffer small = Buffer::from(std::move(small_));
  std::vector<Buffer> pieces;
  std::size_t written = 0;
  const auto write_small_until = [&](std::size_t position) {
    if (position > written) pieces.push_back(small.slice(written, position - written));
    written = position;
  };
  for (Insertion& insertion : insertions_) {
    write_small_until(insertion.position);
    pieces.push_back(std::move(insertion.buffer));
  }
  write_small_until(small.size());
  return pieces;
}

std::optional<std::uint64_t> WireReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && position_ < message_.size(); shift += 7) {
    const auto byte = std::to_integer<std::uint64_t>(message_[position_++]);
    if (shift < 64) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  failed_ = true;
  return std::nullopt;
}

bool WireReader::skip(std::uint64_t size) {
  if (size > message_.size() - position_) {
    failed_ = true;
    return false;
  }
  position_ += static_cast<std::size_t>(size);
  return true;
}

std::optional<WireField> WireReader::next() {
  while (!failed_ && position_ < message_.size()) {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    const std::uint64_t number = *tag >> 3;
    if (number == 0 || number > field_number_max) {
      failed_ = true;
      return std::nullopt;
    }
    WireField field{.number = static_cast<std::uint32_t>(number)};
    switch (*tag & 7) {
      case varint_type: {
        const auto value = varint();
        if (!value) return std::nullopt;
        field.value = *value;
        return field;
      }
      case bytes_type: {
        const auto length = varint();
        if (!length) return std::nullopt;
        field.is_bytes = true;
        field.offset = position_;
        if (!skip(*length)) return std::nullopt;
        field.length = static_cast<std::size_t>(*length);
        return field;
      }
      case fixed64_type:
        if (!skip(8)) return std::nullopt;
        break;
      case fixed32_type:
        if (!skip(4)) return std::nullopt;
        break;
      default:  // Groups: the protocol has none.
        failed_ = true;
        return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace millrace::protocol
