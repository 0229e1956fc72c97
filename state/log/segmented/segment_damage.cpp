// What a segment does about batches that are not what was written: it finds out how far the damage
// goes, tells of it once, refuses reads of its rows by name, and serves all the others.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "state/log/segmented/segment.hpp"

namespace millrace {

Result<std::optional<LocatedBatch>> Segment::next_sound(BatchWalk& walk, BatchCheck check,
                                                        const SoundEnd& end) {
  auto batch = walk.next(check);
  // A walk that began at an index entry and knows no row yet may have been led astray by it.
  if (batch || batch.error().code != Errc::corrupt || !walk.base()) return batch;
  SoundEnd start{*walk.base(), walk.position()};
  // A length that is wrong, which no checksum covers, shows at the batch behind it only.
  const auto suspect = walk.last();
  if (suspect) {
    const auto sound = is_sound_at(*suspect);
    if (!sound) return tl::unexpected(sound.error());
    // From a wrong index entry on, the bytes of rows may have passed for a batch.
    if (!*sound && !walk.was_told()) return batch;
    if (!*sound) start = {suspect->header.base_offset, suspect->position};
  }
  if (start.offset >= end.offset) return batch;
  if (auto passed = pass_damage(walk, start, end); !passed) return tl::unexpected(passed.error());
  if (walk.position() >= end.position) return std::nullopt;
  return walk.next(check);
}

Result<bool> Segment::is_sound_at(const LocatedBatch& batch) {
  const auto bytes = file_->read(batch.position, batch.header.size());
  if (!bytes) return tl::unexpected(bytes.error());
  return bytes->size() == batch.header.size() && is_sound(batch.header, bytes->bytes());
}

Status Segment::pass_damage(BatchWalk& walk, const SoundEnd& start, const SoundEnd& end) {
  if (auto noted = note_damage(start.offset, start.position, end); !noted) return noted;
  const DamagedRange* const range = damage_of(start.offset);
  walk.jump(range->end_position, range->to);
  return {};
}

Status Segment::note_damage(Offset from, std::uint64_t position, const SoundEnd& end) {
  if (damage_of(from) != nullptr) return {};
  CHECK(from < end.offset);
  const auto range = find_end_of_damage(*file_, from, position, end);
  if (!range) return tl::unexpected(range.error());
  CHECK(range->to > from);
  damage_.push_back(*range);
  new_damage_.push_back(*range);
  return {};
}

const DamagedRange* Segment::damage_of(Offset offset) const {
  const auto found = std::find_if(damage_.begin(), damage_.end(), [&](const DamagedRange& range) {
    return range.from <= offset && offset < range.to;
  });
  return found == damage_.end() ? nullptr : &*found;
}

tl::unexpected<Error> Segment::damaged(const DamagedRange& range) const {
  return fail(Errc::corrupt,
              fmt::format("segment {}: rows [{}, {}) are damaged at byte {}; the log goes on at {}",
                          place_.base, range.from, range.to, range.position, range.to));
}

}  // namespace millrace
