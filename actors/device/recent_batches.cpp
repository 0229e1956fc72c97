#include "actors/device/recent_batches.hpp"

#include <algorithm>

namespace millrace::device {

void RecentBatches::add(const BatchSummary& batch) {
  if (batch.writer == no_writer) return;
  auto& batches = writers_[batch.writer];
  batches.push_back(batch);
  if (batches.size() > kept) batches.pop_front();
}

std::vector<BatchSummary> RecentBatches::in_order() const {
  std::vector<BatchSummary> all;
  for (const auto& [writer, batches] : writers_) {
    all.insert(all.end(), batches.begin(), batches.end());
  }
  std::sort(all.begin(), all.end(),
            [](const BatchSummary& a, const BatchSummary& b) { return a.base < b.base; });
  return all;
}

}  // namespace millrace::device
