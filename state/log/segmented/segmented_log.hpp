#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "state/disk/port/disk.hpp"
#include "state/log/port/recent_batches.hpp"
#include "state/log/port/table_log.hpp"
#include "state/log/segmented/epoch_file.hpp"
#include "state/log/segmented/log_start.hpp"
#include "state/log/segmented/segment.hpp"

namespace millrace {

struct SegmentedLogOptions {
  /// A segment that would grow beyond it is followed by a new one. At most 2^31 - 1.
  std::uint64_t segment_bytes = std::uint64_t{1} << 30;
  /// An append is indexed when more than this was appended since the last one that was.
  std::uint64_t index_interval_bytes = 4096;
  /// Segments below the last one that are kept open for readers. At least 1.
  std::size_t finished_open_max = 2;
  /// Room that is made behind the end of a log whose groups of appends are synced, if they are
  /// small; never more than the log holds. Zero: none.
  std::uint64_t room_bytes = std::uint64_t{1} << 20;
  /// Room is made only while this much, and room for many other logs, stays free on the disk.
  std::uint64_t reserve_bytes = 0;
};

/// A bucket's log as a row of segments in one folder. See docs/formats/log.md for the files.
class SegmentedLog final : public TableLog {
 public:
  /// Opens or creates the log in `folder`. `disk` must outlive it. Errors as LogStore::open.
  [[nodiscard]] static Result<std::unique_ptr<SegmentedLog>> open(
      Disk& disk, const std::string& folder, const SegmentedLogOptions& options);

  [[nodiscard]] Offset start_offset() const override;
  [[nodiscard]] Offset end_offset() const override { return active_->end_offset(); }
  [[nodiscard]] EpochMillis max_timestamp() const override;
  [[nodiscard]] std::uint64_t size_bytes() const override;
  [[nodiscard]] std::size_t segment_count() const override { return finished_.size() + 1; }
  [[nodiscard]] Status append(const std::vector<StampedBatch>& batches) override;
  [[nodiscard]] const LeaderEpochs& epochs() const override { return epochs_->runs(); }
  [[nodiscard]] Status begin_epoch(LeaderEpoch epoch) override;
  [[nodiscard]] Status truncate(Offset offset) override;
  [[nodiscard]] Result<Buffer> read(Offset from, Offset limit, std::size_t bytes_max) override;
  [[nodiscard]] Result<Offset> offset_at(EpochMillis timestamp) override;
  [[nodiscard]] Status expire(const Expiry& expiry) override;
  [[nodiscard]] const std::vector<BatchSummary>& remembered() const override {
    return log_start_.writers;
  }
  [[nodiscard]] Result<std::vector<BatchSummary>> recent_batches() override;
  [[nodiscard]] Status for_each_batch(
      const std::function<void(const BatchSummary&)>& visit) override;
  [[nodiscard]] std::vector<DamagedRows> take_damage() override;
  [[nodiscard]] Offset sound_behind(Offset from) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] Status close() override;
  [[nodiscard]] Status commit() override;
  void rest() override;
  void distrust() override;

 private:
  /// A segment that is not appended to any more.
  struct Finished {
    Offset base;
    Offset end;
    std::uint64_t size_bytes;
    EpochMillis max_timestamp;
  };

  SegmentedLog(Disk& disk, std::string folder, const SegmentedLogOptions& options)
      : disk_(disk),
        failed_syncs_before_(disk.failed_syncs()),
        folder_(std::move(folder)),
        options_(options) {}

  [[nodiscard]] Status open_segments();
  [[nodiscard]] Status open_start();
  [[nodiscard]] Status create_first();
  [[nodiscard]] Status open_epochs();
  [[nodiscard]] Status forget_epochs_behind_end();
  [[nodiscard]] Status cut(Offset offset);
  [[nodiscard]] Status cut_files(Offset offset);
  [[nodiscard]] Result<Finished> open_finished(Offset base, Offset end, const SegmentTrust& trust,
                                               bool recover);
  [[nodiscard]] Status roll();
  [[nodiscard]] bool active_is_due(const Expiry& expiry) const;
  [[nodiscard]] Result<LogStart> start_behind(std::size_t segments, const Expiry& expiry);
  [[nodiscard]] Status save_start(const LogStart& start);
  void delete_below_start();
  void forget_epochs_below_start();
  [[nodiscard]] Status refuse_writes(const Error& error);
  [[nodiscard]] Status sync_active();
  void make_room();
  void save_recovery_point();
  void save_recent(Offset end);
  [[nodiscard]] Status add_recent_from(Offset from, RecentBatches& recent);
  [[nodiscard]] Result<Segment*> segment_of(std::size_t position);
  [[nodiscard]] SegmentPlace place_of(Offset base) const;
  void gather_damage(Segment& segment);
  void gather_damage();

  Disk& disk_;
  std::uint64_t failed_syncs_before_;  // Of the disk, when the log was opened.
  std::string folder_;
  SegmentedLogOptions options_;
  std::vector<Finished> finished_;                // Oldest first.
  std::unique_ptr<Segment> active_;               // Never null once open.
  std::vector<std::unique_ptr<Segment>> opened_;  // Of the finished ones, latest used last.
  std::map<Offset, Offset> damage_;               // All that is known of: from, to.
  std::vector<DamagedRows> new_damage_;           // Not taken yet.
  std::optional<RecentBatches> recent_;           // Once somebody asked.
  std::optional<EpochFile> epochs_;               // There once open.
  LogStart log_start_;
  RecoveryPoint saved_;
  RecoveryPoint durable_;
  bool refuses_writes_ = false;
  bool is_without_room_ = false;  // Its device refused to make any.
};

}  // namespace millrace
