#pragma once
#include <cstdint>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace::device {

// What a replica orders from the device its log lies on.
struct OpenLog {};
struct AppendBatches {
  std::vector<StampedBatch> batches;
  bool durable = false;        ///< Answered when it is on the device, not before.
  std::vector<EpochRun> runs;  ///< Begin within the batches, at the start of one.
};
struct ReadRange {
  Offset from = 0;
  Offset limit = 0;
  std::size_t bytes_max = 0;
};
struct FindTimestamp {
  EpochMillis timestamp = 0;
};
/// Rows from the log's end on are of this leadership.
struct BeginEpoch {
  LeaderEpoch epoch;
};
/// Cuts off the rows from `offset` on, as TableLog::truncate().
struct CutLog {
  Offset offset = 0;
};
/// Deletes all rows: the log begins anew at `start`.
struct RestartLog {
  Offset start = 0;
};
struct CloseLog {};
struct RemoveLog {};
struct ExpireLog {
  Expiry expiry;
};
using Order = std::variant<OpenLog, AppendBatches, ReadRange, FindTimestamp, CloseLog, RemoveLog,
                           ExpireLog, BeginEpoch, CutLog, RestartLog>;

// What comes back.
struct LogOpened {
  Offset start = 0;
  Offset end = 0;
  EpochMillis max_timestamp = -1;
  std::vector<BatchSummary> recent;  ///< The last batches of every writer, oldest first.
  LeaderEpochs epochs;
};
struct BatchesAppended {};
struct EpochHasBegun {};
struct RangeRead {
  Buffer bytes;
};
struct TimestampFound {
  Offset offset = 0;
};
struct LogRemoved {};
struct LogExpired {
  Offset start = 0;  ///< Where the log starts now.
};
struct OrderFailed {
  Error error;
  Offset end = 0;  ///< Where the log ends now.
};
using Outcome = std::variant<LogOpened, BatchesAppended, RangeRead, TimestampFound, LogRemoved,
                             LogExpired, EpochHasBegun, OrderFailed>;

}  // namespace millrace::device
