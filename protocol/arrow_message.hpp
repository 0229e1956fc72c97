#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/compression.hpp"
#include "protocol/log_batch.hpp"

// The rows of a batch are one Arrow message: a marker, the size of the metadata, the metadata, and
// a body. The metadata says how many values each column has and where in the body its buffers lie,
// so that columns can be picked without looking into the body. Column names and types do not
// travel. Source: Arrow encapsulated message format; Fluss writes no schema message around it.

namespace millrace::protocol {

/// One per field, children after their parent.
struct FieldNode {
  std::int64_t length = 0;
  std::int64_t null_count = 0;
  friend bool operator==(const FieldNode&, const FieldNode&) = default;
};

/// A stretch of the body.
struct BodyRange {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  [[nodiscard]] std::int64_t end() const { return offset + length; }
  friend bool operator==(const BodyRange&, const BodyRange&) = default;
};

struct MessageMetadata {
  std::int64_t rows = 0;
  CompressionType codec = CompressionType::none;  ///< Of every buffer.
  std::vector<FieldNode> nodes;
  std::vector<BodyRange> buffers;
  std::int64_t body_length = 0;
  friend bool operator==(const MessageMetadata&, const MessageMetadata&) = default;
};

struct ArrowMessage {
  MessageMetadata metadata;
  Buffer body;
};

/// Buffers start at multiples of this, and a body is padded to it.
inline constexpr std::int64_t body_alignment = 8;

/// `length` with the padding behind it. Requires room above `length`.
[[nodiscard]] constexpr std::int64_t padded(std::int64_t length) {
  return (length + body_alignment - 1) / body_alignment * body_alignment;
}

/// The message of `batch`, which is whole, begins with `header` and has rows. What it returns is
/// safe to use: ranges lie within the body, those with bytes ascend and do not overlap, counts are
/// in order. Errors: malformed.
[[nodiscard]] Result<ArrowMessage> read_message(const Buffer& batch, const LogBatchHeader& header);

/// Reads the metadata of a record batch message; `body_size_max` is how much may follow it. The
/// result is as safe as that of read_message(). Errors: malformed.
[[nodiscard]] Result<MessageMetadata> read_metadata(Bytes flatbuffer, std::size_t body_size_max);

/// Bytes in front of the encoded metadata: marker and size.
inline constexpr std::size_t message_prefix_size = 8;

/// Everything of a message that comes before its body, padded. Its size depends on how many nodes
/// and buffers there are and on whether there is a codec, on nothing else.
[[nodiscard]] std::vector<std::byte> encode_message_head(const MessageMetadata& metadata);

}  // namespace millrace::protocol
