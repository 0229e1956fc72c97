#pragma once
#include "bench/load/cost.hpp"
#include "bench/load/load_table.hpp"

namespace millrace::bench {

struct AppendResult {
  std::int64_t rows = 0;
  std::int64_t batches = 0;
  double logical_bytes_per_row = 0;
  std::uint64_t wire_bytes = 0;  ///< Of the batches, without the frames around them.
  Cost cost;
};

/// Makes the table anew and appends batches that were encoded ahead, as many at a time as a bucket
/// takes, until all are acknowledged. A few that are not counted go first.
[[nodiscard]] cli::Done<AppendResult> run_append(cli::Session& session, const LoadOptions& options);

}  // namespace millrace::bench
