#include "base/crc32c.hpp"

#include <isa-l/crc.h>

#include <algorithm>

namespace millrace {

std::uint32_t crc32c_of(Bytes bytes, std::uint32_t continued_from) {
  // The library takes an int length and works on the bare register: no inversion before or after.
  constexpr std::size_t piece_max = std::size_t{1} << 30;
  std::uint32_t state = ~continued_from;
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), piece_max);
    // crc32_iscsi takes a pointer to non-const, but only reads.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data()));
    state = crc32_iscsi(data, static_cast<int>(size), state);
    bytes = bytes.subspan(size);
  }
  return ~state;
}

}  // namespace millrace
