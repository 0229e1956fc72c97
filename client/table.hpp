#pragma once
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/table_descriptor.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::client {

struct TablePath {
  std::string database;
  std::string table;
  friend auto operator<=>(const TablePath&, const TablePath&) = default;
};

[[nodiscard]] inline std::string to_string(const TablePath& path) {
  return path.database + "." + path.table;
}

/// A server as METADATA names it: the address is the one it advertises.
struct ServerNode {
  NodeId id;
  Endpoint endpoint;
  std::optional<std::string> rack;
};

struct BucketInfo {
  BucketIndex bucket;
  std::optional<NodeId> leader;  ///< Absent while there is none.
  std::vector<NodeId> replicas;
};

/// One partition of a table.
struct PartitionRef {
  PartitionId id;
  std::string name;  ///< Its values in the order of the keys, with '$' between them.
};

/// What one METADATA answer said about a table, or about one of its partitions.
struct TableInfo {
  TablePath path;
  TableId id;
  std::int32_t schema_id = 0;
  protocol::TableDescriptor descriptor;
  std::vector<BucketInfo> buckets;  ///< All, by index; none of a partitioned table as a whole.
  EpochMillis created = 0;
  EpochMillis modified = 0;
  std::optional<PartitionRef> partition = {};  ///< Set: the buckets are this partition's.

  [[nodiscard]] bool is_partitioned() const { return !descriptor.partition_keys.empty(); }
  [[nodiscard]] PartitionId partition_id() const {
    return partition ? partition->id : no_partition;
  }
  [[nodiscard]] std::optional<NodeId> leader_of(BucketIndex bucket) const {
    for (const BucketInfo& info : buckets) {
      if (info.bucket == bucket) return info.leader;
    }
    return std::nullopt;
  }
};

/// Whether two descriptions of one name are of different tables or partitions.
[[nodiscard]] inline bool is_another(const TableInfo& a, const TableInfo& b) {
  return a.id != b.id || a.partition_id() != b.partition_id();
}

/// "fluss.flights", of a partition "fluss.flights/2013".
[[nodiscard]] inline std::string place_of(const TableInfo& table) {
  return to_string(table.path) + (table.partition ? "/" + table.partition->name : "");
}

/// Shared and immutable: a newer answer makes a new one.
using TablePtr = std::shared_ptr<const TableInfo>;

}  // namespace millrace::client
