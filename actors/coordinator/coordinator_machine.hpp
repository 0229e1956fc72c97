#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/coordinator/command.hpp"
#include "actors/coordinator/command_lanes.hpp"
#include "actors/coordinator/leadership_rules.hpp"
#include "actors/coordinator/partition_rules.hpp"
#include "actors/coordinator/table_rules.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace::coordinator {

using Ticket = std::uint64_t;

// What can happen.
struct Loaded {
  Revision revision;
  Catalog catalog;
};
struct LoadFailed {
  Error error;
};
struct Committed {
  Revision revision;
};
/// The store may have written it all the same: what it holds is loaded before anything else.
struct CommitFailed {
  Error error;
};
struct Asked {
  Ticket ticket = 0;
  NodeId node;  ///< Where the asker is.
  Command command;
  EpochMillis wall_clock = 0;
};
struct NodeReported {
  MemberInfo member;
  Revision applied;
  std::uint64_t members_version = 0;
  DiskReport disk = {};
};
struct NodeLost {
  NodeId node;
};
struct Tick {
  EpochMillis wall_clock = 0;
};
using Event =
    std::variant<Loaded, LoadFailed, Committed, CommitFailed, Asked, NodeReported, NodeLost, Tick>;

// What the shell must do, in this order.
struct Load {};
struct Commit {
  Revision expected;
  CatalogDelta delta;
};
struct StoreSnapshot {
  Revision revision;
  Catalog catalog;
};
struct Answer {
  Ticket ticket = 0;
  Reply reply;
};
struct SendUpdate {
  NodeId to;
  Revision base;
  Revision revision;
  std::optional<Catalog> image;      ///< If set, instead of deltas.
  std::vector<CatalogDelta> deltas;  ///< After `base`.
  std::uint64_t members_version = 0;
  std::vector<MemberInfo> members;
  CoordinatorEpoch epoch = {};  ///< Of the coordinator that says so.
};
/// The operator shall hear that something he set does nothing in this build.
struct WarnWithoutEffect {
  std::string key;
  std::string table;  ///< "database.table"; empty: of the whole cluster.
  friend bool operator==(const WarnWithoutEffect&, const WarnWithoutEffect&) = default;
};
using Effect = std::variant<Load, Commit, StoreSnapshot, Answer, SendUpdate, WarnWithoutEffect>;

/// The coordinator in office: turns commands into facts, one at a time, makes each durable before
/// anybody hears of it, and keeps every node's catalog and member list up to date. A command that
/// changed something is answered when every live node has applied it, or after `apply_wait_max`;
/// one whose fact could not be written is refused once it is known that it was not.
class CoordinatorMachine {
 public:
  struct Options {
    TableDefaults tables;
    Duration apply_wait_max = 500ms;
    /// After a load, so long nodes may report before the member list is told to anybody.
    Duration settle = 300ms;
    /// And so long after that, they may find out whether they have their disks with them, before
    /// any command is carried out.
    Duration verdict_wait_max = 700ms;
    /// A node that does not report for so long is taken for gone until it reports again.
    Duration silence_max = 5s;
    std::size_t commands_max = 1024;      ///< Waiting in each lane; a further one is refused.
    std::size_t deltas_kept = 1024;       ///< A node further behind gets a whole image.
    std::uint64_t snapshot_every = 1024;  ///< Deltas between snapshots.
    std::int64_t writer_ids_block = 1000;
    std::size_t in_sync_min = 2;               ///< log.replica.min-in-sync-replicas-number
    Duration auto_partition_interval = 10min;  ///< auto-partition.check.interval
  };

  /// `term` is the epoch of its office. It tells this coordinator's member lists and orders from
  /// its predecessors': larger each time.
  CoordinatorMachine(Options options, std::uint32_t term);

  /// Requires `now` never to go back.
  [[nodiscard]] std::vector<Effect> step(Instant now, const Event& event);

  /// Answers everybody who waits, since somebody else is in office: with what is known of his
  /// command. Nothing may happen to this coordinator afterwards.
  [[nodiscard]] std::vector<Effect> leave();

