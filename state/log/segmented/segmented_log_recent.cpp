// The last batches of every writer. They follow from the log alone, but walking all of a large one
// at every start would take minutes: at each roll and close they are noted, with the row they are
// true up to, and what is walked is what came after that.
#include "base/planted_bug.hpp"
#include "state/log/segmented/segmented_log.hpp"

namespace millrace {

Result<std::vector<BatchSummary>> SegmentedLog::recent_batches() {
  if (recent_) return recent_->in_order();
  // A note that cannot be read, or is about rows that are not there, is none.
  const auto noted = load_log_start(disk_, recent_path(folder_));
  const bool helps =
      noted && *noted && (*noted)->offset >= start_offset() && (*noted)->offset <= end_offset();
  // Rows that will come in the place of those it tells of shall not make it look true.
  if (!helps) (void)disk_.remove(recent_path(folder_));
  const LogStart& before = helps ? **noted : log_start_;
  RecentBatches recent;
  for (const BatchSummary& batch : before.writers) recent.add(batch);
  Offset from = helps ? before.offset : start_offset();
  if (helps && is_planted(PlantedBug::forget_batches_since_note)) from = end_offset();
  if (auto added = add_recent_from(from, recent); !added) {
    return tl::unexpected(added.error());
  }
  recent_ = std::move(recent);
  return recent_->in_order();
}

Status SegmentedLog::add_recent_from(Offset from, RecentBatches& recent) {
  const auto add = [&](const BatchSummary& batch) {
    if (batch.base >= from) recent.add(batch);
  };
  for (std::size_t i = 0; i < segment_count(); ++i) {
    if (i < finished_.size() && finished_[i].end <= from) continue;
    if (from == end_offset()) break;
    auto segment = segment_of(i);
    if (!segment) return tl::unexpected(segment.error());
    if (auto walked = (*segment)->for_each_batch(add); !walked) return walked;
  }
  return {};
}

void SegmentedLog::save_recent(Offset end) {
  if (!recent_) return;
  // Without it more is walked: a failure fails nobody.
  (void)replace_file(disk_, recent_path(folder_),
                     encode(LogStart{end, max_timestamp(), recent_->in_order()}));
}

Status SegmentedLog::close() {
  rest();
  if (auto synced = sync(); !synced) return synced;
  save_recent(end_offset());
  return {};
}

}  // namespace millrace
