#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/persistent_map.hpp"
#include "base/time.hpp"

namespace millrace {

/// Who holds a bucket, who leads it, and who could.
struct BucketInfo {
  NodeId leader;  ///< no_node: nobody leads it now.
  LeaderEpoch epoch;
  std::vector<NodeId> replicas;  ///< The first of them is the one that shall lead.
  std::uint32_t version = 0;     ///< Grows with every change of what follows, and of the leader.
  /// Have every row that was acknowledged; the leader is one of them.
  std::vector<NodeId> in_sync = {};
  /// Left the in-sync set when it was too small for anything to be acknowledged since: have every
  /// acknowledged row as well.
  std::vector<NodeId> eligible = {};
  /// The revision that made the leader lead: one that has not applied it does not know yet. Zero:
  /// since the bucket was made.
  Revision led_since = {};
  friend bool operator==(const BucketInfo&, const BucketInfo&) = default;
};

struct PartitionInfo {
  PartitionId id;
  TableId table;
  std::vector<std::string> values;  ///< In the order of the table's partition keys.
  std::vector<BucketInfo> buckets;  ///< Indexed by bucket.
  EpochMillis created_at = 0;
  friend bool operator==(const PartitionInfo&, const PartitionInfo&) = default;
};

/// How many replicas have to be in sync for acks=all: as many as configured, but one of them may be
/// away, and one there must be.
[[nodiscard]] std::size_t in_sync_min_of(std::size_t configured, std::size_t replica_count);

/// A change of who leads a bucket and who is in sync, as it is afterwards.
struct LeadershipChange {
  BucketId bucket;
  NodeId leader;
  LeaderEpoch epoch;
  std::uint32_t version = 0;
  std::vector<NodeId> in_sync;
  std::vector<NodeId> eligible;
  Revision led_since;
  friend bool operator==(const LeadershipChange&, const LeadershipChange&) = default;
};

/// "us$20241130": the values, joined. Source: Fluss partition names.
[[nodiscard]] std::string partition_name(const std::vector<std::string>& values);

/// The partitions of one table. Copying shares them: a version per change costs O(log n).
class Partitions {
 public:
  using Pointer = std::shared_ptr<const PartitionInfo>;

  void add(PartitionInfo partition);
  /// One that is not there is ignored.
  void remove(PartitionId id);
  /// In place of the one of the same id and values, which must be there.
  void replace(PartitionInfo partition);

  [[nodiscard]] Pointer find(PartitionId id) const;
  [[nodiscard]] Pointer find(const std::string& name) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// In the order of their ids, which is the order in which they were created.
  [[nodiscard]] std::vector<Pointer> all() const;

 private:
  PersistentMap<PartitionId, Pointer> by_id_;
  PersistentMap<std::string, Pointer> by_name_;
};

}  // namespace millrace
