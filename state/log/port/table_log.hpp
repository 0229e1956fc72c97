#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace millrace {

/// What the log needs to know of a batch, and what a replica rebuilds its writers' state from.
struct BatchSummary {
  Offset base = 0;
  Offset last = 0;  ///< Offset of the last row; an empty batch still takes one offset.
  EpochMillis timestamp = 0;
  WriterId writer = no_writer;
  std::int32_t sequence = -1;
  friend bool operator==(const BatchSummary&, const BatchSummary&) = default;
};

/// A batch ready to be written: its header carries base offset and timestamp already.
struct StampedBatch {
  BatchSummary summary;
  std::vector<Buffer> pieces;  ///< The batch's bytes, in order.
};

/// One bucket's log: a row of record batches. Not thread-safe: one device thread owns it.
class TableLog {
 public:
  virtual ~TableLog() = default;

  /// Offset of the first row that is kept.
  [[nodiscard]] virtual Offset start_offset() const = 0;
  /// Offset that the next row gets.
  [[nodiscard]] virtual Offset end_offset() const = 0;
  /// Largest timestamp in the log, or -1 when it is empty.
  [[nodiscard]] virtual EpochMillis max_timestamp() const = 0;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  [[nodiscard]] virtual std::size_t segment_count() const = 0;

  /// Appends batches whose bases follow on end_offset(). All or nothing: after an error the log is
  /// as before. Errors: overloaded (disk full), unavailable (the device failed; the log is closed
  /// for writing until it is opened again).
  [[nodiscard]] virtual Status append(const std::vector<StampedBatch>& batches) = 0;

  /// Whole batches from the one that holds `from` on, in order, none of which starts at or above
  /// `limit`, all of one segment. Stops before the batch that would exceed `bytes_max`; the first
  /// is returned whatever its size. Empty if from >= limit. Requires start_offset() <= from.
  /// Errors: corrupt, unavailable.
  [[nodiscard]] virtual Result<Buffer> read(Offset from, Offset limit, std::size_t bytes_max) = 0;

  /// Offset of the first batch whose timestamp is at or above `timestamp`; end_offset() if none is.
  [[nodiscard]] virtual Result<Offset> offset_at(EpochMillis timestamp) = 0;

  /// Calls `visit` for every batch in order (headers only, rows are not read).
  [[nodiscard]] virtual Status for_each_batch(
      const std::function<void(const BatchSummary&)>& visit) = 0;

  /// Makes everything appended so far durable.
  [[nodiscard]] virtual Status sync() = 0;
};

/// The logs of one data directory.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Opens or creates a bucket's log, cutting a torn tail. Errors: corrupt (a bad batch below the
  /// recovery point), overloaded, unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<TableLog>> open(BucketId bucket) = 0;
  /// Deletes a bucket's log. It must not be open. An absent one is fine.
  [[nodiscard]] virtual Status remove(BucketId bucket) = 0;
  /// Every bucket that has a log here, in order.
  [[nodiscard]] virtual Result<std::vector<BucketId>> list() = 0;
};

}  // namespace millrace
