#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace millrace {

/// An id that cannot be mistaken for another kind of id. `Tag` is never instantiated.
template <class Tag, class Rep>
class Id {
 public:
  using rep = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  Rep value_{};
};

template <class Tag, class Rep>
[[nodiscard]] std::string to_string(Id<Tag, Rep> id) {
  return std::to_string(id.value());
}

/// A node process of the cluster: what clients call a tablet server id. Starts at 0.
using NodeId = Id<struct NodeTag, std::int32_t>;
/// Number of a process start: grows by one each time a node starts. Zero means unset.
using Incarnation = Id<struct IncarnationTag, std::uint64_t>;
/// Names a process start, drawn at random. Zero means unset.
using StartId = Id<struct StartTag, std::uint64_t>;
/// Cluster-wide, starts at 0, never reused. Source: Fluss PbTableBucket.
using TableId = Id<struct TableTag, std::int64_t>;
/// Cluster-wide, starts at 0, never reused. Source: Fluss PbTableBucket.
using PartitionId = Id<struct PartitionTag, std::int64_t>;
/// Position of a bucket within its table or partition, from 0.
using BucketIndex = Id<struct BucketTag, std::int32_t>;
/// Identity of an idempotent writer; -1 is a writer without identity.
using WriterId = Id<struct WriterTag, std::int64_t>;
/// Position of a row in a bucket's log. Dense, starts at 0.
using Offset = std::int64_t;
/// Number of a bucket's leadership.
using LeaderEpoch = Id<struct LeaderEpochTag, std::int32_t>;
/// Number of a term of office of the cluster's coordinator, from 1. Zero means unset.
using CoordinatorEpoch = Id<struct CoordinatorEpochTag, std::uint64_t>;
/// Number of a change of the cluster's metadata; zero is the empty cluster.
using Revision = Id<struct RevisionTag, std::uint64_t>;

inline constexpr WriterId no_writer{-1};
/// Leads a bucket that nobody leads.
inline constexpr NodeId no_node{-1};
/// Of a bucket whose table is not partitioned.
inline constexpr PartitionId no_partition{-1};

/// The unit of order and replication: one bucket of one table, or of one of its partitions.
struct BucketId {
  TableId table;
  BucketIndex bucket;
  PartitionId partition = no_partition;
  friend auto operator<=>(const BucketId&, const BucketId&) = default;
};

/// "7/0", of a partition "7/p3/0".
[[nodiscard]] inline std::string to_string(const BucketId& id) {
  const bool is_partitioned = id.partition != no_partition;
  return to_string(id.table) + (is_partitioned ? "/p" + to_string(id.partition) : "") + "/" +
         to_string(id.bucket);
}

}  // namespace millrace

template <class Tag, class Rep>
struct std::hash<millrace::Id<Tag, Rep>> {
  std::size_t operator()(millrace::Id<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
