#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace {

using Bytes = std::span<const std::byte>;

/// Immutable shared bytes. Copies share one allocation; slices keep it alive.
class Buffer {
 public:
  Buffer() = default;
  /// Borrows `bytes` for as long as `owner` lives.
  Buffer(std::shared_ptr<const void> owner, Bytes bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  [[nodiscard]] static Buffer copy_of(Bytes bytes);
  [[nodiscard]] static Buffer from(std::vector<std::byte> bytes);
  [[nodiscard]] static Buffer from(std::string bytes);
  /// A copy of all pieces, one behind the other.
  [[nodiscard]] static Buffer joined(const std::vector<Buffer>& pieces);

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] const std::byte* data() const { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  /// Requires offset + length <= size().
  [[nodiscard]] Buffer slice(std::size_t offset, std::size_t length) const;

 private:
  std::shared_ptr<const void> owner_;
  Bytes bytes_;
};

[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace millrace
