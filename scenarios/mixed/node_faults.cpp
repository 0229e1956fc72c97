// Nodes that stop: killed, or without power, in which case their disks lose something.
#include <algorithm>
#include <functional>
#include <utility>

#include "scenarios/draw.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

/// One node, or all of them, at any moment between two messages.
class Kill final : public Fault {
 public:
  explicit Kill(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    const std::uint64_t nodes = random_.chance(1, 4) ? 3 : 1;
    for (std::uint64_t i = 0; i < nodes; ++i) {
      const auto node = run.claim_node(random_);
      if (!node) return;
      run.cluster().simulation().run_turns(random_.below(200));
      run.cluster().stop(*node, Ending::process_kill);
      stopped_.push_back(*node);
      ++kills_;
    }
  }

  void heal(MixedRun& run) override {
    for (const NodeId node : stopped_) {
      run.cluster().start(node, random_.chance(3, 4));
      if (random_.chance(1, 3)) {
        // Amid its recovery.
        run.cluster().simulation().run_turns(random_.below(150));
        run.cluster().stop(node, Ending::process_kill);
        run.cluster().start(node);
      }
      run.give_back(node);
    }
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return kills_; }

 private:
  Random random_;
  std::vector<NodeId> stopped_;
  std::uint64_t kills_ = 0;
};

/// A host's power goes, perhaps amid a write, and comes back.
class PowerLoss final : public Fault {
 public:
  PowerLoss(FaultKind kind, Random random) : kind_(kind), random_(random) {}

  void inject(MixedRun& run) override {
    node_ = run.claim_node(random_);
    if (!node_) return;
    SimulatedCluster& cluster = run.cluster();
    before_ = toll(cluster);
    const Instant gone_at = let_power_go(cluster);
    const bool is_durable = run.plan().durability == protocol::Durability::disk;
    if (!is_durable) {
      run.may_lose_rows();
      run.history().crashes.push_back(
          {gone_at, {}, run.buckets_of(*node_), run.synced_within(*node_)});
      crash_ = run.history().crashes.size() - 1;
      // What they saw may go: readers of that time are no witnesses of what comes.
      run.load().stop_readers();
    }
    cluster.lose_power(*node_, loss());
    lost_ = toll(cluster) - before_;
  }

  void heal(MixedRun& run) override {
    if (!node_) return;
    SimulatedCluster& cluster = run.cluster();
    // Longer than the network keeps anything: every answer from before has arrived or is lost.
    cluster.run_for(50ms);
    if (crash_) run.history().crashes[*crash_].back_at = cluster.now();
    cluster.start(*node_, random_.chance(3, 4));
    if (crash_) run.load().add_readers();
    run.give_back(*node_);
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return lost_; }

 private:
  [[nodiscard]] CrashLoss loss() const {
    if (kind_ == FaultKind::lost_name) return CrashLoss::names;
    return kind_ == FaultKind::torn_write ? CrashLoss::torn : CrashLoss::writes;
  }

  /// What crashes took from the node's disks so far, of the kind that this fault is about.
  [[nodiscard]] std::uint64_t toll(SimulatedCluster& cluster) const {
    std::uint64_t sum = 0;
    for (std::int32_t d = 0; d < cluster.shape().devices_per_node; ++d) {
      const CrashToll& crashes = cluster.disk(*node_, d).fault_counts().crashes;
      if (kind_ == FaultKind::lost_name) sum += crashes.names;
      if (kind_ == FaultKind::torn_write) sum += crashes.torn;
      if (kind_ == FaultKind::lost_writes) sum += crashes.writes;
    }
    return sum;
  }

  /// Runs on until the host is to be stopped and returns when power went: a disk that goes first
  /// syncs nothing from then on, so its rows are as old as that, however long the host runs on.
  Instant let_power_go(SimulatedCluster& cluster) {
    std::optional<Instant> gone_at;
    const auto has_gone = [&] {
      if (!gone_at && has_stopped(cluster)) gone_at = cluster.now();
      return false;
    };
    interrupt_disks(cluster, has_gone);
    for (std::uint64_t turns = random_.below(200); turns > 0; --turns) {
      cluster.simulation().run_turns(1);
      has_gone();
    }
    return gone_at.value_or(cluster.now());
  }

  [[nodiscard]] bool has_stopped(SimulatedCluster& cluster) const {
    for (std::int32_t d = 0; d < cluster.shape().devices_per_node; ++d) {
      if (cluster.disk(*node_, d).has_stopped()) return true;
    }
    return false;
  }

  /// The disks may go first, amid an append, a roll or a sync; names are lost only then.
  void interrupt_disks(SimulatedCluster& cluster, const std::function<bool()>& each_turn) {
    const bool at_name = kind_ == FaultKind::lost_name;
    if (!at_name && random_.chance(1, 2)) return;
    for (std::int32_t d = 0; d < cluster.shape().devices_per_node; ++d) {
      SimulatedDisk& disk = cluster.disk(*node_, d);
      if (at_name) {
        disk.stop_at_name(1 + random_.below(8));
      } else {
        disk.stop_after(random_.below(20));
      }
    }
    if (!at_name) {
      (void)cluster.run_until(each_turn, draw(random_, 0ms, 200ms));
      return;
    }
    (void)cluster.run_until([&] { return has_stopped(cluster); }, 3s);
  }

  const FaultKind kind_;
  Random random_;
  std::optional<NodeId> node_;
  std::optional<std::size_t> crash_;  // In the history.
  std::uint64_t before_ = 0;
  std::uint64_t lost_ = 0;
};

/// A commit of the metadata store fails, whether it was applied or not, and another one later.
class UnknownCommit final : public Fault {
 public:
  explicit UnknownCommit(Random random) : random_(random) {}

  void inject(MixedRun& run) override { fail_a_commit(run); }
  void heal(MixedRun& run) override { fail_a_commit(run); }
  std::uint64_t bites(const MixedRun& run) const override {
    return run.cluster().metadata().failed_commits();
  }

 private:
  void fail_a_commit(MixedRun& run) {
    constexpr CommitFault faults[] = {CommitFault::refused_full, CommitFault::failed_unapplied,
                                      CommitFault::failed_yet_applied};
    run.cluster().metadata().fail_next_commit(faults[random_.below(3)]);
    // Where nothing else changes the catalog, this does; whatever the answer.
    run.cluster().add_client().api().create_database("unknown" + std::to_string(++databases_), true,
                                                     [](const client::Outcome<void>&) {});
  }

  Random random_;
  int databases_ = 0;
};

}  // namespace

FaultPointer make_kill(Random random) { return std::make_unique<Kill>(random); }

FaultPointer make_power_loss(FaultKind kind, Random random) {
  return std::make_unique<PowerLoss>(kind, random);
}

FaultPointer make_unknown_commit(Random random) { return std::make_unique<UnknownCommit>(random); }

}  // namespace millrace::scenarios
