#pragma once
#include <cstdint>
#include <memory>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "scenarios/mixed/fault_plan.hpp"
#include "state/disk/simulated/simulated_disk.hpp"

namespace millrace::scenarios {

class MixedRun;

/// One thing that goes wrong once in a run, and is put right again. It tells the history what it
/// may legitimately have cost, so that the checkers stay as sharp as they can be.
class Fault {
 public:
  virtual ~Fault() = default;

  /// May run the simulation for a few seconds.
  virtual void inject(MixedRun& run) = 0;
  /// The same. What was hurt is sound again afterwards, or starts to get so.
  virtual void heal(MixedRun& run) = 0;
  /// How often it did anything, asked when all is over: one that never bit proves nothing.
  [[nodiscard]] virtual std::uint64_t bites(const MixedRun& run) const = 0;
};

using FaultPointer = std::unique_ptr<Fault>;

/// Everything that happens in it follows from `random`.
[[nodiscard]] FaultPointer make_fault(FaultKind kind, Random random);

/// Whether something else than zeros follows the last sound batch of a log's last segment.
[[nodiscard]] bool ends_torn(const SimulatedDisk& disk, BucketId bucket);

[[nodiscard]] FaultPointer make_kill(Random random);
[[nodiscard]] FaultPointer make_bad_wire(Random random);
/// For lost_writes, torn_write and lost_name.
[[nodiscard]] FaultPointer make_power_loss(FaultKind kind, Random random);
[[nodiscard]] FaultPointer make_bit_rot(Random random);
[[nodiscard]] FaultPointer make_failing_device(Random random);
[[nodiscard]] FaultPointer make_failing_sync(Random random);
[[nodiscard]] FaultPointer make_full_disk(Random random);
[[nodiscard]] FaultPointer make_slow_disk(Random random);
[[nodiscard]] FaultPointer make_unknown_commit(Random random);
[[nodiscard]] FaultPointer make_scarce_memory(Random random);
[[nodiscard]] FaultPointer make_flood(Random random);
[[nodiscard]] FaultPointer make_other_disk(Random random);

}  // namespace millrace::scenarios
