#pragma once
#include <cstdint>

#include "base/buffer.hpp"

namespace millrace {

/// CRC-32C (Castagnoli), as log batches, index files and link frames use it. To checksum bytes that
/// lie in several pieces, pass the checksum of the pieces before as `continued_from`.
[[nodiscard]] std::uint32_t crc32c_of(Bytes bytes, std::uint32_t continued_from = 0);

}  // namespace millrace
