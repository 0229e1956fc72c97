// How a segment comes back after its process stopped. Batches below what is known to be durable are
// trusted and only walked where the indexes lack them; batches behind it are checked by checksum,
// and the walk re-creates whatever index entries the crash took.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/planted_bug.hpp"
#include "state/log/segmented/segment.hpp"

namespace millrace {

Result<std::unique_ptr<Segment>> Segment::recover(Disk& disk, const SegmentPlace& place,
                                                  const SegmentTrust& trust) {
  auto segment = open_files(disk, place, false);
  if (!segment) return segment;
  (*segment)->size_ = (*segment)->file_->size();
  if (auto recovered = (*segment)->recover_opened(trust); !recovered) {
    return tl::unexpected(recovered.error());
  }
  return segment;
}

Result<std::unique_ptr<Segment>> Segment::open_finished(Disk& disk, const SegmentPlace& place,
                                                        Offset end) {
  auto segment = open_files(disk, place, false);
  if (!segment) return segment;
  (*segment)->size_ = (*segment)->file_->size();
  (*segment)->end_offset_ = end;
  // All of it is durable; the walk from the last index entry on confirms where it ends.
  const SegmentTrust trust{.durable = (*segment)->here(), .end = end};
  if (auto recovered = (*segment)->recover_opened(trust); !recovered) {
    return tl::unexpected(recovered.error());
  }
  return segment;
}

Status Segment::recover_opened(const SegmentTrust& trust) {
  if (size_ < trust.durable.position) {
    return fail(Errc::corrupt, fmt::format("segment {}: {} bytes, but {} were durable", place_.base,
                                           size_, trust.durable.position));
  }
  auto sound = indexes_are_sound(trust.durable);
  if (!sound) return tl::unexpected(sound.error());
  SegmentTrust known = trust;
  if (!*sound) known.durable.offset_entries = known.durable.time_entries = 0;
  auto rebuilt = rebuild(known);
  if (!rebuilt && rebuilt.error().code == Errc::corrupt && known.durable.offset_entries > 0) {
    // Perhaps it is the index that is damaged.
    known.durable.offset_entries = known.durable.time_entries = 0;
    rebuilt = rebuild(known);
  }
  if (!rebuilt) return rebuilt;
  if (end_offset_ < trust.durable.offset) {
    return fail(Errc::corrupt, fmt::format("segment {}: ends at offset {}, but {} was durable",
                                           place_.base, end_offset_, trust.durable.offset));
  }
  return {};
}

Result<bool> Segment::indexes_are_sound(const RecoveryPoint& known) {
  auto sound = offsets_.is_sound(known.offset_entries);
  if (sound && *sound) sound = times_.is_sound(known.time_entries);
  if (!sound || !*sound) return sound;
  if (known.offset_entries > 0) {
    auto last = offsets_.at(known.offset_entries - 1);
    if (!last) return tl::unexpected(last.error());
    if (static_cast<std::uint64_t>(last->position) >= known.position) return false;
    if (place_.base + last->relative_offset >= known.offset) return false;
  }
  if (known.time_entries > 0) {
    auto last = times_.at(known.time_entries - 1);
    if (!last) return tl::unexpected(last.error());
    if (place_.base + last->relative_offset >= known.offset) return false;
  }
  return true;
}

Status Segment::rebuild_indexes() {
  rebuilt_ = true;
  const Offset end = end_offset_;
  const Newest newest = newest_;
  RecoveryPoint durable = here();
  durable.offset_entries = durable.time_entries = 0;
  auto rebuilt = rebuild({.durable = durable});
  // Where the log ends is no question here, even if a damaged batch stopped the walk.
  end_offset_ = end;
  newest_ = newest;
  return rebuilt;
}

Status Segment::rebuild(const SegmentTrust& trust) {
  if (auto kept = offsets_.keep(trust.durable.offset_entries); !kept) return kept;
  if (auto kept = times_.keep(trust.durable.time_entries); !kept) return kept;
  newest_ = {};
  if (times_.last()) {
    newest_ = {times_.last()->timestamp, place_.base + times_.last()->relative_offset};
  }
  bytes_since_entry_ = 0;
  end_offset_ = place_.base;
  BatchWalk::Stretch stretch{0, size_, place_.base};
  if (offsets_.last()) {
    stretch = {static_cast<std::uint64_t>(offsets_.last()->position), size_, std::nullopt};
  }
  BatchWalk walk(*file_, stretch);
  if (auto taken = take_in_all(walk, trust); !taken) return taken;
  // Where rows are missing, the log goes on behind them.
  if (walk.base()) end_offset_ = *walk.base();
  if (!trust.end || end_offset_ >= *trust.end) return {};
  const Offset from = std::exchange(end_offset_, *trust.end);
  return note_damage(from, size_, {*trust.end, size_});
}

Status Segment::take_in_all(BatchWalk& walk, const SegmentTrust& trust) {
  const SoundEnd durable = trust.end ? SoundEnd{*trust.end, size_}
                                     : SoundEnd{trust.durable.offset, trust.durable.position};
  while (true) {
    const bool is_durable = walk.position() < durable.position;
    if (!is_durable && trust.may_end_torn && is_planted(PlantedBug::cut_above_recovery_point)) {
      size_ = walk.position();
      return cut_tail(size_);
    }
    const bool trusted = walk.position() < trust.durable.position ||
                         is_planted(PlantedBug::trust_tail_without_checksum);
    const auto check = trusted ? BatchCheck::header : BatchCheck::checksum;
    auto batch = is_durable ? next_sound(walk, check, durable) : walk.next(check);
    if (!batch && batch.error().code == Errc::corrupt) {
      const auto may_cut = may_cut_at(walk, trust);
      if (!may_cut) return tl::unexpected(may_cut.error());
      if (*may_cut) return cut_tail(size_ = walk.position());
    }
    if (!batch) return wrap(batch.error(), fmt::format("segment {}", place_.base));
    if (*batch && is_durable && !trust.end && walk.position() > durable.position) {
      // What was durable ended with a batch: it is this one's length that is wrong.
      const SoundEnd start{(*batch)->header.base_offset, (*batch)->position};
      if (auto passed = pass_damage(walk, start, durable); !passed) return passed;
    } else if (*batch) {
      if (auto taken = take_in(**batch); !taken) return taken;
    } else if (walk.position() >= size_) {
      return {};
    }
  }
}

Result<bool> Segment::may_cut_at(const BatchWalk& walk, const SegmentTrust& trust) {
  if (trust.end ? walk.base() != trust.end : walk.position() < trust.durable.position) return false;
  if (!trust.end && trust.may_end_torn) return true;
  // Nothing but zeros is room that was made for appends and not used.
  constexpr std::size_t window_bytes = std::size_t{64} << 10;
  for (std::uint64_t at = walk.position(); at < size_; at += window_bytes) {
    const auto window = file_->read(at, window_bytes);
    if (!window) return tl::unexpected(window.error());
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    if (!std::ranges::all_of(window->bytes(), is_zero)) return false;
  }
  return true;
}

Status Segment::take_in(const LocatedBatch& batch) {
  const protocol::LogBatchHeader& header = batch.header;
  if (header.last_offset() - place_.base > std::numeric_limits<std::int32_t>::max()) {
    return fail(Errc::corrupt, fmt::format("segment {}: offset {} is too far from its base",
                                           place_.base, header.last_offset()));
  }
  if (header.commit_timestamp > newest_.timestamp) {
    newest_ = {header.commit_timestamp, header.base_offset};
  }
  // Which batches came in one append is not recorded: each counts as one.
  if (auto indexed = index_append(header.last_offset(), batch.position, newest_); !indexed) {
    return indexed;
  }
  bytes_since_entry_ += header.size();
  end_offset_ = header.next_offset();
  return {};
}

}  // namespace millrace
