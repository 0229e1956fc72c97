#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "apps/cli/session.hpp"
#include "base/buffer.hpp"
#include "bench/load/load_options.hpp"
#include "client/appender.hpp"

namespace millrace::bench {

/// The table of `options`, with one replica.
[[nodiscard]] protocol::TableDescriptor descriptor_of(const LoadOptions& options);

/// Makes the table of `options` anew, with one replica, and waits until all its buckets answer.
[[nodiscard]] cli::Done<void> make_table(cli::Session& session, const LoadOptions& options);

/// A writer for the table that takes so many batches before the first is answered.
[[nodiscard]] cli::Done<std::shared_ptr<client::Appender>> open_appender(
    cli::Session& session, const client::TablePath& table, std::size_t pending_batches_max);

/// Batches encoded ahead, so that a driver's time is that of sending. They differ from each other,
/// and are sent again and again.
struct LoadBatches {
  std::vector<Buffer> batches;
  std::int64_t rows_per_batch = 0;
  double logical_bytes_per_row = 0;
};

/// Enough batches of about the size asked for, of a schema id.
[[nodiscard]] Result<LoadBatches> encode_batches(const LoadOptions& options,
                                                 std::int16_t schema_id);

}  // namespace millrace::bench
