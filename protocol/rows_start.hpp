#pragma once
#include <cstddef>
#include <functional>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::protocol {

/// Bytes of a batch from `offset` on; valid until the next call.
using ReadBatchAt = std::function<Result<Bytes>(std::size_t offset, std::size_t size)>;

/// Whether the rows of a batch of format ARROW start where its header says. No checksum covers the
/// magic, so this is what tells a batch with statistics from one without. Requires a header as
/// parse_header() gives it. Errors: malformed (there is no Arrow message); those of `read`.
[[nodiscard]] Status check_rows_start(LogBatchHeader header, const ReadBatchAt& read);

/// The same of a batch that is there.
[[nodiscard]] Status check_rows_start(const LogBatchHeader& header, Bytes batch);

}  // namespace millrace::protocol
