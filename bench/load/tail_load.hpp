#pragma once
#include "apps/cli/session.hpp"
#include "bench/load/cost.hpp"
#include "bench/load/load_options.hpp"
#include "bench/record/percentile.hpp"

namespace millrace::bench {

struct TailResult {
  std::int64_t rows = 0;
  Percentiles seen;          ///< From when a row was due to when a reader had it.
  Percentiles acknowledged;  ///< From when it was due to when its writer was told.
  Cost cost;
};

/// Makes the table anew, writes rows at a steady rate, each as soon as it is due, and reads them as
/// they come, over two connections on one thread. The first two seconds are not counted. A row that
/// is late because of what came before it is counted as late.
[[nodiscard]] cli::Done<TailResult> run_tail(cli::Session& session, const LoadOptions& options);

}  // namespace millrace::bench
