#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "protocol/acl.hpp"
#include "protocol/alteration.hpp"
#include "protocol/error_code.hpp"

namespace millrace::coordinator {

// What gateways ask for.
struct CreateDatabase {
  std::string name;
  std::string json;  ///< Empty: no descriptor was given.
  bool ignore_if_exists = false;
};
struct DropDatabase {
  std::string name;
  bool ignore_if_missing = false;
  bool cascade = false;
};
struct CreateTable {
  std::string database;
  std::string name;
  std::string json;
  bool ignore_if_exists = false;
};
struct DropTable {
  std::string database;
  std::string name;
  bool ignore_if_missing = false;
};
/// A partition's values by key, in any order.
using PartitionSpec = std::vector<std::pair<std::string, std::string>>;
struct CreatePartition {
  std::string database;
  std::string table;
  PartitionSpec spec;
  bool ignore_if_exists = false;
};
struct DropPartition {
  std::string database;
  std::string table;
  PartitionSpec spec;
  bool ignore_if_missing = false;
};
struct NewWriter {};
struct Sync {};
struct CreateAcls {
  std::vector<protocol::AclEntry> entries;
};
struct DropAcls {
  std::vector<protocol::AclEntry> entries;
};
/// Who is in sync from now on, says the replica that leads.
struct ProposeInSync {
  BucketId bucket;
  LeaderEpoch epoch;
  std::uint32_t version = 0;  ///< Of the bucket, when it was proposed.
  /// With the incarnation that each fetched in; unset: it has not fetched from this leader.
  std::map<NodeId, Incarnation> followers;
  bool resigns = false;  ///< The leader cannot lead.
};
using Command = std::variant<CreateDatabase, DropDatabase, CreateTable, DropTable, CreatePartition,
                             DropPartition, NewWriter, Sync, CreateAcls, DropAcls, ProposeInSync,
                             protocol::Alteration>;

// What they are told.
struct Done {
  friend bool operator==(const Done&, const Done&) = default;
};
struct WriterGranted {
  WriterId writer;
  friend bool operator==(const WriterGranted&, const WriterGranted&) = default;
};
using Reply = std::variant<Done, WriterGranted, protocol::ProtocolError>;

}  // namespace millrace::coordinator
