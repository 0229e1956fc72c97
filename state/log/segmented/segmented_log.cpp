#include "state/log/segmented/segmented_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"
#include "base/planted_bug.hpp"
#include "state/log/segmented/segment_rewrite.hpp"

namespace millrace {

SegmentPlace SegmentedLog::place_of(Offset base) const {
  return {folder_, base, options_.index_interval_bytes};
}

Offset SegmentedLog::start_offset() const {
  return finished_.empty() ? active_->base() : finished_.front().base;
}

EpochMillis SegmentedLog::max_timestamp() const {
  std::optional<EpochMillis> newest = active_->max_timestamp();
  for (const Finished& segment : finished_) {
    newest = std::max(newest.value_or(segment.max_timestamp), segment.max_timestamp);
  }
  return std::max(newest.value_or(-1), log_start_.max_timestamp);
}

std::uint64_t SegmentedLog::size_bytes() const {
  std::uint64_t sum = active_->size_bytes();
  for (const Finished& segment : finished_) sum += segment.size_bytes;
  return sum;
}

Status SegmentedLog::append(const std::vector<StampedBatch>& batches) {
  if (refuses_writes_) {
    return fail(Errc::unavailable, "the log takes no writes since its device failed");
  }
  if (batches.empty()) return {};
  std::uint64_t bytes = 0;
  Offset next = end_offset();
  for (const StampedBatch& batch : batches) {
    CHECK(batch.summary.base == next);
    CHECK(batch.summary.last >= batch.summary.base);
    next = batch.summary.last + 1;
    for (const Buffer& piece : batch.pieces) bytes += piece.size();
  }
  // Positions and relative offsets are int32 in the indexes.
  constexpr std::int64_t indexable_max = std::numeric_limits<std::int32_t>::max();
  if (bytes > static_cast<std::uint64_t>(indexable_max) || next - end_offset() > indexable_max) {
    return fail(Errc::malformed, "one append is larger than a segment can be");
  }
  const bool full = active_->size_bytes() + bytes > options_.segment_bytes ||
                    next - active_->base() > indexable_max;
  if (full && active_->size_bytes() > 0) {
    if (auto rolled = roll(); !rolled) return refuse_writes(rolled.error());
  }
  if (auto appended = active_->append(batches); !appended) return refuse_writes(appended.error());
  if (recent_) {
    for (const StampedBatch& batch : batches) recent_->add(batch.summary);
  }
  return {};
}

Status SegmentedLog::refuse_writes(const Error& error) {
  // A full disk is no failure: the log is as before, and the next append tries again.
  if (error.code != Errc::overloaded) distrust();
  return tl::unexpected(error);
}

void SegmentedLog::distrust() {
  if (std::exchange(refuses_writes_, true)) return;
  mark_suspect(disk_, folder_);
}

Status SegmentedLog::roll() {
  // Before the rows, so that no durable row is ever taken for one of an older leadership.
  if (auto synced = epochs_->sync(); !synced) return synced;
  if (auto finished = active_->finish(); !finished) return finished;
  const Offset end = active_->end_offset();
  auto next = Segment::create(disk_, place_of(end));
  if (!next) return tl::unexpected(next.error());
  // From here on the new segment may be on the device, so there is no way back.
  const bool skips_sync = is_planted(PlantedBug::forget_folder_sync_after_roll);
  if (auto synced = skips_sync ? Status() : disk_.sync_folder(folder_); !synced) {
    return fail(Errc::unavailable, synced.error().message);
  }
  finished_.push_back({.base = active_->base(),
                       .end = end,
                       .size_bytes = active_->size_bytes(),
                       .max_timestamp = active_->max_timestamp().value_or(-1)});
  active_ = std::move(*next);
  durable_ = active_->here();
  is_without_room_ = false;
  if (skips_sync) return {};  // What is noted now would sync the folder as well.
  save_recovery_point();
  save_recent(end);
  return {};
}

Status SegmentedLog::sync() {
  if (is_planted(PlantedBug::save_recovery_point_before_sync)) {
    (void)replace_file(disk_, recovery_point_path(folder_), encode(active_->here()));
  }
  if (auto synced = sync_active(); !synced) return synced;
  save_recovery_point();
  return {};
}

Status SegmentedLog::commit() {
  make_room();
  return sync_active();
}

/// The sync that comes next makes the room durable, too, and those behind it find it there.
void SegmentedLog::make_room() {
  constexpr std::uint64_t groups_min = 8;  // For fewer the zeros cost as much as they save.
  constexpr std::uint64_t logs_like_it = 64;
  const std::uint64_t size = active_->size_bytes();
  const std::uint64_t group = size - durable_.position;
  const std::uint64_t left = options_.segment_bytes - std::min(options_.segment_bytes, size);
  const std::uint64_t room = std::min({options_.room_bytes, size, left});
  if (refuses_writes_ || is_without_room_ || group == 0 || group > room / groups_min) return;
  if (active_->has_room_for(group)) return;
  const auto free = disk_.free_bytes();
  if (!free || *free < options_.reserve_bytes + logs_like_it * room) return;
  // Each attempt writes what it then takes back: one a segment is enough.
  is_without_room_ = !active_->make_room(room);
}

void SegmentedLog::rest() {
  if (!refuses_writes_) (void)active_->give_back_room();
}

Status SegmentedLog::sync_active() {
  // A failed write leaves the rows before it as they were. Pages that a failed sync dropped are
  // gone.
  if (refuses_writes_ && disk_.failed_syncs() != failed_syncs_before_) {
    return fail(Errc::unavailable, "the log is not believed since a sync of its device failed");
  }
  if (auto synced = epochs_->sync(); !synced) return refuse_writes(synced.error());
  const RecoveryPoint here = active_->here();
  if (here.offset != durable_.offset) {
    if (auto synced = active_->sync(); !synced) return refuse_writes(synced.error());
    durable_ = here;
  }
  return {};
}

void SegmentedLog::save_recovery_point() {
  if (saved_ == durable_) return;
  // An older point is still true, only slower to recover from: a failure here fails nobody.
  if (replace_file(disk_, recovery_point_path(folder_), encode(durable_))) saved_ = durable_;
}

std::vector<DamagedRows> SegmentedLog::take_damage() {
  gather_damage();
  return std::exchange(new_damage_, {});
}

Offset SegmentedLog::sound_behind(Offset from) {
  gather_damage();
  for (const auto& [first, behind] : damage_) {
    if (first <= from && from < behind) from = behind;
  }
  return from;
}

void SegmentedLog::gather_damage() {
  for (const auto& segment : opened_) gather_damage(*segment);
  gather_damage(*active_);
}

void SegmentedLog::gather_damage(Segment& segment) {
  for (const DamagedRange& range : segment.take_damage()) {
    const auto [known, is_new] = damage_.emplace(range.from, range.to);
    if (!is_new && range.to <= known->second) continue;
    known->second = range.to;
    new_damage_.push_back({range.from, range.to});
  }
}

Result<Buffer> SegmentedLog::read(Offset from, Offset limit, std::size_t bytes_max) {
  CHECK(from >= start_offset());
  limit = std::min(limit, end_offset());
  if (from >= limit) return Buffer();
  const auto holder =
      std::upper_bound(finished_.begin(), finished_.end(), from,
                       [](Offset offset, const Finished& segment) { return offset < segment.end; });
  auto segment = segment_of(static_cast<std::size_t>(holder - finished_.begin()));
  if (!segment) return tl::unexpected(segment.error());
  return (*segment)->read(from, limit, bytes_max);
}

Result<Offset> SegmentedLog::offset_at(EpochMillis timestamp) {
  for (std::size_t i = 0; i < segment_count(); ++i) {
    if (i < finished_.size() && finished_[i].max_timestamp < timestamp) continue;
    auto segment = segment_of(i);
    if (!segment) return tl::unexpected(segment.error());
    auto found = (*segment)->offset_at(timestamp);
    if (!found) return tl::unexpected(found.error());
    if (*found) return **found;
  }
  return end_offset();
}

Status SegmentedLog::for_each_batch(const std::function<void(const BatchSummary&)>& visit) {
  for (std::size_t i = 0; i < segment_count(); ++i) {
    auto segment = segment_of(i);
    if (!segment) return tl::unexpected(segment.error());
    if (auto visited = (*segment)->for_each_batch(visit); !visited) return visited;
  }
  return {};
}

Result<Segment*> SegmentedLog::segment_of(std::size_t position) {
  if (position == finished_.size()) return active_.get();
  const Finished& wanted = finished_[position];
  const auto found = std::find_if(opened_.begin(), opened_.end(), [&](const auto& segment) {
    return segment->base() == wanted.base;
  });
  if (found != opened_.end()) {
    std::rotate(found, found + 1, opened_.end());
    return opened_.back().get();
  }
  auto segment = Segment::open_finished(disk_, place_of(wanted.base), wanted.end);
  if (!segment) return tl::unexpected(segment.error());
  if (opened_.size() >= options_.finished_open_max) {
    gather_damage(*opened_.front());
    opened_.erase(opened_.begin());
  }
  opened_.push_back(std::move(*segment));
  return opened_.back().get();
}

}  // namespace millrace
