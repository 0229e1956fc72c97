#include "base/buffer.hpp"

#include <string>

#include "base/check.hpp"

namespace millrace {

Buffer Buffer::copy_of(Bytes bytes) {
  return from(std::vector<std::byte>(bytes.begin(), bytes.end()));
}

Buffer Buffer::from(std::vector<std::byte> bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const Bytes view(*owner);
  return {std::move(owner), view};
}

Buffer Buffer::from(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const Bytes view = bytes_of(*owner);
  return {std::move(owner), view};
}

Buffer Buffer::joined(const std::vector<Buffer>& pieces) {
  std::size_t size = 0;
  for (const Buffer& piece : pieces) size += piece.size();
  std::vector<std::byte> bytes;
  bytes.reserve(size);
  for (const Buffer& piece : pieces) {
    bytes.insert(bytes.end(), piece.bytes().begin(), piece.bytes().end());
  }
  return from(std::move(bytes));
}

Buffer Buffer::slice(std::size_t offset, std::size_t length) const {
  CHECK(offset <= bytes_.size());
  CHECK(length <= bytes_.size() - offset);
  return {owner_, bytes_.subspan(offset, length)};
}

}  // namespace millrace
