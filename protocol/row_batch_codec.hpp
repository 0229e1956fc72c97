#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/cell.hpp"
#include "protocol/table_descriptor.hpp"

// Rows in Arrow's columns to batches of the row formats, and back.

namespace millrace::protocol {

/// `rows`, whose columns are those of `schema`, as a batch with base offset and timestamp 0.
/// Compression plays no part. Errors: malformed (other columns; a value that the format cannot
/// hold: see CellSource, append_indexed_row()), overloaded (larger than a batch can be).
[[nodiscard]] Result<Buffer> encode_row_batch(const arrow::RecordBatch& rows, const Schema& schema,
                                              RowFormat format, const EncodeOptions& options);

struct DecodedRows {
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<ChangeType> changes;  ///< One per row; empty when all are appends.
};

/// The columns at `fields` of the one batch in `batch`; all of them when `fields` is empty. The
/// checksum is not looked at. All values are validated. Requires positions in `schema`. Errors:
/// malformed, overloaded (more than decompressed_size_max).
[[nodiscard]] Result<DecodedRows> decode_row_batch(const Buffer& batch, const Schema& schema,
                                                   RowFormat format,
                                                   std::span<const std::int32_t> fields = {});

}  // namespace millrace::protocol
