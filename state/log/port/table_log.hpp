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
#include "state/log/port/leader_epochs.hpp"

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

/// What a log may let go of.
struct Expiry {
  EpochMillis older_than = 0;  ///< A segment goes when all its batches are older.
  Offset limit = 0;            ///< Nothing at or above it goes.
  /// Whether the last segment is closed when it is due itself, so that it can go like the others.
  bool roll_active = false;
  /// Writers whose last batch is older need not be remembered beyond their batches.
  EpochMillis writers_older_than = 0;
};

/// Rows that were written and cannot be read any more.
struct DamagedRows {
  Offset from = 0;
  Offset to = 0;  ///< The first row behind them.
  friend bool operator==(const DamagedRows&, const DamagedRows&) = default;
};

/// One bucket's log: a row of record batches. Not thread-safe: one device thread owns it.
class TableLog {
 public:
  virtual ~TableLog() = default;

  /// Offset of the first row that is kept.
  [[nodiscard]] virtual Offset start_offset() const = 0;
  /// Offset that the next row gets.
  [[nodiscard]] virtual Offset end_offset() const = 0;
  /// Largest timestamp that the log ever had, deleted batches included; -1 if it never had any.
  [[nodiscard]] virtual EpochMillis max_timestamp() const = 0;
  [[nodiscard]] virtual std::uint64_t size_bytes() const = 0;
  [[nodiscard]] virtual std::size_t segment_count() const = 0;

  /// Appends batches whose bases follow on end_offset(). All or nothing: after an error the log is
  /// as before. Errors: overloaded (disk full), unavailable (the device failed; the log is closed
  /// for writing until it is opened again).
  [[nodiscard]] virtual Status append(const std::vector<StampedBatch>& batches) = 0;

  /// Which leadership its rows were appended under.
  [[nodiscard]] virtual const LeaderEpochs& epochs() const = 0;
  /// Rows from end_offset() on are of this leadership. As durable as rows that are appended now.
  /// An epoch that has begun already is fine, and so is an older one if the last got no row: a
  /// follower may have led, and its leader's rows be of a leadership before that. Errors: as
  /// append(), malformed (older than one with rows).
  [[nodiscard]] virtual Status begin_epoch(LeaderEpoch epoch) = 0;

  /// Cuts off the rows at and above `offset`, durably, with all of a batch that holds it: for a
  /// follower whose log parted from its leader's. Requires start_offset() <= offset. After an error
  /// the log is closed for writing. Errors: unavailable.
  [[nodiscard]] virtual Status truncate(Offset offset) = 0;

  /// Whole batches from the one that holds `from` on, in order, none of which starts at or above
  /// `limit`, all of one segment. Stops before the batch that would exceed `bytes_max`; the first
  /// is returned whatever its size. Empty if from >= limit. Requires start_offset() <= from. Every
  /// batch is checked by its checksum; those before a damaged one are returned. Errors: corrupt
  /// (the rows at `from` are damaged; the message says where the log goes on), unavailable.
  [[nodiscard]] virtual Result<Buffer> read(Offset from, Offset limit, std::size_t bytes_max) = 0;

  /// Offset of the first batch whose timestamp is at or above `timestamp`; end_offset() if none is.
  [[nodiscard]] virtual Result<Offset> offset_at(EpochMillis timestamp) = 0;

  /// Deletes whole segments from the front, oldest first, never the last one. start_offset() moves
  /// for good: no crash takes it back. What was read from deleted segments stays valid. Errors:
  /// overloaded, unavailable; the log is as before then, or has closed its last segment.
  [[nodiscard]] virtual Status expire(const Expiry& expiry) = 0;

  /// The last batches of writers that lay in deleted segments, in order: they come before those
  /// that for_each_batch() visits.
  [[nodiscard]] virtual const std::vector<BatchSummary>& remembered() const = 0;

  /// The last batches of every writer, in log order, deleted ones included: what a replica goes on
  /// from. Only what came since the last roll or close() is walked for it. Errors: unavailable.
  [[nodiscard]] virtual Result<std::vector<BatchSummary>> recent_batches() = 0;

  /// Calls `visit` for every batch in order (headers only, rows are not read). Damaged ones are
  /// passed over.
  [[nodiscard]] virtual Status for_each_batch(
      const std::function<void(const BatchSummary&)>& visit) = 0;

  /// Rows found damaged since the last call, by whatever was called. The log serves all others.
  [[nodiscard]] virtual std::vector<DamagedRows> take_damage() = 0;

  /// The first row at or behind `from` that is not known to be damaged.
  [[nodiscard]] virtual Offset sound_behind(Offset from) = 0;

  /// Makes everything appended so far durable, also after a failed append. Errors: unavailable, and
  /// from then on always: a sync that failed cannot be made up for.
  [[nodiscard]] virtual Status sync() = 0;
  /// The same, and notes what makes opening it again quick. Nothing is appended after it.
  [[nodiscard]] virtual Status close() = 0;

  /// Makes it durable without noting how far: sync() within a while does that. For those who wait;
  /// it may take some of the disk's room in advance, so that the next ones wait less.
  [[nodiscard]] virtual Status commit() = 0;
  /// Nobody appends for a while: gives that room back.
  virtual void rest() = 0;
  /// The device failed elsewhere: the log is closed for writing, and whoever opens it next does not
  /// believe what was not synced.
  virtual void distrust() = 0;
};

/// The logs of one data directory.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Opens or creates a bucket's log, cutting a torn tail. Bad batches below the recovery point are
  /// damage that is left out: see TableLog::take_damage(). Errors: corrupt (files that were there
  /// are not, or a bad end that cannot be told from damage), overloaded, unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<TableLog>> open(BucketId bucket) = 0;
  /// Deletes what there is of a bucket's log, and opens an empty one that starts at `start`: for a
  /// follower whose leader has deleted everything that it has. It must not be open. After a crash
  /// in between the log is empty. Errors: as remove() and open().
  [[nodiscard]] virtual Result<std::unique_ptr<TableLog>> restart(BucketId bucket,
                                                                  Offset start) = 0;
  /// Deletes a bucket's log. It must not be open. An absent one is fine.
  [[nodiscard]] virtual Status remove(BucketId bucket) = 0;
  /// Of the device that the logs lie on.
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes() = 0;
  /// Makes everything durable that is in the logs, open or not, by whichever process it was
  /// written. After a failure nobody believes what is in them before they are opened anew.
  [[nodiscard]] virtual Status sync_all() = 0;
  /// How many syncs of the device have failed: see Disk.
  [[nodiscard]] virtual std::uint64_t failed_syncs() const = 0;
  /// Every bucket that has a log here, in order.
  [[nodiscard]] virtual Result<std::vector<BucketId>> list() = 0;
};

}  // namespace millrace
