#pragma once
#include "apps/cli/session.hpp"
#include "bench/load/cost.hpp"
#include "bench/load/load_options.hpp"

namespace millrace::bench {

struct ScanResult {
  std::int64_t rows = 0;
  int columns = 0;
  int columns_of_table = 0;
  std::uint64_t logical_bytes = 0;
  std::uint64_t wire_bytes = 0;  ///< Of the answers, frames included.
  Cost cost;
};

/// Reads the table from its first row to the last that is there now, and decodes all of it. Errors:
/// the server's; usage when the table has fewer columns.
[[nodiscard]] cli::Done<ScanResult> run_scan(cli::Session& session, const LoadOptions& options,
                                             Duration silence_max);

}  // namespace millrace::bench
