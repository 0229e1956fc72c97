// F31: a node comes back with another disk: an empty one, or an older copy of its own. With one
// replica nobody else has the rows, so all that can be asked for is that the node stops rather than
// lies: nothing of its buckets is served before its own disk is back, and then everything is.
#include <utility>
#include <vector>

#include "scenarios/draw.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

class OtherDisk final : public Fault {
 public:
  explicit OtherDisk(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    node_ = run.claim_node(random_);
    if (!node_) return;
    SimulatedCluster& cluster = run.cluster();
    const auto is_known = [&] { return cluster.is_start_known(*node_); };
    std::vector<SimulatedNames> others(static_cast<std::size_t>(cluster.shape().devices_per_node));
    if (random_.chance(1, 2)) {
      for (std::size_t d = 0; d < others.size(); ++d)
        others[d] = cluster.disk(*node_, static_cast<std::int32_t>(d)).image();
      // A copy that is older than the last start of its node: a younger one cannot be told.
      cluster.stop(*node_, Ending::process_kill);
      cluster.start(*node_);
      cluster.run_for(draw(random_, 1s, 2s));
    }
    // As long as nobody knows of the start nothing is served, and any copy is as good as the disk.
    if (!cluster.run_until(is_known, 1s)) return;
    cluster.stop(*node_, Ending::process_kill);
    exchange(cluster, std::move(others));
    cluster.start(*node_);
    cluster.run_for(draw(random_, 1s, 2s));
  }

  void heal(MixedRun& run) override {
    if (!node_) return;
    if (own_.empty()) return run.give_back(*node_);
    refused_ = run.cluster().is_refused(*node_) ? 1 : 0;
    run.cluster().stop(*node_, Ending::process_kill);
    exchange(run.cluster(), std::move(own_));
    run.cluster().start(*node_);
    run.give_back(*node_);
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return refused_; }

 private:
  void exchange(SimulatedCluster& cluster, std::vector<SimulatedNames> others) {
    own_.clear();
    for (std::size_t d = 0; d < others.size(); ++d) {
      own_.push_back(
          cluster.disk(*node_, static_cast<std::int32_t>(d)).exchange(std::move(others[d])));
    }
  }

  Random random_;
  std::optional<NodeId> node_;
  std::vector<SimulatedNames> own_;
  std::uint64_t refused_ = 0;
};

}  // namespace

FaultPointer make_other_disk(Random random) { return std::make_unique<OtherDisk>(random); }

}  // namespace millrace::scenarios
