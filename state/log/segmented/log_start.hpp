#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "state/disk/port/disk.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace {

/// Where a log begins whose first segments were deleted, and what of them is still of use. It is
/// written before anything is deleted: a segment below it is rubbish, whether it is there or not.
struct LogStart {
  Offset offset = 0;
  EpochMillis max_timestamp = -1;     ///< The largest that was deleted.
  std::vector<BatchSummary> writers;  ///< The last batches of writers that were deleted, in order.

  friend bool operator==(const LogStart&, const LogStart&) = default;
};

[[nodiscard]] std::string log_start_path(const std::string& folder);
/// The same kind of file about the rows below some other offset: see
/// SegmentedLog::recent_batches().
[[nodiscard]] std::string recent_path(const std::string& folder);

[[nodiscard]] std::vector<std::byte> encode(const LogStart& start);
/// Errors: corrupt (checksum, length or values that cannot be), malformed (written by a newer
/// format).
[[nodiscard]] Result<LogStart> parse_log_start(Bytes bytes);

/// Nothing if the file does not exist. Errors: as parse_log_start, unavailable.
[[nodiscard]] Result<std::optional<LogStart>> load_log_start(Disk& disk, const std::string& path);

}  // namespace millrace
