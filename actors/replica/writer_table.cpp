#include "actors/replica/writer_table.hpp"

#include <algorithm>
#include <limits>

#include "base/planted_bug.hpp"

namespace millrace::replica {

BatchVerdict WriterTable::check(WriterId writer, std::int32_t sequence) const {
  if (writer == no_writer) return BatchIsNew{};
  if (const auto* batches = recent_.find(writer)) {
    const auto original =
        std::find_if(batches->begin(), batches->end(),
                     [&](const BatchSummary& batch) { return batch.sequence == sequence; });
    if (original != batches->end()) return BatchIsDuplicate{*original};
  }
  const std::int32_t next = next_sequence(writer);
  if (sequence == next || is_planted(PlantedBug::accept_sequence_gap)) return BatchIsNew{};
  return BatchIsOutOfOrder{next};
}

std::int32_t WriterTable::next_sequence(WriterId writer) const {
  const auto* batches = recent_.find(writer);
  if (batches == nullptr) return 0;
  const std::int32_t last = batches->back().sequence;
  return last == std::numeric_limits<std::int32_t>::max() ? 0 : last + 1;
}

}  // namespace millrace::replica
