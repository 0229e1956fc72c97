#include "protocol/arrow_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "protocol/arrow_message_generated.h"

namespace millrace::protocol {
namespace {

constexpr std::int32_t continuation_marker = -1;
// A field costs about 64 bytes: this is a table of a million columns.
constexpr std::size_t metadata_size_max = std::size_t{64} << 20;

std::optional<CompressionType> codec_of(const arrow_wire::BodyCompression* compression) {
  if (compression == nullptr) return CompressionType::none;
  if (compression->method() != arrow_wire::BodyMethod::BUFFER) return std::nullopt;
  switch (compression->codec()) {
    case arrow_wire::BodyCodec::LZ4_FRAME:
      return CompressionType::lz4_frame;
    case arrow_wire::BodyCodec::ZSTD:
      return CompressionType::zstd;
  }
  return std::nullopt;
}

/// Calls `take` with both halves of every pair that `vector` holds. Reads bytes, because a verified
/// flatbuffer may still hold its pairs at addresses that are not those of an int64.
template <class Pair, class Take>
Status for_each_pair(const flatbuffers::Vector<const Pair*>* vector, const Take& take) {
  static_assert(sizeof(Pair) == 2 * sizeof(std::int64_t));
  if (vector == nullptr) return {};
  const Bytes bytes(reinterpret_cast<const std::byte*>(vector->Data()),
                    vector->size() * sizeof(Pair));
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(Pair)) {
    const auto first = load_le<std::int64_t>(bytes, at);
    const auto second = load_le<std::int64_t>(bytes, at + sizeof(std::int64_t));
    if (auto taken = take(first, second); !taken) return taken;
  }
  return {};
}

Status read_nodes(const arrow_wire::RecordBatchHeader& header, MessageMetadata& metadata) {
  return for_each_pair(header.nodes(), [&](std::int64_t length, std::int64_t nulls) -> Status {
    if (length < 0 || nulls < 0 || nulls > length)
      return fail(
          Errc::malformed,
          fmt::format("arrow field counts out of order: {} values, {} nulls", length, nulls));
    metadata.nodes.push_back({length, nulls});
    return {};
  });
}

Status read_buffers(const arrow_wire::RecordBatchHeader& header, MessageMetadata& metadata) {
  std::int64_t end = 0;
  return for_each_pair(header.buffers(), [&](std::int64_t offset, std::int64_t length) -> Status {
    if (offset < 0 || offset > metadata.body_length || length < 0 ||
        length > metadata.body_length - offset)
      return fail(Errc::malformed, fmt::format("arrow buffer outside of its body: {} + {} of {}",
                                               offset, length, metadata.body_length));
    if (length > 0 && offset < end)
      return fail(Errc::malformed, fmt::format("arrow buffers overlap: {} before {}", offset, end));
    if (length > 0) end = offset + length;
    metadata.buffers.push_back({offset, length});
    return {};
  });
}

}  // namespace

Result<MessageMetadata> read_metadata(Bytes bytes, std::size_t body_size_max) {
  if (bytes.empty()) return fail(Errc::malformed, "arrow message without metadata");
  // Batches lie anywhere in memory, and flatbuffers are read through aligned pointers.
  std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(aligned.data());
  flatbuffers::Verifier verifier(data, bytes.size());
  if (!arrow_wire::VerifyMessageBuffer(verifier))
    return fail(Errc::malformed, "arrow message metadata is not a flatbuffer of its kind");
  const arrow_wire::Message& message = *arrow_wire::GetMessage(data);
  const arrow_wire::RecordBatchHeader* header = message.header_as_RecordBatchHeader();
  if (header == nullptr) return fail(Errc::malformed, "arrow message is not a record batch");
  // Record batches of these types are the same in both versions.
  if (message.version() != arrow_wire::MetadataVersion::V4 &&
      message.version() != arrow_wire::MetadataVersion::V5)
    return fail(Errc::malformed, fmt::format("arrow metadata version is not supported: ordinal {}",
                                             static_cast<int>(message.version())));
  const std::int64_t body_length = message.body_length();
  if (body_length < 0 || static_cast<std::uint64_t>(body_length) > body_size_max)
    return fail(Errc::malformed,
                fmt::format("arrow body is cut off: {} of {} bytes", body_size_max, body_length));
  const auto codec = codec_of(header->compression());
  if (!codec) return fail(Errc::malformed, "arrow body compression is unknown");
  MessageMetadata metadata{header->length(), *codec, {}, {}, body_length};
  if (auto read = read_nodes(*header, metadata); !read) return tl::unexpected(read.error());
  if (auto read = read_buffers(*header, metadata); !read) return tl::unexpected(read.error());
  return metadata;
}

