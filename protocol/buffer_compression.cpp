#include "protocol/buffer_compression.hpp"

#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <lz4frame.h>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::protocol {
namespace {

constexpr std::size_t size_prefix = sizeof(std::int64_t);
constexpr std::int64_t stored_raw = -1;

/// The Java client reads independent blocks only, and writes blocks of this size itself.
LZ4F_preferences_t lz4_preferences() {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  return preferences;
}

/// The most that a frame of so many bytes can decompress to.
std::int64_t expansion_max(std::size_t frame_size, CompressionType codec) {
  const auto size = static_cast<std::int64_t>(frame_size);
  // A byte of LZ4 stands for at most 255. A block of zstd is at least 4 bytes for at most 128 KiB.
  return codec == CompressionType::lz4_frame ? size * 255 : (size / 4 + 1) * (128 << 10);
}

}  // namespace

Result<std::int64_t> decompressed_size(Bytes buffer, CompressionType codec) {
  CHECK(codec != CompressionType::none);
  if (buffer.empty()) return 0;
  if (buffer.size() < size_prefix)
    return fail(Errc::malformed,
                fmt::format("compressed buffer is too short: {} bytes", buffer.size()));
  const auto claimed = load_le<std::int64_t>(buffer, 0);
  const std::size_t frame_size = buffer.size() - size_prefix;
  if (claimed == stored_raw) return static_cast<std::int64_t>(frame_size);
  if (claimed < 0 || claimed > expansion_max(frame_size, codec))
    return fail(Errc::malformed,
                fmt::format("compressed buffer cannot hold what it says: {} bytes in {}", claimed,
                            frame_size));
  return claimed;
}

Result<BufferCompressor> BufferCompressor::make(const Compression& compression) {
  BufferCompressor compressor(compression.type);
  if (compression.type != CompressionType::zstd) return compressor;
  if (compression.zstd_level < zstd_level_min || compression.zstd_level > zstd_level_max)
    return fail(Errc::malformed,
                fmt::format("zstd level out of range: {}", compression.zstd_level));
  auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD, compression.zstd_level);
  if (!codec.ok()) return fail(Errc::malformed, "zstd: " + codec.status().message());
  compressor.zstd_ = codec.MoveValueUnsafe();
  return compressor;
}

BufferCompressor::BufferCompressor(CompressionType type) : type_(type) {}
BufferCompressor::BufferCompressor(BufferCompressor&&) noexcept = default;
BufferCompressor& BufferCompressor::operator=(BufferCompressor&&) noexcept = default;
BufferCompressor::~BufferCompressor() = default;

Status BufferCompressor::append(Bytes raw, std::vector<std::byte>& out) {
  if (raw.size() > log_batch_size_max)
    return fail(Errc::overloaded, fmt::format("buffer is too large: {} bytes", raw.size()));
  if (type_ == CompressionType::none) {
    out.insert(out.end(), raw.begin(), raw.end());
    return {};
  }
  const std::size_t start = out.size();
  const std::size_t frame_start = start + size_prefix;
  const std::size_t room = compressed_size_max(raw);
  out.resize(frame_start + room);
  auto frame_size = compress(raw, out.data() + frame_start, room);
  if (!frame_size) return tl::unexpected(frame_size.error());
  const bool shrinks = *frame_size < raw.size();
  store_le(out.data() + start, shrinks ? static_cast<std::int64_t>(raw.size()) : stored_raw);
  out.resize(frame_start + (shrinks ? *frame_size : 0));
  if (!shrinks) out.insert(out.end(), raw.begin(), raw.end());
  return {};
}

std::size_t BufferCompressor::compressed_size_max(Bytes raw) const {
  if (type_ == CompressionType::lz4_frame) {
    const LZ4F_preferences_t preferences = lz4_preferences();
    return LZ4F_compressFrameBound(raw.size(), &preferences);
  }
  return static_cast<std::size_t>(zstd_->MaxCompressedLen(
      static_cast<std::int64_t>(raw.size()), reinterpret_cast<const std::uint8_t*>(raw.data())));
}

Result<std::size_t> BufferCompressor::compress(Bytes raw, std::byte* to, std::size_t room) const {
  if (type_ == CompressionType::lz4_frame) {
    const LZ4F_preferences_t preferences = lz4_preferences();
    const std::size_t size = LZ4F_compressFrame(to, room, raw.data(), raw.size(), &preferences);
    if (LZ4F_isError(size) != 0)
      return fail(Errc::overloaded, fmt::format("lz4: {}", LZ4F_getErrorName(size)));
    return size;
  }
  auto size = zstd_->Compress(static_cast<std::int64_t>(raw.size()),
                              reinterpret_cast<const std::uint8_t*>(raw.data()),
                              static_cast<std::int64_t>(room), reinterpret_cast<std::uint8_t*>(to));
  if (!size.ok()) return fail(Errc::overloaded, "zstd: " + size.status().message());
  return static_cast<std::size_t>(*size);
}

}  // namespace millrace::protocol
