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

/// What one METADATA answer said about a table.
struct TableInfo {
  TablePath path;
  TableId id;
  std::int32_t schema_id = 0;
  protocol::TableDescriptor descriptor;
  std::vector<BucketInfo> buckets;  ///< All of them, by index.
  EpochMillis created = 0;
  EpochMillis modified = 0;

  [[nodiscard]] std::optional<NodeId> leader_of(BucketIndex bucket) const {
    for (const BucketInfo& info : buckets) {
      if (info.bucket == bucket) return info.leader;
    }
    return std::nullopt;
  }
};

/// Shared and immutable: a newer answer makes a new one.
using TablePtr = std::shared_ptr<const TableInfo>;

}  // namespace millrace::client
