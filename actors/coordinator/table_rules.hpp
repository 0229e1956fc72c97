#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "actors/coordinator/command.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::coordinator {

/// What a cluster's configuration says about new tables. Keys as in Fluss's server.yaml.
struct TableDefaults {
  std::int32_t bucket_count = 1;                    ///< default.bucket.number
  std::int32_t replication_factor = 1;              ///< default.replication.factor
  std::int32_t bucket_count_max = 4096;             ///< max.bucket.num
  std::int64_t cluster_bucket_count_max = 100'000;  ///< millrace.buckets.max
  bool allow_log_tables = true;                     ///< allow.create.log.tables
};

/// What a command comes to: a fact to write, nothing to do, or a refusal.
struct NothingToDo {};
using Decision = std::variant<CatalogDelta, NothingToDo, protocol::ProtocolError>;

[[nodiscard]] Decision decide(const Catalog& catalog, const CreateDatabase& command,
                              EpochMillis now);
[[nodiscard]] Decision decide(const Catalog& catalog, const DropDatabase& command);
/// Buckets are spread over `nodes`, in order, from a start that moves on with every table.
/// Source: Fluss CREATE_TABLE v0 for the order of the checks.
[[nodiscard]] Decision decide(const Catalog& catalog, const CreateTable& command,
                              const TableDefaults& defaults, const std::vector<NodeId>& nodes,
                              EpochMillis now);
[[nodiscard]] Decision decide(const Catalog& catalog, const DropTable& command);

}  // namespace millrace::coordinator
