// F1, F4 and F33 on tables with three replicas, of which two suffice.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "scenarios/append/append_load.hpp"
#include "scenarios/checkers/replica_checker.hpp"
#include "scenarios/draw.hpp"
#include "scenarios/replication/replication_scenarios.hpp"

namespace millrace::scenarios {
namespace {

constexpr Duration leaders_max = 10s;  // Silence is noticed after five.
constexpr Duration in_sync_max = 60s;

/// Whether every bucket has a leader and all replicas in sync, as every node that is up knows it.
bool are_in_sync(const SimulatedCluster& cluster, std::size_t replicas) {
  bool all = true;
  for (std::int32_t node = 0; node < cluster.shape().nodes; ++node) {
    if (!cluster.is_up(NodeId{node})) return false;
    cluster.view_of(NodeId{node})
        ->catalog.for_each_bucket([&](const BucketId&, const BucketInfo& bucket) {
          all = all && bucket.leader != no_node && bucket.in_sync.size() == replicas;
        });
  }
  return all;
}

class Losses {
 public:
  explicit Losses(std::uint64_t seed)
      : cluster_(seed, shape_for(seed)),
        random_(cluster_.simulation().random_for("lose_replicas")),
        load_(cluster_, random_.fork("load"), {.replicas = 3}) {}

  Outcome run() {
    load_.start();
    for (std::uint64_t round = 1 + random_.below(4); round > 0; --round) lose_one();
    require_in_sync();
    load_.finish();
    const std::set<BucketId> buckets = load_.buckets();
    cluster_.run_for(3s);  // What the leaders wrote last reaches their followers.
    for (std::int32_t node = 0; node < 3; ++node) {
      if (cluster_.is_up(NodeId{node})) cluster_.stop(NodeId{node}, Ending::drained);
    }
    Outcome outcome = load_.outcome();
    for (std::string& differs : check_replicas_identical(cluster_, buckets)) {
      outcome.violations.push_back(std::move(differs));
    }
    for (const std::string& why : load_.history().given_up) {
      outcome.violations.push_back("a writer gave rows up: " + why);
    }
    outcome.reached.insert(reached_.begin(), reached_.end());
    return outcome;
  }

 private:
  static ClusterShape shape_for(std::uint64_t seed) {
    ClusterShape shape;
    shape.segment_bytes = std::uint64_t{1} << Random(seed).fork("shape").between(11, 17);
    shape.replicas.rules.lag_max = 3s;
    shape.replicas.rules.fetch_wait_max = 2s;
    return shape;
  }

  void find(const std::string& what) { load_.history().findings.push_back(what); }

  /// Two replicas that are lost at once are more than what two of three suffice for.
  void require_in_sync() {
    if (cluster_.run_until([&] { return are_in_sync(cluster_, 3); }, in_sync_max)) return;
    find("the replicas were not in sync again in time");
  }

  void lose_one() {
    require_in_sync();
    cluster_.run_for(draw(random_, 100ms, 1500ms));
    const NodeId node{static_cast<std::int32_t>(random_.below(3))};
    const NodeId other{(node.value() + 1) % 3};
    switch (random_.below(3)) {
      case 0:
        ++reached_["killed"];
        cluster_.stop(node, Ending::process_kill);
        require_appends();
        return cluster_.start(node);
      case 1:
        ++reached_["cut"];
        cluster_.cut(cluster_.process_of(node), cluster_.process_of(other));
        cluster_.run_for(draw(random_, 100ms, 8s));
        return cluster_.heal(cluster_.process_of(node), cluster_.process_of(other));
      default:
        ++reached_["actors failed"];
        for (int i = 0; i < 2; ++i) cluster_.kill_actor(node, random_);
    }
  }

  /// With one node of three away every bucket goes on.
  void require_appends() {
    const Instant since = cluster_.now();
    const auto all = load_.buckets();
    const bool went_on = cluster_.run_until(
        [&] { return load_.acknowledged_since(since).size() == all.size(); }, leaders_max);
    if (went_on) {
      ++reached_["went on"];
    } else {
      find(fmt::format("with one node away only {} of {} buckets took appends: {}",
                       load_.acknowledged_since(since).size(), all.size(), describe()));
    }
    cluster_.run_for(draw(random_, 0ms, 3s));
  }

  /// Who leads what, as a node that is up knows it.
  std::string describe() const {
    std::string text;
    for (std::int32_t node = 0; node < 3; ++node) {
      if (!cluster_.is_up(NodeId{node})) continue;
      cluster_.view_of(NodeId{node})
          ->catalog.for_each_bucket([&](const BucketId& id, const BucketInfo& bucket) {
            text += fmt::format("node {} says {}: leader {} epoch {} version {} in sync", node,
                                to_string(id), bucket.leader.value(), bucket.epoch.value(),
                                bucket.version);
            for (const NodeId one : bucket.in_sync) text += fmt::format(" {}", one.value());
            text += "; ";
          });
    }
    return text;
  }

  SimulatedCluster cluster_;
  Random random_;
  AppendLoad load_;
  std::map<std::string, std::uint64_t> reached_;
};

}  // namespace

Outcome lose_replicas(std::uint64_t seed) { return Losses(seed).run(); }

}  // namespace millrace::scenarios
