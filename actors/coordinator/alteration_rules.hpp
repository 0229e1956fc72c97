#pragma once
#include <set>

#include "actors/coordinator/table_rules.hpp"
#include "protocol/alteration.hpp"

namespace millrace::coordinator {

/// What an alteration is decided on, besides the catalog.
struct AlterationContext {
  const TableDefaults& defaults;
  std::vector<NodeId> alive;  ///< Nodes that can hold buckets.
  std::set<NodeId> known;     ///< All nodes that have ever reported.
  EpochMillis now = 0;
};

/// A change that leaves everything as it is comes to nothing. Source: Fluss ALTER_TABLE v0,
/// ALTER_DATABASE v0, ALTER_CLUSTER_CONFIGS v0, ADD_SERVER_TAG v0, REMOVE_SERVER_TAG v0.
[[nodiscard]] Decision decide(const Catalog& catalog, const protocol::Alteration& alteration,
                              const AlterationContext& context);

}  // namespace millrace::coordinator
