#pragma once
#include <cstdint>

namespace millrace::protocol {

/// How the buffers of a batch are compressed.
/// Source: Fluss table.log.arrow.compression.type, Arrow BodyCompression.
enum class CompressionType : std::uint8_t { none, lz4_frame, zstd };

inline constexpr int zstd_level_min = 1;
inline constexpr int zstd_level_max = 22;

/// The defaults are those of a table that says nothing.
struct Compression {
  CompressionType type = CompressionType::zstd;
  int zstd_level = 3;  ///< Means nothing for the other types.
  friend bool operator==(const Compression&, const Compression&) = default;
};

}  // namespace millrace::protocol
