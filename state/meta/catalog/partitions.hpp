#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/persistent_map.hpp"
#include "base/time.hpp"

namespace millrace {

struct BucketInfo {
  NodeId leader;
  LeaderEpoch epoch;
  std::vector<NodeId> replicas;
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

/// "us$20241130": the values, joined. Source: Fluss partition names.
[[nodiscard]] std::string partition_name(const std::vector<std::string>& values);

/// The partitions of one table. Copying shares them: a version per change costs O(log n).
class Partitions {
 public:
  using Pointer = std::shared_ptr<const PartitionInfo>;

  void add(PartitionInfo partition);
  /// One that is not there is ignored.
  void remove(PartitionId id);

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
