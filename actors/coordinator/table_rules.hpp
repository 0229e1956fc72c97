#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/coordinator/command.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::coordinator {

/// What a cluster's configuration says about new tables. Keys as in Fluss's server.yaml.
struct TableDefaults {
  std::int32_t bucket_count = 1;  ///< default.bucket.number
  /// default.replication.factor; fewer where there are fewer nodes.
  std::int32_t replication_factor = 1;
  std::int32_t bucket_count_max = 4096;             ///< max.bucket.num
  std::int64_t cluster_bucket_count_max = 100'000;  ///< millrace.buckets.max
  std::int32_t partition_count_max = 1000;          ///< max.partition.num, of one table
  bool allow_log_tables = true;                     ///< allow.create.log.tables
  std::string time_zone = "UTC";                    ///< Of automatic partitions that name none.
};

/// What a command comes to: a fact to write, nothing to do, or a refusal.
struct NothingToDo {};
using Decision = std::variant<CatalogDelta, NothingToDo, protocol::ProtocolError>;

/// The first rule that a descriptor breaks whatever else exists; of creation, and of alteration.
[[nodiscard]] std::optional<protocol::ProtocolError> check_table(
    const protocol::TableDescriptor& table, const TableDefaults& defaults);

[[nodiscard]] Decision decide(const Catalog& catalog, const CreateDatabase& command,
                              EpochMillis now);
[[nodiscard]] Decision decide(const Catalog& catalog, const DropDatabase& command);
/// Buckets are spread over `nodes`, in order, from a start that moves on with every table.
/// Source: Fluss CREATE_TABLE v0 for the order of the checks.
[[nodiscard]] Decision decide(const Catalog& catalog, const CreateTable& command,
                              const TableDefaults& defaults, const std::vector<NodeId>& nodes,
                              EpochMillis now);
[[nodiscard]] Decision decide(const Catalog& catalog, const DropTable& command);

/// All buckets of a cluster have a bound: each costs every node a file or two and memory. Why
/// `bucket_count` more are too many; empty when they are not.
[[nodiscard]] std::optional<protocol::ProtocolError> check_cluster_room(
    const Catalog& catalog, std::int32_t bucket_count, const TableDefaults& defaults);

/// How many replicas each bucket of a table gets: what the table says, or the default, as far as
/// there are nodes.
[[nodiscard]] std::size_t replication_factor_of(const protocol::TableDescriptor& table,
                                                const TableDefaults& defaults,
                                                std::size_t node_count);

/// What is spread over the nodes: the buckets of the `ordinal`th table or partition.
struct Spread {
  std::int64_t ordinal = 0;
  std::int32_t bucket_count = 1;
  std::size_t replication_factor = 1;  ///< At most as many as there are nodes.
};

/// Which nodes get the buckets: leaders in order, from a start that moves on, and followers so that
/// the buckets of one leader are followed by all others alike. Requires a node.
[[nodiscard]] std::vector<BucketInfo> place(const Spread& spread, const std::vector<NodeId>& nodes);

}  // namespace millrace::coordinator
