#pragma once
#include <string>
#include <vector>

#include "actors/console/console_source.hpp"
#include "actors/console/http_message.hpp"
#include "actors/console/http_target.hpp"

namespace millrace {

// The /v1 pages: JSON from facts, nothing else. Every key of a page is always there; what is not
// known is null. Times are seconds; ids of message types are hexadecimal text, because a 64-bit
// number does not survive JSON readers.

/// Which pages there are.
[[nodiscard]] std::string root_page(const NodeFacts& node);

/// The members of the cluster as this node knows them, and this node.
[[nodiscard]] std::string nodes_page(const NodeFacts& node, const ClusterView& view);

/// Sorted and cut here, not by the reader. Numbers sort downwards, equal ones by name.
[[nodiscard]] std::string actors_page(std::vector<ActorFacts> actors, const PageQuery& query);

/// One actor and its flight recorder.
[[nodiscard]] std::string actor_page(const NodeFacts& node, const ActorFacts& actor,
                                     const std::vector<HandledMessage>& flight);

/// The supervision tree. A family shows its first `limit` members, those that do not run first,
/// and says how many it has.
[[nodiscard]] std::string tree_page(const NodeFacts& node, const std::vector<ActorFacts>& actors,
                                    const PageQuery& query);

/// What bounds the node's memory and what is used of it.
[[nodiscard]] std::string memory_page(const NodeFacts& node,
                                      const std::vector<BudgetFacts>& budgets);

/// Tables by database and name.
[[nodiscard]] std::string tables_page(const ClusterView& view, const PageQuery& query);

/// One table: its descriptor and who leads and holds its buckets, a page of them.
[[nodiscard]] std::string table_page(const TableInfo& table, const PageQuery& query);

}  // namespace millrace
