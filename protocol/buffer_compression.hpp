#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/compression.hpp"

namespace arrow::util {
class Codec;
}

// A compressed buffer is its size before compression as int64, then one frame; a size of -1 says
// that the bytes behind it are raw. Source: Arrow BodyCompression, method BUFFER.

namespace millrace::protocol {

/// What the buffer says it decompresses to; 0 for one without bytes. A size that no frame of that
/// length can give is refused, so that memory is not set aside for a lie. Requires a codec.
/// Errors: malformed.
[[nodiscard]] Result<std::int64_t> decompressed_size(Bytes buffer, CompressionType codec);

/// Compresses the buffers of one batch.
class BufferCompressor {
 public:
  /// Errors: malformed (a level that zstd does not have).
  [[nodiscard]] static Result<BufferCompressor> make(const Compression& compression);

  BufferCompressor(BufferCompressor&&) noexcept;
  BufferCompressor& operator=(BufferCompressor&&) noexcept;
  ~BufferCompressor();

  /// Appends `raw` as it travels: bare without compression, raw with -1 in front if it would not
  /// shrink. Errors: overloaded (larger than the codec takes).
  [[nodiscard]] Status append(Bytes raw, std::vector<std::byte>& out);

 private:
  explicit BufferCompressor(CompressionType type);

  [[nodiscard]] std::size_t compressed_size_max(Bytes raw) const;
  /// Writes a frame to `to`; gives its size.
  [[nodiscard]] Result<std::size_t> compress(Bytes raw, std::byte* to, std::size_t room) const;

  CompressionType type_;
  std::unique_ptr<arrow::util::Codec> zstd_;
};

}  // namespace millrace::protocol
