#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.hpp"

// Protobuf encoding by hand, for the messages that carry record batches: generated code would copy
// every batch into a string. Only the two wire types that those messages use have names here.

namespace millrace::protocol {

/// Bytes a varint takes. Negative int32 and int64 values take ten.
[[nodiscard]] std::size_t varint_size(std::uint64_t value);

/// Builds a message as pieces: small fields gather in one allocation, buffers stay where they are.
class PieceWriter {
 public:
  void varint_field(std::uint32_t number, std::int64_t value);
  void bytes_field(std::uint32_t number, std::string_view value);
  /// Tag and length of a bytes field or submessage whose `length` bytes are written next.
  void open_field(std::uint32_t number, std::size_t length);
  void append(Buffer buffer);

  [[nodiscard]] std::vector<Buffer> finish() &&;

 private:
  struct Insertion {
    std::size_t position;  // In small_.
    Buffer buffer;
  };

  void varint(std::uint64_t value);

  std::string small_;
  std::vector<Insertion> insertions_;
};

/// Sizes of what PieceWriter writes.
[[nodiscard]] std::size_t varint_field_size(std::uint32_t number, std::int64_t value);
[[nodiscard]] std::size_t bytes_field_size(std::uint32_t number, std::size_t length);

/// One field of a message. `bytes` is set for length-delimited fields, `value` for varints; fields
/// of the other wire types are skipped, as unknown fields are.
struct WireField {
  std::uint32_t number = 0;
  bool is_bytes = false;
  std::uint64_t value = 0;
  std::size_t offset = 0;  ///< Of the field's bytes within the message.
  std::size_t length = 0;
};

/// Walks over the fields of a message without copying.
class WireReader {
 public:
  explicit WireReader(Bytes message) : message_(message) {}

  /// The next field; nothing at the end or at bytes that are no protobuf: then failed() is true.
  [[nodiscard]] std::optional<WireField> next();
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint();
  [[nodiscard]] bool skip(std::uint64_t size);

  Bytes message_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

}  // namespace millrace::protocol
