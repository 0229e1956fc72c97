#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

// A bucket's log, a produce request and a fetch response all hold the same thing: record batches
// one after the other, with nothing around them. A batch is a header of 48 bytes, then its rows: in
// format ARROW one change type byte per row, unless it is append-only, and one Arrow message; in
// the row formats one record per row, see row_batch.hpp. Base offset and timestamp lie in front of
// what the checksum covers, so a leader stamps a batch without touching the rest. A batch without
// rows moves a writer's sequence on; whatever follows its header is never read. A batch of magic 1
// has statistics of its columns between header and rows, and their length as one more field of the
// header. Source: Fluss log record batch, magic 0 and 1 of client 1.0.0.

namespace millrace::protocol {

inline constexpr std::size_t log_batch_header_size = 48;
inline constexpr std::int8_t magic_plain = 0;
inline constexpr std::int8_t magic_statistics = 1;
/// The length in a header counts the bytes from here on.
inline constexpr std::size_t length_field_end = 12;
/// Sizes travel as int32.
inline constexpr std::size_t log_batch_size_max = (std::size_t{1} << 31) - 1;

/// What a row does to the table. The codes are those of the wire.
enum class ChangeType : std::uint8_t {
  append = 0,
  insert = 1,
  update_before = 2,
  update_after = 3,
  remove = 4,
};

struct LogBatchHeader {
  Offset base_offset = 0;   ///< A client sends 0; the leader assigns it.
  std::int32_t length = 0;  ///< Bytes that follow this field.
  std::int8_t magic = 0;
  EpochMillis commit_timestamp = 0;  ///< A client sends 0; the leader assigns it.
  std::uint32_t crc = 0;             ///< Of everything from the schema id on.
  std::int16_t schema_id = 0;
  std::uint8_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  WriterId writer = no_writer;
  std::int32_t batch_sequence = -1;
  std::int32_t record_count = 0;
  /// Of the block behind the fields, with magic 1. Known once the whole batch was there.
  std::int32_t statistics_length = 0;

  /// Of the whole batch, header included.
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(length) + length_field_end;
  }
  [[nodiscard]] bool append_only() const { return (attributes & 1) != 0; }
  [[nodiscard]] Offset last_offset() const { return base_offset + last_offset_delta; }
  /// Offset of whatever follows. A batch without rows takes one offset, too.
  [[nodiscard]] Offset next_offset() const { return last_offset() + 1; }
  /// Bytes of the fields.
  [[nodiscard]] std::size_t fields_size() const {
    return log_batch_header_size + (magic == magic_statistics ? sizeof(statistics_length) : 0);
  }
  /// Where the change types start, if there are any. This and the next one mean nothing for a batch
  /// without rows.
  [[nodiscard]] std::size_t change_types_offset() const {
    return fields_size() + static_cast<std::size_t>(statistics_length);
  }
  /// Where the Arrow message starts. Means nothing in other formats or without rows.
  [[nodiscard]] std::size_t message_offset() const {
    return change_types_offset() + (append_only() ? 0 : static_cast<std::size_t>(record_count));
  }
  friend bool operator==(const LogBatchHeader&, const LogBatchHeader&) = default;
};

/// Reads a header whose batch need not be there. Errors: malformed (fewer than 48 bytes, a magic
/// other than 0 and 1, a length, count or offset that no writer produces). What it returns can be
/// used without overflow, and size(), record count and last offset delta agree with each other.
[[nodiscard]] Result<LogBatchHeader> parse_header(Bytes at_least_a_header);

/// The header of the one batch in `batch`, no byte less or more. Errors: malformed.
[[nodiscard]] Result<LogBatchHeader> parse_whole_batch(Bytes batch);

/// Appends the fields of `header`, crc as it is.
void append_header(std::vector<std::byte>& out, const LogBatchHeader& header);

/// Writes the checksum of `batch` into its header. Requires one whole batch.
void seal_crc(std::vector<std::byte>& batch);

/// `batch` with `header` in its first 48 bytes, length and checksum filled in. Requires these bytes
/// to be there, and no more than log_batch_size_max.
[[nodiscard]] Buffer finish_batch(std::vector<std::byte> batch, LogBatchHeader header);

/// Compares the checksum. Errors: malformed (no valid header, or not exactly one batch), corrupt.
/// Not for a projected batch: its checksum is that of the batch it was cut from.
[[nodiscard]] Status verify_crc(Bytes whole_batch);

/// Cuts what a client sent into its batches; no bytes are copied. Errors: malformed, also when the
/// last batch is incomplete.
[[nodiscard]] Result<std::vector<Buffer>> split_batches(const Buffer& records);

struct LogBatch {
  LogBatchHeader header;
  Buffer bytes;  ///< The whole batch.
};

/// Walks the complete batches of what a server sent or of a stretch of a segment. A fetch may end
/// within a batch, so an incomplete tail is not an error.
class BatchCursor {
 public:
  explicit BatchCursor(Buffer records) : records_(std::move(records)) {}

  /// The next complete batch, or nothing when only an incomplete one or none is left. Errors:
  /// malformed; the cursor stays where it is.
  [[nodiscard]] Result<std::optional<LogBatch>> next();

  /// Bytes of the batches returned so far.
  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  Buffer records_;
  std::size_t position_ = 0;
};

/// `batch` with base offset and timestamp put in: a header of its own, then the rest of `batch`
/// uncopied. Requires a whole batch and base >= 0.
[[nodiscard]] std::vector<Buffer> stamp(const Buffer& batch, Offset base, EpochMillis timestamp);

/// `batch` as this writer's batch of this sequence: a copy, with the checksum that goes with it.
/// Requires a whole batch.
[[nodiscard]] Buffer signed_by(const Buffer& batch, WriterId writer, std::int32_t sequence);

/// One entry per row of an ARROW batch; none for an append-only one, whose rows are all appends.
/// Errors: malformed (too short for its rows, or an unknown change type).
[[nodiscard]] Result<std::vector<ChangeType>> change_types_of(const Buffer& batch);

/// Total size of `pieces`.
[[nodiscard]] std::size_t sum_of(const std::vector<Buffer>& pieces);

}  // namespace millrace::protocol
