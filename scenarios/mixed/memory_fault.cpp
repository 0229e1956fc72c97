// F28: somewhere in the handling of a message one allocation fails. The actor that asked for it
// gives its action up and fails; its supervisor starts it again.
#include <array>
#include <string>
#include <string_view>

#include "scenarios/memory/scarce_memory.hpp"
#include "scenarios/mixed/fault.hpp"
#include "scenarios/mixed/mixed_run.hpp"

namespace millrace::scenarios {
namespace {

/// A role: the actors whose name begins so, and how many failures of theirs are forgiven within a
/// run. Connections are never restarted, buckets as often as it takes; of the others each counts
/// for a supervisor that gives up at the fourth within ten seconds.
struct Role {
  std::string_view name;
  std::uint64_t failures_max;
};
constexpr std::array roles{Role{"connection/", 10}, Role{"replica/", 10}, Role{"device/", 2},
                           Role{"gateway", 2},      Role{"tablet", 2},    Role{"coordinator", 2},
                           Role{"metadata", 2},     Role{"link/", 2}};

class ScarceMemory final : public Fault {
 public:
  explicit ScarceMemory(Random random) : random_(random) {}

  void inject(MixedRun& run) override {
    const Role role = roles[random_.below(roles.size())];
    const NodeId victim = run.draw_node(random_);
    run.cluster().simulation().observe_turns(
        [this, role, victim](NodeId node, std::string_view actor, bool begins) {
          if (!begins) {
            if (let_allocations_succeed()) ++failures_;
            return;
          }
          const bool is_there = role.name == "coordinator" || role.name == "metadata";
          if (failures_ >= role.failures_max || (!is_there && node != victim)) return;
          if (!actor.starts_with(role.name) || !random_.chance(1, 3)) return;
          constexpr std::uint64_t allocations_of_a_turn = 5;
          let_allocation_fail_after(random_.below(allocations_of_a_turn));
        });
  }

  void heal(MixedRun& run) override { run.cluster().simulation().observe_turns(nullptr); }

  std::uint64_t bites(const MixedRun& /*run*/) const override { return failures_; }

 private:
  Random random_;
  std::uint64_t failures_ = 0;
};

}  // namespace

FaultPointer make_scarce_memory(Random random) { return std::make_unique<ScarceMemory>(random); }

}  // namespace millrace::scenarios
