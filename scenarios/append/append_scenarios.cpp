#include "scenarios/append/append_scenarios.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "scenarios/append/append_load.hpp"
#include "scenarios/draw.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::int32_t nodes = 3;
/// Power may go this long after an acknowledgement and the row is safe: the device's 1 s, and some
/// for what happens between the write and the answer's arrival.
constexpr Duration synced_within = 1s + 250ms;

/// Logs that roll every few batches, or hardly ever: a roll syncs what came before it.
ClusterShape draw_shape(std::uint64_t seed) {
  Random random = Random(seed).fork("shape");
  ClusterShape shape;
  shape.segment_bytes = std::uint64_t{1} << random.between(11, 17);
  return shape;
}

NodeId draw_node(Random& random) { return NodeId{static_cast<std::int32_t>(random.below(nodes))}; }

/// Where retries must bring everything home in the end, giving rows up is a failure.
void require_no_giving_up(const History& history, Outcome& outcome) {
  for (const std::string& why : history.given_up)
    outcome.violations.push_back("a writer gave rows up: " + why);
}

void require_acknowledged(std::size_t count, std::size_t before, const char* when,
                          History& history) {
  if (count <= before)
    history.findings.push_back(std::string("no append was acknowledged ") + when);
}

}  // namespace

Outcome restart_nodes(std::uint64_t seed) {
  SimulatedCluster cluster(seed, draw_shape(seed));
  Random random = cluster.simulation().random_for("restart_nodes");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  std::vector<NodeId> order{NodeId{0}, NodeId{1}, NodeId{2}};
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::uint64_t drained = 0;
  for (const NodeId node : order) {
    cluster.run_for(draw(random, 100ms, 900ms));
    const Ending ending = random.chance(1, 2) ? Ending::drained : Ending::process_kill;
    drained += ending == Ending::drained ? 1 : 0;
    cluster.stop(node, ending);
    cluster.run_for(draw(random, 0ms, 700ms));
    cluster.start(node, random.chance(2, 3));
    if (!cluster.run_until_whole(10s)) load.history().findings.push_back("a node never came back");
  }
  const std::size_t before = load.count_acknowledged();
  cluster.run_for(1s);
  require_acknowledged(load.count_acknowledged(), before, "after the restarts", load.history());
  load.finish();
  Outcome outcome = load.outcome();
  require_no_giving_up(load.history(), outcome);
  outcome.reached["drained"] = drained;
  return outcome;
}

Outcome kill_processes(std::uint64_t seed) {
  SimulatedCluster cluster(seed, draw_shape(seed));
  Random random = cluster.simulation().random_for("kill_processes");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  std::uint64_t kills = 0;
  const std::uint64_t rounds = 2 + random.below(3);
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cluster.run_for(draw(random, 50ms, 800ms));
    const NodeId node = draw_node(random);
    const NodeId other = draw_node(random);
    const bool cuts = node != other && random.chance(1, 3);
    if (cuts) cluster.cut(cluster.process_of(node), cluster.process_of(other));
    // Client 0 only made the tables, the others write and read. Longer than they wait for answers.
    const ProcessId cut_off = cluster.client(1 + random.below(6)).process();
    const bool cuts_client = random.chance(1, 4);
    if (cuts_client) {
      cluster.cut(cluster.process_of(node), cut_off);
      cluster.run_for(draw(random, 100ms, 8s));
    }
    cluster.simulation().run_turns(random.below(200));
    for (std::uint64_t again = 1 + random.below(2); again > 0; --again) {
      cluster.stop(node, Ending::process_kill);
      ++kills;
      cluster.run_for(draw(random, 0ms, 400ms));
      cluster.start(node, random.chance(3, 4));
      // Into its recovery, for the next kill.
      cluster.simulation().run_turns(random.below(150));
    }
    if (cuts) cluster.heal(cluster.process_of(node), cluster.process_of(other));
    if (cuts_client) cluster.heal(cluster.process_of(node), cut_off);
  }
  if (!cluster.run_until_whole(20s)) load.history().findings.push_back("a node never came back");
  load.finish();
  Outcome outcome = load.outcome();
  require_no_giving_up(load.history(), outcome);
  outcome.reached["kills"] = kills;
  return outcome;
}

Outcome kill_actors(std::uint64_t seed) {
  SimulatedCluster cluster(seed, draw_shape(seed));
  Random random = cluster.simulation().random_for("kill_actors");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  constexpr std::uint64_t kills = 3;  // As many as the strictest supervisor forgives within 10 s.
  for (std::uint64_t kill = 0; kill < kills; ++kill) {
    cluster.run_for(draw(random, 50ms, 800ms));
    cluster.simulation().run_turns(random.below(200));
    cluster.kill_actor(draw_node(random), random);
  }
  cluster.run_for(1s);
  if (!cluster.run_until_whole(20s)) load.history().findings.push_back("a node never came back");
  const std::size_t before = load.count_acknowledged();
  cluster.run_for(1s);
  require_acknowledged(load.count_acknowledged(), before, "after actors failed", load.history());
  load.finish();
  Outcome outcome = load.outcome();
  require_no_giving_up(load.history(), outcome);
  outcome.reached["actors killed"] = kills;
  return outcome;
}

namespace {

Outcome lose_power_at(std::uint64_t seed, protocol::Durability durability) {
  SimulatedCluster cluster(seed, draw_shape(seed));
  Random random = cluster.simulation().random_for("lose_power");
  AppendLoad load(cluster, random.fork("load"), {.durability = durability});
  load.start();
  cluster.run_for(draw(random, 500ms, 4s));
  const NodeId node = draw_node(random);
  const bool is_durable = durability == protocol::Durability::disk;
  HostCrash crash{{}, {}, load.buckets_of(node), is_durable ? Duration::zero() : synced_within};
  if (random.chance(1, 2)) {
    // The disks go first, perhaps amid an append, a roll or a sync.
    for (std::int32_t d = 0; d < cluster.shape().devices_per_node; ++d)
      cluster.disk(node, d).stop_after(random.below(20));
    cluster.run_for(draw(random, 0ms, 200ms));
  }
  cluster.simulation().run_turns(random.below(200));
  crash.at = cluster.now();
  // What they saw may go: readers of that time are no witnesses of what comes.
  load.stop_readers();
  cluster.stop(node, Ending::power_loss);
  load.history().crashes.push_back(std::move(crash));
  // Longer than the network keeps anything: every answer from before has arrived or is lost.
  cluster.run_for(draw(random, 50ms, 1s));
  load.history().crashes.back().back_at = cluster.now();
  cluster.start(node, random.chance(3, 4));
  load.add_readers();
  if (!cluster.run_until_whole(10s)) load.history().findings.push_back("the node never came back");
  const std::size_t before = load.count_acknowledged();
  cluster.run_for(draw(random, 1s, 2s));
  require_acknowledged(load.count_acknowledged(), before, "after the loss of power",
                       load.history());
  load.finish();
  Outcome outcome = load.outcome();
  outcome.reached["rows lost"] = load.count_lost();
  return outcome;
}

}  // namespace

Outcome lose_power(std::uint64_t seed) { return lose_power_at(seed, protocol::Durability::memory); }

Outcome lose_power_durably(std::uint64_t seed) {
  return lose_power_at(seed, protocol::Durability::disk);
}

}  // namespace millrace::scenarios
