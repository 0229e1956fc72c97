#pragma once
#include <functional>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/cell.hpp"
#include "protocol/log_batch.hpp"

// Batches of the formats INDEXED and COMPACTED: record after record, each a length, a change type
// and a row. The change type is there even where the header says append-only. Source: Fluss log
// record batch, row formats.

namespace millrace::protocol {

/// Appends one record whose row `append_row_to` appends. What it fails with is returned.
[[nodiscard]] Status append_record(
    std::vector<std::byte>& out, ChangeType change,
    const std::function<Status(std::vector<std::byte>&)>& append_row_to);

/// Walks the records of `batch`, which is whole and begins with `header`: hands each to `take`, and
/// stops at the first error. Errors: malformed (the records are not as many as the header says, or
/// not exactly all of the batch; an unknown change type), and what `take` returns.
[[nodiscard]] Status for_each_record(const Buffer& batch, const LogBatchHeader& header,
                                     const std::function<Status(ChangeType, Bytes row)>& take);

/// Whether the one batch in `batch` can be stored in a table whose rows are of the ROW type `row`:
/// every value of every row can be found, see check_row(). Errors: malformed.
[[nodiscard]] Status check_row_batch(const Buffer& batch, RowFormat format, const DataType& row);

}  // namespace millrace::protocol
