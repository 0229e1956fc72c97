#include "actors/replica/writer_table.hpp"

#include <algorithm>
#include <limits>

namespace millrace::replica {

BatchVerdict WriterTable::check(WriterId writer, std::int32_t sequence) const {
  if (writer == no_writer) return BatchIsNew{};
  const auto found = writers_.find(writer);
  if (found == writers_.end()) {
    if (sequence == 0) return BatchIsNew{};
    return BatchIsOutOfOrder{0};
  }
  const auto& batches = found->second;
  const auto original =
      std::find_if(batches.begin(), batches.end(),
                   [&](const BatchSummary& batch) { return batch.sequence == sequence; });
  if (original != batches.end()) return BatchIsDuplicate{*original};
  const std::int32_t last = batches.back().sequence;
  const std::int32_t next = last == std::numeric_limits<std::int32_t>::max() ? 0 : last + 1;
  if (sequence == next) return BatchIsNew{};
  return BatchIsOutOfOrder{next};
}

void WriterTable::add(const BatchSummary& batch) {
  if (batch.writer == no_writer) return;
  auto& batches = writers_[batch.writer];
  batches.push_back(batch);
  if (batches.size() > batches_kept) batches.pop_front();
}

}  // namespace millrace::replica
