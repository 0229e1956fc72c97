#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/compression.hpp"
#include "protocol/log_batch.hpp"

// Rows to ARROW batches and back, by way of Arrow's own reader and writer. Only compression is done
// here: Arrow C++ writes LZ4 frames that the Java client cannot read (blocks that depend on each
// other), and cannot read the empty buffers that the Java client writes.

namespace millrace::protocol {

/// What one batch may grow to when its buffers are decompressed.
inline constexpr std::int64_t decompressed_size_max = std::int64_t{1} << 30;

struct EncodeOptions {
  std::int16_t schema_id = 1;
  Compression compression = {};
  WriterId writer = no_writer;
  std::int32_t sequence = -1;
  std::span<const ChangeType> changes = {};  ///< One per row; empty for an append-only batch.
};

/// The header that a batch of so many rows starts with; see finish_batch() for the rest. Requires
/// changes for every row or none. Errors: overloaded (more rows than a batch counts).
[[nodiscard]] Result<LogBatchHeader> start_header(std::int64_t rows, const EncodeOptions& options);

/// `rows` as a batch of format ARROW with base offset and timestamp 0. A buffer that compression
/// would not shrink is stored raw. Errors: malformed (a column type that does not travel, see
/// is_wire_type()), overloaded (larger than a batch can be).
[[nodiscard]] Result<Buffer> encode_batch(const arrow::RecordBatch& rows,
                                          const EncodeOptions& options);

/// The rows of the one batch in `batch`; change types are skipped. `schema` is the projected one if
/// the batch was projected. Columns may share memory with `batch`. The checksum is not looked at.
/// All values are validated. Errors: malformed, overloaded (more than decompressed_size_max).
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> decode_batch(
    const Buffer& batch, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace millrace::protocol
