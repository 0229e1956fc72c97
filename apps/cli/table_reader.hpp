#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/session.hpp"
#include "client/scanner.hpp"

namespace millrace::cli {

/// Where to start reading.
struct StartAt {
  enum class Kind { earliest, latest, offset, timestamp };
  Kind kind = Kind::earliest;
  Offset offset = 0;          ///< In every bucket; not below its first row.
  EpochMillis timestamp = 0;  ///< The first row that is not older.
};

/// "earliest", "latest", "42", "@1357027200000", "@2013-01-01T08:00:00Z". Errors: malformed.
[[nodiscard]] Result<StartAt> parse_start(std::string_view text);

struct ReadRequest {
  client::TablePath table;
  std::vector<std::string> columns = {};  ///< In this order; empty: all.
  StartAt start = {};
  bool follow = false;                        ///< Go on when the end is reached.
  std::optional<std::int64_t> rows_max = {};  ///< Ends the reading.
};

struct ReadSummary {
  std::int64_t rows = 0;
  std::uint64_t wire_bytes = 0;  ///< Fetch answers as they came, frames included.
  Duration took = {};
};

/// What reads a table: the columns first, then batches in the order of each bucket. Returning false
/// ends the reading.
struct RowSink {
  std::function<void(const client::Scanner&)> on_open;
  std::function<bool(const client::ScannedBatch&)> on_rows;
  /// Nothing new came for a moment: time to show what is held back.
  std::function<void()> on_idle = [] {};
};

/// Reads up to the rows that exist now, or on and on with `follow`; of a partitioned table, the
/// partitions that exist now. Errors: as the server's;
/// request_time_out if a bucket is not readable for the session's time limit.
[[nodiscard]] Done<ReadSummary> read_table(Session& session, const ReadRequest& request,
                                           Duration silence_max, const RowSink& sink);

/// Offsets of all buckets. Errors: those of the first bucket that has none.
[[nodiscard]] Done<std::vector<Offset>> offsets_of(Session& session, const client::TablePath& table,
                                                   client::OffsetQuery query);
/// The same of a table or of a partition.
[[nodiscard]] Done<std::vector<Offset>> offsets_of(Session& session, const client::TableInfo& place,
                                                   client::OffsetQuery query);

/// Where the rows of a table lie now: the table itself, or each of its partitions.
[[nodiscard]] Done<std::vector<client::TablePtr>> places_of(Session& session,
                                                            const client::TablePath& table);

}  // namespace millrace::cli
