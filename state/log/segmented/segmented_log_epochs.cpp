// Leader epochs and the cut that follows from them. A follower whose log parted from its leader's
// cuts off what the leader does not have, and the log is then opened as after a crash: there is no
// second way to find out where it ends.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "state/log/segmented/segment_rewrite.hpp"
#include "state/log/segmented/segmented_log.hpp"

namespace millrace {

Status SegmentedLog::open_epochs() {
  auto epochs = EpochFile::open(disk_, epochs_path(folder_));
  if (!epochs) return tl::unexpected(epochs.error());
  epochs_.emplace(std::move(*epochs));
  if (!is_suspect(disk_, folder_)) return {};
  return epochs_->replace(epochs_->runs());  // A file of its own, as the last segment gets one.
}

Status SegmentedLog::forget_epochs_behind_end() {
  // A crash may have taken rows whose leadership is noted. A mark at the very end stays: it has no
  // rows to lose.
  const auto& runs = epochs_->runs().runs();
  if (runs.empty() || runs.back().start <= end_offset()) return {};
  LeaderEpochs kept = epochs_->runs();
  kept.truncate(end_offset() + 1);
  return epochs_->replace(std::move(kept));
}

Status SegmentedLog::begin_epoch(LeaderEpoch epoch) {
  if (refuses_writes_) {
    return fail(Errc::unavailable, "the log takes no writes since its device failed");
  }
  if (epochs_->runs().last() == epoch) return {};
  const auto& runs = epochs_->runs().runs();
  if (!runs.empty() && runs.back().start == end_offset() && epoch < runs.back().epoch) {
    LeaderEpochs kept = epochs_->runs();
    kept.truncate(end_offset());
    if (auto dropped = epochs_->replace(std::move(kept)); !dropped) {
      return refuse_writes(dropped.error());
    }
  }
  const auto last = epochs_->runs().last();
  if (last == epoch) return {};
  if (last && epoch < *last) {
    return fail(Errc::malformed,
                fmt::format("leader epoch goes back: {} after {}", epoch.value(), last->value()));
  }
  if (auto begun = epochs_->begin({epoch, end_offset()}); !begun) {
    return refuse_writes(begun.error());
  }
  return {};
}

void SegmentedLog::forget_epochs_below_start() {
  LeaderEpochs kept = epochs_->runs();
  kept.forget_below(start_offset());
  // Runs of rows that are gone tell nothing wrong: a failure here fails nobody.
  if (!(kept == epochs_->runs())) (void)epochs_->replace(std::move(kept));
}

Status SegmentedLog::truncate(Offset offset) {
  CHECK(offset >= start_offset());
  if (refuses_writes_) {
    return fail(Errc::unavailable, "the log takes no writes since its device failed");
  }
  if (offset >= end_offset()) return {};
  auto done = cut(offset);
  if (done) return {};
  return refuse_writes({Errc::unavailable, done.error().message});
}

Status SegmentedLog::cut(Offset offset) {
  if (auto files = cut_files(offset); !files) return files;
  auto opened = open(disk_, folder_, options_);
  if (!opened) return tl::unexpected(opened.error());
  SegmentedLog& fresh = **opened;
  finished_ = std::move(fresh.finished_);
  active_ = std::move(fresh.active_);
  epochs_ = std::move(fresh.epochs_);
  saved_ = fresh.saved_;
  durable_ = fresh.durable_;
  opened_.clear();
  recent_.reset();
  std::erase_if(damage_, [&](const auto& range) { return range.second > end_offset(); });
  LeaderEpochs kept = epochs_->runs();
  kept.truncate(end_offset());
  return epochs_->replace(std::move(kept));
}

Status SegmentedLog::cut_files(Offset offset) {
  const auto holder =
      std::upper_bound(finished_.begin(), finished_.end(), offset,
                       [](Offset wanted, const Finished& one) { return wanted < one.end; });
  const auto position = static_cast<std::size_t>(holder - finished_.begin());
  auto segment = segment_of(position);
  if (!segment) return tl::unexpected(segment.error());
  auto at = (*segment)->position_of(offset);
  if (!at) return tl::unexpected(at.error());
  // What these tell would be missing after the cut, or not true of what comes in its place.
  if (auto gone = disk_.remove(recent_path(folder_)); !gone) return gone;
  if (saved_.offset > offset) {
    const RecoveryPoint base{.segment_base = (*segment)->base(), .offset = (*segment)->base()};
    if (auto lowered = replace_file(disk_, recovery_point_path(folder_), encode(base)); !lowered) {
      return lowered;
    }
  } else if (auto synced = disk_.sync_folder(folder_); !synced) {
    return synced;
  }
  // From the end on, so that a crash in between leaves a log without a hole.
  for (std::size_t i = segment_count(); i-- > position + 1;) {
    const Offset base = i == finished_.size() ? active_->base() : finished_[i].base;
    if (auto gone = disk_.remove(segment_path(place_of(base), ".log")); !gone) return gone;
    if (auto synced = disk_.sync_folder(folder_); !synced) return synced;
    // Not before it is certain that nobody opens the segment again: on a full disk there would be
    // no room to make them anew.
    for (const std::string_view ending : {".index", ".timeindex"}) {
      if (auto gone = disk_.remove(segment_path(place_of(base), ending)); !gone) return gone;
    }
  }
  return (*segment)->cut_tail(*at);
}

}  // namespace millrace
