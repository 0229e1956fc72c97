#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/disk/port/disk.hpp"
#include "state/log/port/table_log.hpp"
#include "state/log/segmented/batch_walk.hpp"
#include "state/log/segmented/damage.hpp"
#include "state/log/segmented/index_file.hpp"
#include "state/log/segmented/recovery_point.hpp"

namespace millrace {

/// Where a segment lies and how it is written.
struct SegmentPlace {
  std::string folder;
  Offset base = 0;
  std::uint64_t index_interval_bytes = 4096;
};

/// "log/7/0/00000000000000000100" + ".log", the names of Fluss.
[[nodiscard]] std::string segment_path(const SegmentPlace& place, std::string_view ending);

/// What is known of a segment before it is opened.
struct SegmentTrust {
  RecoveryPoint durable;      ///< A bad batch below it is damage.
  bool may_end_torn = false;  ///< Whether a bad batch above it is cut, not reported.
  /// Where the segment ends, if another one follows: then all of it was durable.
  std::optional<Offset> end = {};
};

/// One file of batches with its two indexes, opened. The last of a log is appended to.
class Segment {
 public:
  /// Makes the files; whatever had their names is emptied. The caller syncs the folder.
  [[nodiscard]] static Result<std::unique_ptr<Segment>> create(Disk& disk,
                                                               const SegmentPlace& place);
  /// Opens a segment of which only `trust` is known: checks every batch behind it by checksum, and
  /// completes or rebuilds the indexes. What is damaged is left out: see take_damage(). Errors:
  /// corrupt (what was durable is not there, or a bad end that may not be torn), overloaded,
  /// unavailable.
  [[nodiscard]] static Result<std::unique_ptr<Segment>> recover(Disk& disk,
                                                                const SegmentPlace& place,
                                                                const SegmentTrust& trust);
  /// Opens a segment that is durable as a whole and ends at `end`; unsound indexes are rebuilt.
  /// Errors: corrupt, overloaded, unavailable.
  [[nodiscard]] static Result<std::unique_ptr<Segment>> open_finished(Disk& disk,
                                                                      const SegmentPlace& place,
                                                                      Offset end);

  [[nodiscard]] Offset base() const { return place_.base; }
  [[nodiscard]] Offset end_offset() const { return end_offset_; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_; }
  /// Nothing when the segment is empty.
  [[nodiscard]] std::optional<EpochMillis> max_timestamp() const;
  /// The point that a successful sync() of the log file at this moment makes true.
  [[nodiscard]] RecoveryPoint here() const;

  /// Appends as TableLog does. `unavailable` means that the segment must not be written any more.
  [[nodiscard]] Status append(const std::vector<StampedBatch>& batches);
  /// The log file only. Every error is `unavailable`.
  [[nodiscard]] Status sync();
  /// Makes room behind the end, so that what fits in there is synced quickly. False if there
  /// is none to be had.
  bool make_room(std::uint64_t bytes);
  [[nodiscard]] bool has_room_for(std::uint64_t bytes) const { return size_ + bytes <= room_end_; }
  /// Gives it back. Without that, whoever opens the segment next does.
  [[nodiscard]] Status give_back_room();
  /// Completes the time index and syncs all three files; appends may still follow. Errors:
  /// overloaded (nothing happened), unavailable.
  [[nodiscard]] Status finish();

  /// Ranges found damaged since the last call.
  [[nodiscard]] std::vector<DamagedRange> take_damage() { return std::exchange(new_damage_, {}); }

  /// Where the batch that holds `offset` begins in the file. Requires base() <= offset <
  /// end_offset(). Errors: corrupt (its rows are damaged), unavailable.
  [[nodiscard]] Result<std::uint64_t> position_of(Offset offset);
  /// Cuts the file there, durably. The segment must be opened anew after it. Every error is
  /// `unavailable`.
  [[nodiscard]] Status cut_tail(std::uint64_t position);

