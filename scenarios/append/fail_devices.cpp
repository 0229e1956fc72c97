// F15 and F16: a device that fails, for once or for a while, under the usual writers and readers.
#include <string>

#include "scenarios/append/append_load.hpp"
#include "scenarios/append/append_scenarios.hpp"
#include "scenarios/draw.hpp"

namespace millrace::scenarios {
namespace {

enum class DeviceFault { reads, writes, syncs };

void inject(SimulatedDisk& disk, DeviceFault fault, Random& random) {
  const auto length = random.chance(1, 2) ? FaultLength::once : FaultLength::until_cleared;
  switch (fault) {
    case DeviceFault::reads:
      return disk.fail_reads(length);
    case DeviceFault::writes:
      return disk.fail_writes(length);
    case DeviceFault::syncs:
      return disk.fail_syncs(FaultLength::once);
  }
}

std::string name_of(DeviceFault fault) {
  if (fault == DeviceFault::reads) return "failed reads";
  return fault == DeviceFault::writes ? "failed writes" : "failed syncs";
}

}  // namespace

Outcome fail_devices(std::uint64_t seed) {
  ClusterShape shape;
  shape.segment_bytes = std::uint64_t{1} << Random(seed).fork("shape").between(11, 17);
  SimulatedCluster cluster(seed, shape);
  Random random = cluster.simulation().random_for("fail_devices");
  const bool durable = random.chance(1, 2);
  AppendLoad load(
      cluster, random.fork("load"),
      {.durability = durable ? protocol::Durability::disk : protocol::Durability::memory});
  load.start();
  std::map<std::string, std::uint64_t> faults;
  for (std::uint64_t round = 1 + random.below(3); round > 0; --round) {
    cluster.run_for(draw(random, 100ms, 1s));
    const NodeId node{static_cast<std::int32_t>(random.below(3))};
    SimulatedDisk& disk = cluster.disk(
        node, static_cast<std::int32_t>(
                  random.below(static_cast<std::uint64_t>(cluster.shape().devices_per_node))));
    // Without durability `disk` a failed sync may take what was acknowledged.
    const auto fault = static_cast<DeviceFault>(random.below(durable ? 3 : 2));
    ++faults[name_of(fault)];
    inject(disk, fault, random);
    cluster.run_for(draw(random, 100ms, 2s));
    disk.clear_faults();
    if (fault == DeviceFault::syncs || random.chance(1, 4)) {
      // A fenced directory takes nothing before this.
      cluster.stop(node, random.chance(1, 2) ? Ending::drained : Ending::process_kill);
      cluster.run_for(draw(random, 0ms, 500ms));
      cluster.start(node);
    }
    if (!cluster.run_until_whole(20s)) load.history().findings.push_back("a node never came back");
  }
  const std::size_t before = load.count_acknowledged();
  cluster.run_for(2s);
  if (load.count_acknowledged() <= before) {
    load.history().findings.push_back("no append was acknowledged when the devices were well");
  }
  load.finish();
  Outcome outcome = load.outcome();
  for (const std::string& why : load.history().given_up) {
    outcome.violations.push_back("a writer gave rows up: " + why);
  }
  outcome.reached.insert(faults.begin(), faults.end());
  return outcome;
}

}  // namespace millrace::scenarios
