#pragma once
#include <cstddef>
#include <set>
#include <variant>
#include <vector>

#include "actors/coordinator/command.hpp"
#include "protocol/error_code.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::coordinator {

/// Who may lead and who counts, when something about replicas is decided.
struct ReplicaPolicy {
  std::set<NodeId> usable;      ///< Nodes that are there, with their own disks.
  std::size_t in_sync_min = 2;  ///< log.replica.min-in-sync-replicas-number
  Revision next;                ///< Of the fact that comes of it.
};

/// The leaders and in-sync sets that have to change because nodes came or went; at most `count_max`
/// of them, in the order of the buckets.
///
/// A bucket whose leader is not usable is led by the first of its usable in-sync replicas, or else
/// by one that left the set when it was too small for anything to be acknowledged since; or by
/// nobody, until one of them is back. Never by any other: it may lack acknowledged rows. Who leaves
/// the set while it stays large enough is complete no longer. A bucket with one replica keeps its
/// leader. Source: KIP-966 for eligible replicas.
[[nodiscard]] std::vector<LeadershipChange> adjust_leaderships(const Catalog& catalog,
                                                               const ReplicaPolicy& policy,
                                                               std::size_t count_max);

/// What a leader asks for: its in-sync set as it is from now on. Refused unless it still leads,
/// nothing of the bucket was changed since, and every member is usable and has not started anew
/// since it fetched. `asker`: the node that the proposal comes from. `incarnations`: the present
/// ones.
[[nodiscard]] std::variant<LeadershipChange, protocol::ProtocolError> decide(
    const Catalog& catalog, const ProposeInSync& proposal, NodeId asker,
    const ReplicaPolicy& policy, const std::map<NodeId, Incarnation>& incarnations);

}  // namespace millrace::coordinator
