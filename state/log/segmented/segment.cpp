#include "state/log/segmented/segment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/planted_bug.hpp"

namespace millrace {

std::string segment_path(const SegmentPlace& place, std::string_view ending) {
  return fmt::format("{}/{:020}{}", place.folder, place.base, ending);
}

Segment::Segment(SegmentPlace place, std::unique_ptr<File> file, OffsetIndex offsets,
                 TimeIndex times)
    : place_(std::move(place)),
      file_(std::move(file)),
      offsets_(std::move(offsets)),
      times_(std::move(times)),
      end_offset_(place_.base) {}

Result<std::unique_ptr<Segment>> Segment::open_files(Disk& disk, const SegmentPlace& place,
                                                     bool create) {
  auto offsets = OffsetIndex::open(disk, segment_path(place, ".index"));
  if (!offsets) return tl::unexpected(offsets.error());
  auto times = TimeIndex::open(disk, segment_path(place, ".timeindex"));
  if (!times) return tl::unexpected(times.error());
  if (create) {
    if (auto emptied = offsets->keep(0); !emptied) return tl::unexpected(emptied.error());
    if (auto emptied = times->keep(0); !emptied) return tl::unexpected(emptied.error());
  }
  // Last, because it alone makes the segment exist.
  auto file = disk.open(segment_path(place, ".log"), create);
  if (!file) return tl::unexpected(file.error());
  if (create && (*file)->size() > 0) {
    if (auto emptied = (*file)->truncate(0); !emptied) return tl::unexpected(emptied.error());
  }
  return std::unique_ptr<Segment>(
      new Segment(place, std::move(*file), std::move(*offsets), std::move(*times)));
}

Result<std::unique_ptr<Segment>> Segment::create(Disk& disk, const SegmentPlace& place) {
  return open_files(disk, place, true);
}

std::optional<EpochMillis> Segment::max_timestamp() const {
  if (size_ == 0) return std::nullopt;
  return newest_.timestamp;
}

RecoveryPoint Segment::here() const {
  return {.segment_base = place_.base,
          .offset = end_offset_,
          .position = size_,
          .offset_entries = static_cast<std::uint32_t>(offsets_.count()),
          .time_entries = static_cast<std::uint32_t>(times_.count())};
}

Status Segment::append(const std::vector<StampedBatch>& batches) {
  std::vector<Bytes> pieces;
  std::uint64_t bytes = 0;
  Newest newest = newest_;
  for (const StampedBatch& batch : batches) {
    if (batch.summary.timestamp > newest.timestamp) {
      newest = {batch.summary.timestamp, batches.front().summary.base};
    }
    for (const Buffer& piece : batch.pieces) {
      pieces.push_back(piece.bytes());
      bytes += piece.size();
    }
  }
  auto position = file_->append(pieces);
  if (!position) return roll_back(position.error());
  CHECK(*position == size_);
  if (auto indexed = index_append(batches.back().summary.last, size_, newest); !indexed) {
    return roll_back(indexed.error());
  }
  size_ += bytes;
  bytes_since_entry_ += bytes;
  newest_ = newest;
  end_offset_ = batches.back().summary.last + 1;
  return {};
}

tl::unexpected<Error> Segment::roll_back(const Error& error) {
  if (file_->size() == size_) return tl::unexpected(error);
  // Synced, because rows that were refused must not come back after a crash.
  if (auto cut = cut_tail(size_); !cut)
    return wrap(cut.error(), "roll back after " + error.message);
  return tl::unexpected(error);
}

Result<std::uint64_t> Segment::position_of(Offset offset) {
  auto batch = locate(offset);
  if (!batch) return tl::unexpected(batch.error());
  return batch->position;
}

Status Segment::cut_tail(std::uint64_t position) {
  if (auto cut = file_->truncate(position); !cut) {
    return fail(Errc::unavailable, cut.error().message);
  }
  room_end_ = position;
  if (is_planted(PlantedBug::roll_back_without_sync)) return {};
  return sync();
}

bool Segment::make_room(std::uint64_t bytes) {
  if (!file_->prepare(bytes)) return false;
  room_end_ = size_ + bytes;
  return true;
}

Status Segment::give_back_room() {
  if (room_end_ <= size_) return {};
  if (auto cut = file_->truncate(size_); !cut) return fail(Errc::unavailable, cut.error().message);
  room_end_ = size_;
  return {};
}

Status Segment::index_append(Offset last, std::uint64_t position, const Newest& newest) {
  if (bytes_since_entry_ <= place_.index_interval_bytes) return {};
  const OffsetIndexEntry entry{static_cast<std::int32_t>(last - place_.base),
                               static_cast<std::int32_t>(position)};
  // A walk may come by batches whose append is indexed as a whole.
  if (offsets_.last() && !entry.may_follow(*offsets_.last())) return {};
  auto added = offsets_.append(entry);
  if (added) added = index_newest(newest);
  // An index may lack entries: for want of space the next append tries again.
  if (!added && added.error().code == Errc::overloaded) return {};
  if (added) bytes_since_entry_ = 0;
  return added;
}

Status Segment::index_newest(const Newest& newest) {
  const TimeIndexEntry entry{newest.timestamp,
                             static_cast<std::int32_t>(newest.offset - place_.base)};
  if (times_.last() && !entry.may_follow(*times_.last())) return {};
  return times_.append(entry);
}

Status Segment::sync() {
  auto synced = file_->sync();
  if (!synced && is_planted(PlantedBug::believe_retried_sync)) synced = file_->sync();
  if (synced) return {};
  return fail(Errc::unavailable, synced.error().message);
}

Status Segment::finish() {
  if (size_ > 0) {
    if (auto indexed = index_newest(newest_); !indexed) return indexed;
  }
  if (auto given = give_back_room(); !given) return given;
  if (auto synced = sync(); !synced) return synced;
  for (const auto& synced : {offsets_.sync(), times_.sync()}) {
    if (synced) continue;
    return fail(Errc::unavailable, synced.error().message);
  }
  return {};
}

Result<Buffer> Segment::read(Offset from, Offset limit, std::size_t bytes_max) {
  CHECK(from >= place_.base);
  CHECK(from < end_offset_);
  auto first = locate(from);
  if (!first) return tl::unexpected(first.error());
  if (first->header.base_offset >= limit) return Buffer();
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(bytes_max, first->header.size(), size_ - first->position);
  auto bytes = file_->read(first->position, static_cast<std::size_t>(wanted));
  if (!bytes) return bytes;
  auto used = whole_batches(bytes->bytes(), *first, limit, bytes_max);
  if (!used) return tl::unexpected(used.error());
  // A short answer must not keep a long read in memory.
  if (*used < bytes->size() / 2) return Buffer::copy_of(bytes->bytes().first(*used));
  return bytes->slice(0, *used);
}

Result<std::size_t> Segment::whole_batches(Bytes bytes, const LocatedBatch& first, Offset limit,
                                           std::size_t bytes_max) {
  std::size_t used = 0;
  Offset base = first.header.base_offset;
  while (base < limit && bytes.size() - used >= protocol::log_batch_header_size) {
    const auto header = protocol::parse_header(bytes.subspan(used));
    const bool follows =
        header && header->base_offset == base && header->size() <= size_ - first.position - used;
    if (follows && header->size() > bytes.size() - used && used > 0) break;
    if (follows && used > 0 && header->size() > bytes_max - std::min(bytes_max, used)) break;
    const bool is_whole = follows && header->size() <= bytes.size() - used;
    if (!is_whole || !is_sound(*header, bytes.subspan(used, header->size()))) {
      if (used > 0) break;  // What is sound before it is returned first.
      if (auto noted = note_damage(base, first.position, {end_offset_, size_}); !noted) {
        return tl::unexpected(noted.error());
      }
      return damaged(*damage_of(base));
    }
    used += header->size();
    base = header->next_offset();
  }
  return used;
}

Result<std::optional<Offset>> Segment::offset_at(EpochMillis timestamp) {
  if (size_ == 0 || newest_.timestamp < timestamp) return std::nullopt;
  auto entry = times_.last_that(
      [&](const TimeIndexEntry& candidate) { return candidate.timestamp < timestamp; });
  if (!entry) return tl::unexpected(entry.error());
  const Offset start = place_.base + (*entry ? (*entry)->relative_offset : 0);
  if (start >= end_offset_) return fail(Errc::corrupt, "time index points behind the segment");
  auto walk = walk_from(start);
  if (!walk) return tl::unexpected(walk.error());
  while (true) {
    auto batch = next_sound(*walk);
    if (!batch) return wrap(batch.error(), fmt::format("segment {}", place_.base));
    if (!*batch) return std::nullopt;
    if ((*batch)->header.commit_timestamp >= timestamp) return (*batch)->header.base_offset;
  }
}

Status Segment::for_each_batch(const std::function<void(const BatchSummary&)>& visit) {
  BatchWalk walk(*file_, {0, size_, place_.base});
  while (true) {
    auto batch = next_sound(walk);
    if (!batch) return wrap(batch.error(), fmt::format("segment {}", place_.base));
    if (!*batch) return {};
    visit(summary_of((*batch)->header));
  }
}

Result<BatchWalk> Segment::walk_from(Offset offset) {
  const auto first = locate(offset);
  if (first) return BatchWalk(*file_, {first->position, size_, first->header.base_offset});
  const DamagedRange* const damage = damage_of(offset);
  if (damage == nullptr) return tl::unexpected(first.error());
  return BatchWalk(*file_, {damage->end_position, size_, damage->to});
}

Result<LocatedBatch> Segment::locate(Offset offset) {
  if (const DamagedRange* const damage = damage_of(offset)) return damaged(*damage);
  auto position = indexed_position(offset);
  if (!position) return tl::unexpected(position.error());
  auto found = locate_from(*position, offset);
  if (found || found.error().code != Errc::corrupt || *position == 0) return found;
  if (damage_of(offset) != nullptr) return found;
  // The index led astray, or the log is damaged: the rebuild tells which.
  if (!rebuilt_) {
    if (auto rebuilt = rebuild_indexes(); !rebuilt) return tl::unexpected(rebuilt.error());
  }
  return locate_from(0, offset);
}

Result<std::uint64_t> Segment::indexed_position(Offset offset) {
  const Offset relative = offset - place_.base;
  auto entry = offsets_.last_that(
      [&](const OffsetIndexEntry& candidate) { return candidate.relative_offset <= relative; });
  if (!entry) return tl::unexpected(entry.error());
  if (!*entry || (*entry)->position < 0) return 0;
  return std::min(static_cast<std::uint64_t>((*entry)->position), size_);
}

Result<LocatedBatch> Segment::locate_from(std::uint64_t position, Offset offset) {
  const auto base = position == 0 ? std::optional<Offset>(place_.base) : std::nullopt;
  BatchWalk walk(*file_, {position, size_, base});
  while (true) {
    auto batch = next_sound(walk);
    if (!batch) return wrap(batch.error(), fmt::format("segment {}", place_.base));
    if (const DamagedRange* const damage = damage_of(offset)) return damaged(*damage);
    if (!*batch || (*batch)->header.base_offset > offset) {
      return fail(Errc::corrupt, fmt::format("segment {}: no batch holds offset {} from byte {} on",
                                             place_.base, offset, position));
    }
    if ((*batch)->header.last_offset() >= offset) return **batch;
  }
}

}  // namespace millrace
