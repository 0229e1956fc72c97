// Rows that live for seconds: deletion under way while everything else happens.
#include <utility>

#include "scenarios/append/append_load.hpp"
#include "scenarios/append/append_scenarios.hpp"
#include "scenarios/draw.hpp"

namespace millrace::scenarios {
namespace {

constexpr Duration synced_within = 1s + 250ms;
constexpr int looks_max = 50;

ClusterShape draw_shape(Random& random) {
  ClusterShape shape;
  shape.segment_bytes = std::uint64_t{1} << random.between(10, 13);
  shape.replicas.retention_check_interval = std::chrono::milliseconds(random.between(50, 600));
  shape.replicas.roll_active_segment = [rolls = random.chance(1, 2)] { return rolls; };
  return shape;
}

/// Power goes, perhaps amid a deletion, and comes back; readers of that time are no witnesses.
void lose_power(SimulatedCluster& cluster, AppendLoad& load, NodeId node, Random& random) {
  HostCrash crash{{}, {}, load.buckets_of(node), synced_within};
  // What is told now must hold afterwards, best of all just after something was deleted.
  const Offset before = load.note_starts();
  for (int i = 0; i < looks_max && load.note_starts() == before; ++i) cluster.run_for(20ms);
  for (std::int32_t d = 0; d < cluster.shape().devices_per_node; ++d)
    cluster.disk(node, d).stop_after(random.below(30));
  cluster.run_for(draw(random, 0ms, 500ms));
  crash.at = cluster.now();
  load.stop_readers();
  cluster.stop(node, Ending::power_loss);
  load.history().crashes.push_back(std::move(crash));
  cluster.run_for(draw(random, 50ms, 1s));
  load.history().crashes.back().back_at = cluster.now();
  cluster.start(node);
  load.add_readers();
}

void kill(SimulatedCluster& cluster, NodeId node, Random& random) {
  cluster.simulation().run_turns(random.below(200));
  cluster.stop(node, Ending::process_kill);
  cluster.run_for(draw(random, 0ms, 400ms));
  cluster.start(node);
}

/// The offsets below which the final reads found nothing.
std::uint64_t count_deleted(const History& history) {
  std::uint64_t rows = 0;
  for (const Read& read : history.reads) {
    if (read.is_final) rows += static_cast<std::uint64_t>(read.from);
  }
  return rows;
}

}  // namespace

Outcome expire_rows(std::uint64_t seed) {
  Random shape_random = Random(seed).fork("shape");
  SimulatedCluster cluster(seed, draw_shape(shape_random));
  Random random = cluster.simulation().random_for("expire_rows");
  AppendLoad load(cluster, random.fork("load"),
                  {.time_to_live = std::chrono::milliseconds(random.between(800, 4000))});
  load.start();
  const std::uint64_t rounds = 1 + random.below(3);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cluster.run_for(draw(random, 500ms, 4s));
    const NodeId node{static_cast<std::int32_t>(random.below(3))};
    if (random.chance(1, 2)) {
      lose_power(cluster, load, node, random);
    } else {
      kill(cluster, node, random);
    }
  }
  if (!cluster.run_until_whole(20s)) load.history().findings.push_back("a node never came back");
  cluster.run_for(2s);
  load.finish();
  Outcome outcome = load.outcome();
  // A writer whose batches were all deleted is still known: it must not be told to start anew.
  if (load.history().crashes.empty()) {
    for (const std::string& why : load.history().given_up)
      outcome.violations.push_back("a writer gave rows up: " + why);
  }
  outcome.reached["rows deleted"] = count_deleted(load.history());
  outcome.reached["power lost"] = load.history().crashes.size();
  return outcome;
}

}  // namespace millrace::scenarios