  [[nodiscard]] const Catalog& catalog() const { return catalog_; }
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] std::size_t waiting_commands() const { return commands_.size(); }
  [[nodiscard]] std::size_t kept_deltas() const { return recent_.size(); }

 private:
  using Effects = std::vector<Effect>;
  struct Node {
    MemberInfo member;
    Revision applied;
    std::uint64_t members_version = 0;
    DiskReport disk;
    Instant reported_at;
  };
  struct Waiting {
    Ticket ticket = 0;
    Reply reply;
    Revision revision;
    Instant deadline;
    std::set<NodeId> nodes;
  };
  struct InFlight {
    std::optional<Asked> command;  // None: the coordinator's own doing.
    CatalogDelta delta;
  };

  void apply(const Loaded& event, Effects& effects);
  void apply(const LoadFailed& event, Effects& effects);
  void apply(const Committed& event, Effects& effects);
  void apply(const CommitFailed& event, Effects& effects);
  void apply(const Asked& event, Effects& effects);
  void apply(const NodeReported& event, Effects& effects);
  void apply(const NodeLost& event, Effects& effects);
  void apply(const Tick& event, Effects& effects);

  /// What follows from the state alone: load, announce, run the next commands.
  void work(Effects& effects);
  void load(Effects& effects);
  /// Whether nothing was ever decided: terms of office are all there is.
  [[nodiscard]] bool is_new_cluster() const;
  void run(const Asked& asked, Effects& effects);
  [[nodiscard]] Decision decide_on(const Asked& asked) const;
  void grant_writer(const Asked& asked, Effects& effects);
  void commit(std::optional<Asked> command, CatalogDelta delta, Effects& effects);
  void committed(Effects& effects);
  void warn_before(const CatalogDelta& fact, Effects& effects) const;
  void not_committed(const InFlight& failed, Effects& effects);
  void answer_when_applied(const Asked& asked, Reply reply, std::set<NodeId> nodes,
                           Effects& effects);
  void lose_silent_nodes(Effects& effects);
  void members_changed(Effects& effects);
  void update_all(Effects& effects);
  void update(const Node& node, Effects& effects);
  void answer_applied(Effects& effects);
  /// Writes down one start that is not yet in the catalog: a disk that has not been there at it is
  /// not the node's from then on.
  void record_start(Effects& effects);
  /// Elects where leaders are lost, and takes who is lost out of in-sync sets.
  void adjust_leaderships(Effects& effects);
  void decide_in_sync(const Asked& asked, const ProposeInSync& proposal, Effects& effects);
  [[nodiscard]] ReplicaPolicy replica_policy() const;
  /// From which revision on each node knows all that it leads.
  void await_leaders();
  /// Whether it is not known yet if a node that was here before has its disk with it.
  [[nodiscard]] bool is_in_doubt(const Node& node) const;
  [[nodiscard]] bool awaits_verdicts() const;
  void look_at_automatic_partitions();
  void look_at_partitions_after(const CatalogDelta& fact);
  [[nodiscard]] bool adjust_automatic_partitions(Effects& effects);
  [[nodiscard]] std::vector<NodeId> alive_nodes() const;
  /// Those of them that can be given buckets.
  [[nodiscard]] std::vector<NodeId> hosts() const;
  [[nodiscard]] std::set<NodeId> known_nodes() const;
  /// Whether it is known who is there. Nobody at all means that reports are late, not that there
  /// is no node.
  [[nodiscard]] bool settled() const {
    return settled_at_ && now_ >= *settled_at_ && !nodes_.empty();
  }

  const Options options_;
  const std::uint32_t term_;
  Instant now_{};
  bool must_load_ = true;  // What is in the store is not known, or not any more.
  bool loading_ = false;
  std::optional<Instant> settled_at_;
  bool announced_ = false;  // The nodes were told once after settling.
  Revision revision_;
  Catalog catalog_;
  WriterId next_writer_{0};
  std::deque<CatalogDelta> recent_;  // The newest one made revision_.
  CommandLanes<Asked> commands_;
  std::optional<InFlight> in_flight_;
  Error why_uncommitted_;  // The last commit's error, until the store was loaded again.
  std::vector<Waiting> waiting_;
  EpochMillis wall_clock_ = 0;
  std::optional<Instant> starts_again_at_;     // After one could not be written down.
  std::optional<Instant> auto_partitions_at_;  // None: as soon as there is anybody to place them.
  std::map<TableId, bool> auto_partitions_;    // To look at; true: the table is new.
  bool auto_partition_turn_ = false;           // It and commands take turns.
  std::map<NodeId, Node> nodes_;
  bool leaderships_due_ = true;           // Somebody came or went since they were looked at.
  std::map<NodeId, Revision> led_since_;  // The newest of all buckets that a node leads.
  std::uint32_t members_count_ = 0;
};

}  // namespace millrace::coordinator
