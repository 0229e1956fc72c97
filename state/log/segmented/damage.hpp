#pragma once
#include <cstdint>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/log_batch.hpp"
#include "state/disk/port/disk.hpp"

namespace millrace {

/// A stretch of a segment whose batches cannot be read, between two that can.
struct DamagedRange {
  Offset from = 0;  ///< The first row that is lost.
  Offset to = 0;    ///< The first row behind it that is there, or the end of what was durable.
  std::uint64_t position = 0;      ///< Where `from` should start in the segment's file.
  std::uint64_t end_position = 0;  ///< Where `to` starts.

  friend bool operator==(const DamagedRange&, const DamagedRange&) = default;
};

/// What lies behind the damage is known of a place that was durable: a row and where it starts.
struct SoundEnd {
  Offset offset = 0;
  std::uint64_t position = 0;
};

/// Whether a batch is what its writer sent, as far as header, checksum and the rows' start tell.
/// Requires that it is whole.
[[nodiscard]] bool is_sound(const protocol::LogBatchHeader& header, Bytes batch);

/// How far the damage goes whose first row is `from` at byte `position`: up to the next batch that
/// is sound, whose rows lie behind `from` and before the end, and on which the next one follows, at
/// whatever byte it starts; up to `end` if there is none. Reads what lies between. Requires
/// position <= end.position and from < end.offset. Errors: unavailable.
[[nodiscard]] Result<DamagedRange> find_end_of_damage(File& file, Offset from,
                                                      std::uint64_t position, const SoundEnd& end);

}  // namespace millrace