  /// As TableLog. Requires base() <= from < end_offset() and from < limit.
  [[nodiscard]] Result<Buffer> read(Offset from, Offset limit, std::size_t bytes_max);
  /// As TableLog; nothing if every batch is older.
  [[nodiscard]] Result<std::optional<Offset>> offset_at(EpochMillis timestamp);
  [[nodiscard]] Status for_each_batch(const std::function<void(const BatchSummary&)>& visit);

 private:
  /// The largest timestamp and the base offset of the append that brought it first.
  struct Newest {
    EpochMillis timestamp = std::numeric_limits<EpochMillis>::min();
    Offset offset = 0;
  };

  Segment(SegmentPlace place, std::unique_ptr<File> file, OffsetIndex offsets, TimeIndex times);
  [[nodiscard]] static Result<std::unique_ptr<Segment>> open_files(Disk& disk,
                                                                   const SegmentPlace& place,
                                                                   bool create);
  [[nodiscard]] Status recover_opened(const SegmentTrust& trust);
  [[nodiscard]] Result<bool> indexes_are_sound(const RecoveryPoint& known);
  [[nodiscard]] Status rebuild_indexes();
  [[nodiscard]] Status rebuild(const SegmentTrust& trust);
  [[nodiscard]] Status take_in_all(BatchWalk& walk, const SegmentTrust& trust);
  [[nodiscard]] Result<bool> may_cut_at(const BatchWalk& walk, const SegmentTrust& trust);
  /// The next batch of a walk; where it starts with damage, the first one behind that.
  [[nodiscard]] Result<std::optional<LocatedBatch>> next_sound(BatchWalk& walk, BatchCheck check,
                                                               const SoundEnd& end);
  [[nodiscard]] Result<std::optional<LocatedBatch>> next_sound(BatchWalk& walk) {
    return next_sound(walk, BatchCheck::header, {end_offset_, size_});
  }
  [[nodiscard]] Result<bool> is_sound_at(const LocatedBatch& batch);
  /// Notes the damage that begins at `start` and lets the walk go on behind it.
  [[nodiscard]] Status pass_damage(BatchWalk& walk, const SoundEnd& start, const SoundEnd& end);
  [[nodiscard]] Status note_damage(Offset from, std::uint64_t position, const SoundEnd& end);
  [[nodiscard]] const DamagedRange* damage_of(Offset offset) const;
  [[nodiscard]] tl::unexpected<Error> damaged(const DamagedRange& range) const;
  [[nodiscard]] Status take_in(const LocatedBatch& batch);
  [[nodiscard]] Status index_append(Offset last, std::uint64_t position, const Newest& newest);
  [[nodiscard]] Status index_newest(const Newest& newest);
  [[nodiscard]] tl::unexpected<Error> roll_back(const Error& error);
  [[nodiscard]] Result<LocatedBatch> locate(Offset offset);
  [[nodiscard]] Result<LocatedBatch> locate_from(std::uint64_t position, Offset offset);
  [[nodiscard]] Result<std::uint64_t> indexed_position(Offset offset);
  [[nodiscard]] Result<std::size_t> whole_batches(Bytes bytes, const LocatedBatch& first,
                                                  Offset limit, std::size_t bytes_max);
  [[nodiscard]] Result<BatchWalk> walk_from(Offset offset);

  SegmentPlace place_;
  std::unique_ptr<File> file_;
  OffsetIndex offsets_;
  TimeIndex times_;
  std::uint64_t size_ = 0;
  std::uint64_t room_end_ = 0;  // Up to there the file has been made longer.
  Offset end_offset_;
  Newest newest_;
  std::uint64_t bytes_since_entry_ = 0;
  bool rebuilt_ = false;                  // A second rebuild would find nothing new.
  std::vector<DamagedRange> damage_;      // All that is known of.
  std::vector<DamagedRange> new_damage_;  // Not taken yet.
};

}  // namespace millrace
