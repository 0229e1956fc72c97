#pragma once
#include <deque>
#include <map>
#include <vector>

#include "state/log/port/table_log.hpp"

namespace millrace::device {

/// Collects the last `kept` batches of each writer while a log is walked, for the replica that
/// rebuilds its writers' state from them.
class RecentBatches {
 public:
  static constexpr std::size_t kept = 5;

  /// Batches arrive in log order. Those of writers without identity are passed over.
  void add(const BatchSummary& batch);
  /// All that is kept, in log order.
  [[nodiscard]] std::vector<BatchSummary> in_order() const;

 private:
  std::map<WriterId, std::deque<BatchSummary>> writers_;
};

}  // namespace millrace::device
