#pragma once
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/random.hpp"

// What the decoders' tests share: damaging bytes, joining pieces, printing bytes.

namespace millrace::protocol {

/// A copy of `original` with some bytes flipped, cut out, doubled, or its end cut off.
[[nodiscard]] inline Buffer mutate(const Buffer& original, Random& random) {
  std::string bytes(original.text());
  const std::uint64_t edits = 1 + random.below(4);
  for (std::uint64_t i = 0; i < edits && !bytes.empty(); ++i) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t length = 1 + random.below(std::min<std::size_t>(8, bytes.size() - at));
    switch (random.below(5)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return Buffer::from(std::move(bytes));
}

[[nodiscard]] inline Buffer joined(const std::vector<Buffer>& pieces) {
  std::string bytes;
  for (const Buffer& piece : pieces) bytes += piece.text();
  return Buffer::from(std::move(bytes));
}

[[nodiscard]] inline std::string hex(const Buffer& buffer) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : buffer.bytes()) {
    out += digits[std::to_integer<std::size_t>(byte) >> 4];
    out += digits[std::to_integer<std::size_t>(byte) & 15];
  }
  return out;
}

}  // namespace millrace::protocol
