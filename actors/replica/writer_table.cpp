#include "actors/replica/writer_table.hpp"

#include <algorithm>
#include <limits>

namespace millrace::replica {

BatchVerdict WriterTable::check(WriterId writer, std::int32_t sequence) const {
  if (writer == no_writer) return BatchIsNew{};
  const auto found = writers_.find(writer);
  if (found != writers_.end()) {
    const auto& batches = found->second;
    const auto original =
        std::find_if(batches.begin(), batches.end(),
                     [&](const BatchSummary& batch) { return batch.sequence == sequence; });
    if (original != batches.end()) return BatchIsDuplicate{*original};
  }
  const std::int32_t next = next_sequence(writer);
  if (sequence == next) return BatchIsNew{};
  return BatchIsOutOfOrder{next};
}

std::int32_t WriterTable::next_sequence(WriterId writer) const {
  const auto found = writers_.find(writer);
  if (found == writers_.end()) return 0;
  const std::int32_t last = found->second.back().sequence;
  return last == std::numeric_limits<std::int32_t>::max() ? 0 : last + 1;
}

void WriterTable::add(const BatchSummary& batch) {
  if (batch.writer == no_writer) return;
  auto& batches = writers_[batch.writer];
  batches.push_back(batch);
  if (batches.size() > batches_kept) batches.pop_front();
}

}  // namespace millrace::replica