Result<ArrowMessage> read_message(const Buffer& batch, const LogBatchHeader& header) {
  CHECK(header.record_count > 0);
  CHECK(header.size() == batch.size());
  const std::size_t start = header.message_offset();
  if (start > batch.size() || batch.size() - start < message_prefix_size)
    return fail(Errc::malformed, "log batch is shorter than its arrow message");
  if (load_le<std::int32_t>(batch.bytes(), start) != continuation_marker)
    return fail(Errc::malformed, "arrow message does not start with its marker");
  const auto announced = load_le<std::int32_t>(batch.bytes(), start + 4);
  const std::size_t metadata_start = start + message_prefix_size;
  const std::size_t rest = batch.size() - metadata_start;
  if (announced <= 0 || static_cast<std::size_t>(announced) > std::min(rest, metadata_size_max))
    return fail(Errc::malformed,
                fmt::format("arrow metadata size out of range: {} of {} bytes", announced, rest));
  const auto size = static_cast<std::size_t>(announced);
  auto metadata = read_metadata(batch.bytes().subspan(metadata_start, size), rest - size);
  if (!metadata) return tl::unexpected(metadata.error());
  if (metadata->rows != header.record_count)
    return fail(Errc::malformed, fmt::format("arrow message has {} rows, its log batch says {}",
                                             metadata->rows, header.record_count));
  const auto body_size = static_cast<std::size_t>(metadata->body_length);
  return ArrowMessage{std::move(*metadata), batch.slice(metadata_start + size, body_size)};
}

std::vector<std::byte> encode_message_head(const MessageMetadata& metadata) {
  flatbuffers::FlatBufferBuilder builder(256 +
                                         16 * (metadata.nodes.size() + metadata.buffers.size()));
  builder.ForceDefaults(true);  // So that a zero takes as much room as any other value.
  const auto nodes = builder.CreateVectorOfStructs<arrow_wire::FieldNode>(
      metadata.nodes.size(), [&](std::size_t index, arrow_wire::FieldNode* out) {
        *out = {metadata.nodes[index].length, metadata.nodes[index].null_count};
      });
  const auto buffers = builder.CreateVectorOfStructs<arrow_wire::BufferRange>(
      metadata.buffers.size(), [&](std::size_t index, arrow_wire::BufferRange* out) {
        *out = {metadata.buffers[index].offset, metadata.buffers[index].length};
      });
  flatbuffers::Offset<arrow_wire::BodyCompression> compression;  // Zero is "absent".
  if (metadata.codec == CompressionType::lz4_frame)
    compression = arrow_wire::CreateBodyCompression(builder, arrow_wire::BodyCodec::LZ4_FRAME);
  if (metadata.codec == CompressionType::zstd)
    compression = arrow_wire::CreateBodyCompression(builder, arrow_wire::BodyCodec::ZSTD);
  const auto header =
      arrow_wire::CreateRecordBatchHeader(builder, metadata.rows, nodes, buffers, compression);
  builder.Finish(arrow_wire::CreateMessage(builder, arrow_wire::MetadataVersion::V5,
                                           arrow_wire::MessageHeader::RecordBatchHeader,
                                           header.Union(), metadata.body_length));
  const auto size = padded(builder.GetSize());
  std::vector<std::byte> head;
  head.reserve(message_prefix_size + static_cast<std::size_t>(size));
  append_le(head, continuation_marker);
  append_le(head, static_cast<std::int32_t>(size));
  const Bytes encoded(reinterpret_cast<const std::byte*>(builder.GetBufferPointer()),
                      builder.GetSize());
  head.insert(head.end(), encoded.begin(), encoded.end());
  head.resize(message_prefix_size + static_cast<std::size_t>(size));
  return head;
}

}  // namespace millrace::protocol
