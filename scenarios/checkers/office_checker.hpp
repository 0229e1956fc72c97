#pragma once
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "scenarios/checkers/log_checkers.hpp"
#include "state/meta/catalog/cluster_view.hpp"
#include "state/meta/port/metadata_store.hpp"

namespace millrace::scenarios {

/// Watches what every node believes of the cluster's catalog, and compares it with what is written.
class OfficeChecker {
 public:
  /// What a start of a node knows now.
  void saw(NodeId node, Incarnation incarnation, const ClusterView& view);
  /// Epochs that some node has heard of.
  [[nodiscard]] std::size_t count_epochs() const { return holders_.size(); }
  /// That a view went back, that an epoch has two holders, that the written epochs are not 1, 2,
  /// 3, ..., or that a view is not what was written up to its revision.
  [[nodiscard]] Violations check(MetadataStore& store, const ClusterView& view);

 private:
  std::map<std::pair<NodeId, Incarnation>, Revision> seen_;
  std::map<CoordinatorEpoch, OfficeTaken> holders_;
  Violations violations_;
};

}  // namespace millrace::scenarios
