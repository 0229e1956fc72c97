#include "apps/agent/cluster_members.hpp"

#include <algorithm>

namespace millrace {

bool ClusterMembers::apply(const NodeReady& ready) {
  const auto [known, is_new] = members_.try_emplace(ready.member.node, ready.member);
  if (!is_new) {
    const Member& old = known->second;
    if (old == ready.member || ready.member.incarnation < old.incarnation) return false;
    // An exit is final: the same incarnation does not come back.
    if (!old.alive && ready.member.incarnation == old.incarnation) return false;
    known->second = ready.member;
  }
  revision_ = Revision(revision_.value() + 1);
  return true;
}

bool ClusterMembers::apply(const NodeExited& exited) {
  const auto known = members_.find(exited.node);
  if (known == members_.end()) return false;
  Member& member = known->second;
  if (!member.alive || member.incarnation != exited.incarnation) return false;
  member.alive = false;
  revision_ = Revision(revision_.value() + 1);
  return true;
}

bool ClusterMembers::is_healthy() const {
  return is_complete() &&
         std::ranges::all_of(members_, [](const auto& entry) { return entry.second.alive; });
}

ClusterMap ClusterMembers::map() const {
  ClusterMap map{revision_, {}};
  for (const auto& [node, member] : members_) map.members.push_back(member);
  return map;
}

const Member* ClusterMembers::find(NodeId node) const {
  const auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

}  // namespace millrace
