#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/cli/session.hpp"
#include "client/table.hpp"

namespace millrace::demo {

/// A row that has just come out of the table.
struct LiveRow {
  std::int64_t flight = 0;
  std::string carrier;
  std::string origin;
  std::string destination;
  Duration latency = {};  ///< From append() to the moment when the reader was handed the row.
};

struct LiveRequest {
  client::TablePath table;
  std::vector<Endpoint> bootstrap;
  /// Written one by one, under flight numbers of their own by which they are known again.
  std::shared_ptr<arrow::RecordBatch> rows;
  std::int64_t first_flight = 0;
  Duration between = 250ms;
  Duration silence_max = 10s;
};

/// Writes rows at a trickle through a client of its own while `session` reads the table's end;
/// calls `on_row` for each as it comes. Returns all latencies in the order of arrival. Errors:
/// those of the two clients, request_time_out when no row comes for too long.
[[nodiscard]] cli::Done<std::vector<Duration>> tail_live(
    cli::Session& session, const LiveRequest& request,
    const std::function<void(const LiveRow&)>& on_row);

/// Row `index` of `rows` alone, its column `flight` replaced. Errors: malformed when there is no
/// such column of type BIGINT.
[[nodiscard]] Result<std::shared_ptr<arrow::RecordBatch>> renumbered_row(
    const arrow::RecordBatch& rows, std::int64_t index, std::int64_t flight);

}  // namespace millrace::demo
