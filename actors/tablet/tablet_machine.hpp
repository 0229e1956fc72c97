#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "state/disk/port/start_history.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace::tablet {

// What can happen.
struct UpdateArrived {
  Revision base;
  Revision revision;
  std::optional<Catalog> image;      ///< If set, instead of deltas.
  std::vector<CatalogDelta> deltas;  ///< After `base`.
  std::uint64_t members_version = 0;
  std::vector<MemberInfo> members;
  CoordinatorEpoch from_epoch;  ///< Of the coordinator that it comes from.
};
/// A replica has ended for good; its log may be deleted now.
struct ReplicaGone {
  BucketId bucket;
};
/// The device could not delete a log: it stays to be deleted.
struct DeleteFailed {
  BucketId bucket;
};
/// The link to a node is there again: what replicas asked of it may be lost.
struct PeerCame {
  NodeId node;
};
/// Time to try again what failed.
struct Tick {};
using Event = std::variant<UpdateArrived, ReplicaGone, DeleteFailed, PeerCame, Tick>;

// What the shell must do, in this order.
/// Everybody on this node reads the new view from now on.
struct Publish {
  ClusterView view;
};
struct StartReplica {
  BucketId bucket;
  friend bool operator==(const StartReplica&, const StartReplica&) = default;
};
/// Tell a running replica what the catalog says of its bucket.
struct Assign {
  BucketId bucket;
  BucketInfo info;
  friend bool operator==(const Assign&, const Assign&) = default;
};
/// Tell it that its leader's node can be reached again.
struct TellReturned {
  BucketId bucket;
  NodeId node;
  friend bool operator==(const TellReturned&, const TellReturned&) = default;
};
struct StopReplica {
  BucketId bucket;
  friend bool operator==(const StopReplica&, const StopReplica&) = default;
};
struct DeleteLog {
  BucketId bucket;
  friend bool operator==(const DeleteLog&, const DeleteLog&) = default;
};
/// Tell the coordinator where this node stands.
struct Report {
  friend bool operator==(const Report&, const Report&) = default;
};
using Effect =
    std::variant<Publish, StartReplica, Assign, TellReturned, StopReplica, DeleteLog, Report>;

/// This node's copy of the cluster's metadata, and which replicas follow from it. Logs of tables
/// and partitions that the catalog has seen dropped are deleted; a log of one that the catalog
/// never heard of is left alone, since then it is the catalog that is suspect.
class TabletMachine {
 public:
  /// `on_disk`: the buckets that have a log in this node's data directories. `starts`: what these
  /// directories tell of the node's starts; nothing: whatever disk it is, it is the right one.
  /// While the catalog does not know of the present start nothing is served, for two ticks at most:
  /// what was written meanwhile would not be missed on an older copy of the disk.
  TabletMachine(NodeId self, NodeId coordinator, std::set<BucketId> on_disk,
                std::optional<KnownStarts> starts = std::nullopt);

  [[nodiscard]] std::vector<Effect> step(const Event& event);

  [[nodiscard]] Revision revision() const { return view_.revision; }
  [[nodiscard]] std::uint64_t members_version() const { return members_version_; }
  /// Who is in office as far as this node knows.
  [[nodiscard]] NodeId coordinator() const { return view_.coordinator; }
  /// Orders of coordinators that are deposed. This node does nothing of what they say.
  [[nodiscard]] std::uint64_t refused_orders() const { return refused_orders_; }
  [[nodiscard]] const std::set<BucketId>& replicas() const { return replicas_; }
  /// On a disk that is not the node's own no replica runs: it would give away offsets that have
  /// rows already, and deny those rows.
  [[nodiscard]] DiskVerdict disk() const { return disk_; }

 private:
  void apply(const UpdateArrived& event, std::vector<Effect>& effects);
  /// Whether it comes from a coordinator that was in office before one that this node has obeyed.
  [[nodiscard]] bool is_late(const UpdateArrived& event) const;
  void apply(const ReplicaGone& event, std::vector<Effect>& effects);
  void apply(const DeleteFailed& event, std::vector<Effect>& effects);
  void apply(const PeerCame& event, std::vector<Effect>& effects);
  void apply(const Tick& event, std::vector<Effect>& effects);
  /// Orders the logs of dropped tables and partitions to be deleted.
  void delete_dropped(std::vector<Effect>& effects);
  /// Applies facts and starts and stops the replicas that follow. What is created costs work for
  /// itself only, however much there is: partitions come by the thousand.
  void apply_deltas(const std::vector<CatalogDelta>& deltas, std::vector<Effect>& effects);
  /// Once the disk is the node's own, or nothing is said to lie there, it stays so.
  void judge_disk();
  [[nodiscard]] bool serves() const { return disk_ != DiskVerdict::foreign && is_recorded_; }
  void start_wanted(TableId table, PartitionId partition, const std::vector<BucketInfo>& buckets,
                    std::vector<Effect>& effects);
  void start_all_wanted(std::vector<Effect>& effects);
  void start(const BucketId& bucket, std::vector<Effect>& effects);
  /// If it runs here.
  void assign(const BucketId& bucket, std::vector<Effect>& effects) const;
  /// And orders the logs of what was dropped to be deleted.
  void stop_unwanted(std::vector<Effect>& effects);
  [[nodiscard]] bool is_wanted(const BucketId& bucket) const;
  [[nodiscard]] bool was_dropped(BucketId bucket) const;

  const NodeId self_;
  ClusterView view_;
  std::uint64_t members_version_ = 0;
  CoordinatorEpoch obeyed_;
  std::uint64_t refused_orders_ = 0;
  const std::optional<KnownStarts> starts_;
  DiskVerdict disk_ = DiskVerdict::unchecked;
  bool is_recorded_ = false;  // Or need not be.
  int ticks_unrecorded_ = 0;
  std::set<BucketId> on_disk_;
  std::set<BucketId> replicas_;  // Running.
  std::set<BucketId> stopping_;
};

}  // namespace millrace::tablet
