#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/acl.hpp"
#include "protocol/table_descriptor.hpp"
#include "state/meta/catalog/partitions.hpp"

namespace millrace {

// The cluster's metadata as a value: what the coordinator decides on, what every node follows, what
// the metadata store keeps as deltas. Folding the deltas gives the catalog, on every node alike.

struct DatabaseInfo {
  std::string name;
  protocol::DatabaseDescriptor descriptor;
  EpochMillis created_at = 0;
  EpochMillis modified_at = 0;
  friend bool operator==(const DatabaseInfo&, const DatabaseInfo&) = default;
};

struct TableInfo {
  TableId id;
  std::string database;
  std::string name;
  std::int32_t schema_id = 1;
  protocol::TableDescriptor descriptor;  ///< After defaults: what clients are told.
  std::vector<BucketInfo> buckets;       ///< Indexed by bucket; empty if partitioned.
  EpochMillis created_at = 0;
  EpochMillis modified_at = 0;
  std::vector<protocol::Schema> older_schemas;  ///< Of the ids 1 to schema_id - 1.

  /// The schema of an id; null if there has been none.
  [[nodiscard]] const protocol::Schema* find_schema(std::int32_t id) const;

  friend bool operator==(const TableInfo&, const TableInfo&) = default;
};

// Deltas are facts: they were decided before they were written and always apply.
struct DatabaseCreated {
  DatabaseInfo database;
  friend bool operator==(const DatabaseCreated&, const DatabaseCreated&) = default;
};
/// With all its tables.
struct DatabaseDropped {
  std::string name;
  friend bool operator==(const DatabaseDropped&, const DatabaseDropped&) = default;
};
struct TableCreated {
  TableInfo table;
  friend bool operator==(const TableCreated&, const TableCreated&) = default;
};
/// With all its partitions.
struct TableDropped {
  TableId table;
  friend bool operator==(const TableDropped&, const TableDropped&) = default;
};
/// Writer ids below `below` may have been handed out.
struct WriterIdsReserved {
  WriterId below;
  friend bool operator==(const WriterIdsReserved&, const WriterIdsReserved&) = default;
};
/// Entries that are there already are no news.
struct AclsCreated {
  std::vector<protocol::AclEntry> entries;
  friend bool operator==(const AclsCreated&, const AclsCreated&) = default;
};
struct AclsDropped {
  std::vector<protocol::AclEntry> entries;
  friend bool operator==(const AclsDropped&, const AclsDropped&) = default;
};
struct PartitionCreated {
  PartitionInfo partition;
  friend bool operator==(const PartitionCreated&, const PartitionCreated&) = default;
};
struct PartitionDropped {
  TableId table;
  PartitionId partition;
  friend bool operator==(const PartitionDropped&, const PartitionDropped&) = default;
};
/// What ALTER_TABLE can change of a table, as it is afterwards. A schema that changed has the next
/// id, and the one before stays known under its own.
struct TableAltered {
  TableId table;
  std::int32_t schema_id = 1;
  protocol::TableDescriptor descriptor;
  EpochMillis modified_at = 0;
  friend bool operator==(const TableAltered&, const TableAltered&) = default;
};
struct DatabaseAltered {
  DatabaseInfo database;
  friend bool operator==(const DatabaseAltered&, const DatabaseAltered&) = default;
};
/// Source: Fluss ADD_SERVER_TAG v0.
enum class ServerTag : std::int32_t { permanent_offline = 0, temporary_offline = 1 };
struct ServersTagged {
  std::vector<NodeId> nodes;
  std::optional<ServerTag> tag;  ///< None: they have none any more.
  friend bool operator==(const ServersTagged&, const ServersTagged&) = default;
};
/// Configuration that holds in the whole cluster, in front of what nodes were started with.
struct ClusterConfigsChanged {
  std::map<std::string, std::optional<std::string>> values;  ///< None: not overridden any more.
  friend bool operator==(const ClusterConfigsChanged&, const ClusterConfigsChanged&) = default;
};
/// A node has started with the disk that it had before, and what it is told from now on lies there.
struct NodeStarted {
  NodeId node;
  StartId start;
  friend bool operator==(const NodeStarted&, const NodeStarted&) = default;
};
/// A coordinator has taken office: what an earlier one writes or orders counts no more.
struct OfficeTaken {
  NodeId node;
  Incarnation incarnation;
  CoordinatorEpoch epoch;  ///< From 1, one more with each.
  friend bool operator==(const OfficeTaken&, const OfficeTaken&) = default;
};
/// Leaders were elected, or in-sync sets changed: of many buckets at once, since many change for
/// one reason.
struct LeadershipsChanged {
  std::vector<LeadershipChange> changes;
  friend bool operator==(const LeadershipsChanged&, const LeadershipsChanged&) = default;
};
using CatalogDelta =
    std::variant<DatabaseCreated, DatabaseDropped, TableCreated, TableDropped, WriterIdsReserved,
                 AclsCreated, AclsDropped, PartitionCreated, PartitionDropped, TableAltered,
                 DatabaseAltered, ServersTagged, ClusterConfigsChanged, NodeStarted, OfficeTaken,
                 LeadershipsChanged>;

/// Copying shares the tables, their partitions and the permissions, so a new version per delta is
/// cheap.
class Catalog {
 public:
  using TablePointer = std::shared_ptr<const TableInfo>;

