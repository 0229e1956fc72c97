#pragma once
#include <optional>
#include <vector>

#include "actors/coordinator/table_rules.hpp"

namespace millrace::coordinator {

/// Source: Fluss CREATE_PARTITION v0 and DROP_PARTITION v0.
[[nodiscard]] Decision decide(const Catalog& catalog, const CreatePartition& command,
                              const TableDefaults& defaults, const std::vector<NodeId>& nodes,
                              EpochMillis now);
[[nodiscard]] Decision decide(const Catalog& catalog, const DropPartition& command);

[[nodiscard]] bool has_automatic_partitions(const protocol::TableDescriptor& table);

/// The next partition of `table` that time asks to be created or dropped; nothing when all is as it
/// should be. With `delay_days`, partitions of days to come are created at another time of the day
/// for each table, so that not all of them come at midnight. Requires a node. Source: Fluss
/// table.auto-partition options.
[[nodiscard]] std::optional<CatalogDelta> next_automatic(const Catalog& catalog,
                                                         const TableInfo& table,
                                                         const TableDefaults& defaults,
                                                         const std::vector<NodeId>& nodes,
                                                         EpochMillis now, bool delay_days);

}  // namespace millrace::coordinator
