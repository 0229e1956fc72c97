#pragma once
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/buffer.hpp"

namespace millrace::fuzz {

/// Cuts an input into choices and pieces, from its front. An empty input gives zeros and nothing.
class InputReader {
 public:
  explicit InputReader(Buffer input) : rest_(std::move(input)) {}

  [[nodiscard]] std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_.bytes()[0]);
    rest_ = rest_.slice(1, rest_.size() - 1);
    return value;
  }
  /// Requires 0 < bound <= 256.
  [[nodiscard]] std::size_t below(std::size_t bound) { return byte() % bound; }

  /// Two bytes say how long it is; a copy, so that reading past its end is seen.
  [[nodiscard]] Buffer piece() {
    const std::size_t low = byte();
    const std::size_t size = std::min(low + (std::size_t{byte()} << 8), rest_.size());
    const Buffer taken = Buffer::copy_of(rest_.bytes().first(size));
    rest_ = rest_.slice(size, rest_.size() - size);
    return taken;
  }

  /// All that is left, as a copy.
  [[nodiscard]] Buffer rest() const { return Buffer::copy_of(rest_.bytes()); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  Buffer rest_;
};

/// Builds a seed as InputReader reads it.
class InputWriter {
 public:
  InputWriter& byte(std::size_t value) {
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  InputWriter& piece(std::string_view text) {
    byte(text.size() & 0xff).byte(text.size() >> 8);
    return rest(text);
  }
  InputWriter& rest(std::string_view text) {
    bytes_ += text;
    return *this;
  }
  [[nodiscard]] Buffer done() const { return Buffer::from(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace millrace::fuzz
