#pragma once
#include <cstddef>
#include <map>

#include "apps/agent/agent_message.hpp"

namespace millrace {

/// What the launcher knows of the cluster's nodes, and the map that it tells them.
/// The map is first worth telling when every expected node has been ready once.
class ClusterMembers {
 public:
  explicit ClusterMembers(std::size_t expected_count) : expected_count_(expected_count) {}

  /// True when the map changed. What an older incarnation says is ignored.
  bool apply(const NodeReady& ready);
  bool apply(const NodeExited& exited);

  [[nodiscard]] bool is_complete() const { return members_.size() >= expected_count_; }
  /// Every member lives.
  [[nodiscard]] bool is_healthy() const;
  [[nodiscard]] ClusterMap map() const;
  /// Null when the node was never ready.
  [[nodiscard]] const Member* find(NodeId node) const;

 private:
  std::size_t expected_count_;
  Revision revision_;
  std::map<NodeId, Member> members_;
};

}  // namespace millrace
