// Devices that fail, are full or slow, and lie about a sync.
#include <algorithm>
#include <string>
#include <utility>

#include "scenarios/draw.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

/// A fault of one disk of one node.
class DiskFault : public Fault {
 public:
  explicit DiskFault(Random random) : random_(random) {}

 protected:
  /// The disk that was drawn, the same each time.
  [[nodiscard]] SimulatedDisk& disk(MixedRun& run) {
    if (!node_) {
      node_ = run.draw_node(random_);
      device_ = static_cast<std::int32_t>(
          random_.below(static_cast<std::uint64_t>(run.cluster().shape().devices_per_node)));
    }
    return run.cluster().disk(*node_, device_);
  }
  [[nodiscard]] NodeId node() const { return *node_; }
  [[nodiscard]] Random& random() { return random_; }

 private:
  Random random_;
  std::optional<NodeId> node_;
  std::int32_t device_ = 0;
};

class FailingDevice final : public DiskFault {
 public:
  using DiskFault::DiskFault;

  void inject(MixedRun& run) override {
    before_ = count(run);
    const auto length = random().chance(1, 2) ? FaultLength::once : FaultLength::until_cleared;
    if (random().chance(1, 2)) {
      disk(run).fail_reads(length);
    } else {
      disk(run).fail_writes(length);
    }
  }

  void heal(MixedRun& run) override {
    failed_ = count(run) - before_;
    disk(run).fail_reads(std::nullopt);
    disk(run).fail_writes(std::nullopt);
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return failed_; }

 private:
  [[nodiscard]] std::uint64_t count(MixedRun& run) {
    const DiskFaultCounts& counts = disk(run).fault_counts();
    return counts.failed_reads + counts.failed_writes;
  }

  std::uint64_t before_ = 0;
  std::uint64_t failed_ = 0;
};

class FailingSync final : public DiskFault {
 public:
  using DiskFault::DiskFault;

  void inject(MixedRun& run) override {
    before_ = disk(run).fault_counts().failed_syncs;
    disk(run).fail_syncs(FaultLength::once);
  }

  void heal(MixedRun& run) override {
    // Whoever waits for a sync gets one within a second or two.
    const auto failed = [&] { return disk(run).fault_counts().failed_syncs > before_; };
    (void)run.cluster().run_until(failed, 3s);
    failed_ = disk(run).fault_counts().failed_syncs - before_;
    disk(run).fail_syncs(std::nullopt);
    // A fenced directory takes nothing before its node starts anew. One that somebody else has
    // stopped does so anyway.
    if (!run.claim(node())) return;
    run.cluster().stop(node(), random().chance(1, 2) ? Ending::drained : Ending::process_kill);
    run.cluster().run_for(draw(random(), 0ms, 500ms));
    run.cluster().start(node());
    run.give_back(node());
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return failed_; }

 private:
  std::uint64_t before_ = 0;
  std::uint64_t failed_ = 0;
};

class FullDisk final : public DiskFault {
 public:
  using DiskFault::DiskFault;

  void inject(MixedRun& run) override {
    before_ = disk(run).fault_counts().full;
    disk(run).set_free_bytes(random().below(600));
  }

  void heal(MixedRun& run) override {
    found_full_ = disk(run).fault_counts().full - before_;
    disk(run).set_free_bytes(std::nullopt);
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return found_full_; }

 private:
  std::uint64_t before_ = 0;
  std::uint64_t found_full_ = 0;
};

/// Everything that one node's devices are asked for takes long.
class SlowDisk final : public Fault {
 public:
  explicit SlowDisk(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    node_ = run.draw_node(random_);
    before_ = run.cluster().simulation().slow_turns();
    constexpr Duration longest[] = {50ms, 500ms, 5s};
    const Duration most = longest[random_.below(3)];
    run.slow_down(node_, most);
    for (std::int32_t d = 0; d < run.cluster().shape().devices_per_node; ++d) {
      run.cluster().simulation().slow_down(node_, device_name(d),
                                           [random = random_.fork(static_cast<std::uint64_t>(d)),
                                            most]() mutable { return draw(random, 10ms, most); });
    }
  }

  void heal(MixedRun& run) override {
    for (std::int32_t d = 0; d < run.cluster().shape().devices_per_node; ++d)
      run.cluster().simulation().slow_down(node_, device_name(d), nullptr);
    slowed_ = run.cluster().simulation().slow_turns() - before_;
  }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return slowed_; }

 private:
  [[nodiscard]] static std::string device_name(std::int32_t device) {
    return "device/" + std::to_string(device);
  }

  Random random_;
  NodeId node_;
  std::uint64_t before_ = 0;
  std::uint64_t slowed_ = 0;
};

}  // namespace

FaultPointer make_failing_device(Random random) { return std::make_unique<FailingDevice>(random); }
FaultPointer make_failing_sync(Random random) { return std::make_unique<FailingSync>(random); }
FaultPointer make_full_disk(Random random) { return std::make_unique<FullDisk>(random); }
FaultPointer make_slow_disk(Random random) { return std::make_unique<SlowDisk>(random); }

}  // namespace millrace::scenarios
