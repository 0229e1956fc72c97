#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "scenarios/append/append_load.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/fault_plan.hpp"
#include "scenarios/workloads/catalog_churn.hpp"

namespace millrace::scenarios {

/// One run of a plan: warm-up, faults that overlap as the seed decides, everything put right,
/// liveness within a deadline, quiet, checkers.
class MixedRun {
 public:
  MixedRun(std::uint64_t seed, FaultPlan plan);

  [[nodiscard]] Outcome run();

  // For the faults.
  [[nodiscard]] SimulatedCluster& cluster() { return cluster_; }
  [[nodiscard]] const SimulatedCluster& cluster() const { return cluster_; }
  [[nodiscard]] AppendLoad& load() { return load_; }
  [[nodiscard]] History& history() { return load_.history(); }
  [[nodiscard]] const History& history() const { return load_.history(); }
  [[nodiscard]] const FaultPlan& plan() const { return plan_; }
  /// Of the load's tables. Leaders do not move at replication 1.
  [[nodiscard]] const std::set<BucketId>& buckets_of(NodeId node) const {
    return buckets_.at(node);
  }
  [[nodiscard]] NodeId draw_node(Random& random) const;
  /// A node that is up and that no other fault has taken for itself: this one may stop it now, and
  /// gives it back. Nothing if there is none.
  [[nodiscard]] std::optional<NodeId> claim_node(Random& random);
  /// Whether that node could be taken.
  [[nodiscard]] bool claim(NodeId node);
  [[nodiscard]] bool is_claimed(NodeId node) const { return claimed_.contains(node); }
  void give_back(NodeId node) { claimed_.erase(node); }
  /// From now on a device of that node may take so long for each operation.
  void slow_down(NodeId node, Duration most) { slowest_[node] = std::max(slowest_[node], most); }
  /// Power may go so long after an acknowledgement and the row is safe: the device's 1 s, one
  /// operation that was under way, and some for what happens between the write and the answer's
  /// arrival.
  [[nodiscard]] Duration synced_within(NodeId node) const;
  /// Rows that were acknowledged may be lost: writers may have to give rows up.
  void may_lose_rows() { may_lose_rows_ = true; }

 private:
  void warm_up();
  void let_faults_happen();
  void require_liveness();
  void check_catalog_of_churn();
  /// Damage of what tells how far a log is durable keeps it closed only if its end is bad as well.
  void forgive_only_torn_ends();
  void find(const std::string& what) { load_.history().findings.push_back(what); }
  [[nodiscard]] Outcome outcome();

  const FaultPlan plan_;
  SimulatedCluster cluster_;
  Random random_;
  AppendLoad load_;
  std::unique_ptr<CatalogChurn> churn_;  // Null: W1 alone.
  std::map<NodeId, std::set<BucketId>> buckets_;
  std::set<NodeId> claimed_;
  std::map<NodeId, Duration> slowest_;
  bool may_lose_rows_ = false;
  std::vector<FaultPointer> faults_;  // In the order of the plan.
};

}  // namespace millrace::scenarios