  /// Applies one fact. Facts about what is not there are ignored.
  void apply(const CatalogDelta& delta);

  [[nodiscard]] const DatabaseInfo* find_database(const std::string& name) const;
  [[nodiscard]] TablePointer find_table(const std::string& database, const std::string& name) const;
  [[nodiscard]] TablePointer find_table(TableId id) const;
  /// Empty for a table that is not there, or not partitioned.
  [[nodiscard]] const Partitions& partitions_of(TableId id) const;
  /// The bucket of a table or of its partition. Valid as long as this catalog is.
  [[nodiscard]] const BucketInfo* find_bucket(const BucketId& id) const;
  /// Calls `visit` for every bucket there is, in order.
  void for_each_bucket(const std::function<void(const BucketId&, const BucketInfo&)>& visit) const;
  /// Names in order. Requires nothing of the database.
  [[nodiscard]] std::vector<std::string> tables_of(const std::string& database) const;

  [[nodiscard]] const std::map<std::string, DatabaseInfo>& databases() const { return databases_; }
  [[nodiscard]] const std::map<TableId, TablePointer>& tables() const { return tables_; }
  /// Every permission. They outlive what they are about, as in Fluss.
  [[nodiscard]] const protocol::AclSet& acls() const { return *acls_; }
  /// The id that the next table gets; ids are never reused.
  [[nodiscard]] TableId next_table() const { return next_table_; }
  /// The same for partitions, of the whole cluster.
  [[nodiscard]] PartitionId next_partition() const { return next_partition_; }
  [[nodiscard]] WriterId next_writer() const { return next_writer_; }
  [[nodiscard]] const std::map<NodeId, ServerTag>& server_tags() const { return server_tags_; }
  /// The newest start of each node that its right disk was there at.
  [[nodiscard]] const std::map<NodeId, StartId>& node_starts() const { return node_starts_; }
  /// Who took office last; none: nobody ever did.
  [[nodiscard]] const std::optional<OfficeTaken>& office() const { return office_; }
  /// Whether any bucket has a replica there.
  [[nodiscard]] bool has_buckets_on(NodeId node) const;
  /// Keys that are overridden, with their values.
  [[nodiscard]] const protocol::Properties& cluster_configs() const { return cluster_configs_; }

  /// Deltas that rebuild this catalog from an empty one.
  [[nodiscard]] std::vector<CatalogDelta> as_deltas() const;
  /// Restores the counters when the newest ones were dropped before a snapshot.
  void reserve_table_ids(TableId below);
  void reserve_partition_ids(PartitionId below);

  friend bool operator==(const Catalog& a, const Catalog& b);

 private:
  void apply_one(const DatabaseCreated& fact);
  void apply_one(const DatabaseDropped& fact);
  void apply_one(const TableCreated& fact);
  void apply_one(const TableDropped& fact);
  void apply_one(const WriterIdsReserved& fact);
  void apply_one(const AclsCreated& fact);
  void apply_one(const AclsDropped& fact);
  void apply_one(const PartitionCreated& fact);
  void apply_one(const PartitionDropped& fact);
  void apply_one(const TableAltered& fact);
  void apply_one(const DatabaseAltered& fact);
  void apply_one(const ServersTagged& fact);
  void apply_one(const ClusterConfigsChanged& fact);
  void apply_one(const NodeStarted& fact);
  void apply_one(const OfficeTaken& fact);
  void apply_one(const LeadershipsChanged& fact);

  std::map<std::string, DatabaseInfo> databases_;
  std::map<TableId, TablePointer> tables_;
  std::map<std::pair<std::string, std::string>, TableId> names_;
  std::shared_ptr<const protocol::AclSet> acls_ = std::make_shared<const protocol::AclSet>();
  std::map<TableId, Partitions> partitions_;  // Of tables that have any.
  TableId next_table_{0};
  PartitionId next_partition_{0};
  WriterId next_writer_{0};
  std::map<NodeId, ServerTag> server_tags_;
  protocol::Properties cluster_configs_;
  std::map<NodeId, StartId> node_starts_;
  std::optional<OfficeTaken> office_;
};

}  // namespace millrace
