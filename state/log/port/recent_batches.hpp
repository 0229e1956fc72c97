#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace {

/// The last batches of every writer of one log. It follows from the log's batches alone, added in
/// log order, so that a replica that starts again knows what its predecessor knew.
/// Source: Fluss PRODUCE_LOG v0, idempotence.
class RecentBatches {
 public:
  static constexpr std::size_t kept = 5;
  /// Of one log. One more, and the writer that was silent longest is forgotten.
  static constexpr std::size_t writers_max = 65'536;

  explicit RecentBatches(std::size_t writers_at_most = writers_max)
      : writers_at_most_(writers_at_most) {}

  /// Batches arrive in log order. Those of writers without identity are passed over.
  void add(const BatchSummary& batch) {
    if (batch.writer == no_writer) return;
    auto& batches = writers_[batch.writer];
    if (!batches.empty()) by_last_base_.erase(batches.back().base);
    batches.push_back(batch);
    if (batches.size() > kept) batches.pop_front();
    by_last_base_[batch.base] = batch.writer;
    if (writers_.size() > writers_at_most_) forget_oldest();
  }

  /// Forgets every writer whose last batch is older than that.
  void forget_before(EpochMillis timestamp) {
    // Timestamps do not go back in a log: the writers are in the order of theirs.
    while (!by_last_base_.empty() && last_timestamp_of_oldest() < timestamp) forget_oldest();
  }

  /// A writer's batches, oldest first; null if it is not known.
  [[nodiscard]] const std::deque<BatchSummary>* find(WriterId writer) const {
    const auto found = writers_.find(writer);
    return found == writers_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::size_t writer_count() const { return writers_.size(); }

  /// All that is kept, in log order.
  [[nodiscard]] std::vector<BatchSummary> in_order() const {
    std::vector<BatchSummary> all;
    for (const auto& [writer, batches] : writers_) {
      all.insert(all.end(), batches.begin(), batches.end());
    }
    std::sort(all.begin(), all.end(),
              [](const BatchSummary& a, const BatchSummary& b) { return a.base < b.base; });
    return all;
  }

 private:
  [[nodiscard]] EpochMillis last_timestamp_of_oldest() const {
    return writers_.at(by_last_base_.begin()->second).back().timestamp;
  }
  void forget_oldest() {
    const auto oldest = by_last_base_.begin();
    writers_.erase(oldest->second);
    by_last_base_.erase(oldest);
  }

  std::size_t writers_at_most_;
  std::map<WriterId, std::deque<BatchSummary>> writers_;
  std::map<Offset, WriterId> by_last_base_;  // Of each writer's last batch.
};

}  // namespace millrace
