// An actor whose turn finds no memory, wherever in it that is, takes its children with it.
#include "scenarios/memory/scarce_memory.hpp"

#include <gtest/gtest.h>

#include "runtime/simulator/simulation.hpp"
#include "runtime/supervision/supervising_actor.hpp"
#include "schemas/envelope.capnp.h"

namespace millrace::scenarios {
namespace {

// What an actor keeps of its messages grows with the second, third, fifth and ninth.
constexpr int messages_max = 9;
constexpr std::uint64_t allocations_of_a_turn = 3;

Envelope hello() {
  return seal<schemas::EnvelopeHeader>(
      [](schemas::EnvelopeHeader::Builder message) { message.setToActor("hello"); });
}

class Child final : public Actor {
 public:
  Child(caf::actor_config& config, ActorSetup setup) : Actor(config, std::move(setup)) {}

 protected:
  void on_start() override { start_timer(10s, 0); }  // What keeps an orphan alive.
  void on_envelope(const Envelope& /*envelope*/) override {}
};

class Parent final : public SupervisingActor {
 public:
  Parent(caf::actor_config& config, ActorSetup setup)
      : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one, {1, 10s}) {}

 protected:
  void on_start() override {
    start_child({"child"}, [this] {
      return context().spawn<Child>("child", actor_name(), Placement::scheduled);
    });
  }
  void on_envelope(const Envelope& /*envelope*/) override { send_here("child", hello()); }
};

/// Whether the parent has failed, for want of its `allocation`th larger piece while it handles one
/// message after so many others.
bool runs_out(int messages_before, std::uint64_t allocation) {
  Simulation simulation(1);
  NodeContext& node = simulation.start_process({"c-1", NodeId{0}, Incarnation{1}}, 1000);
  (void)node.spawn<Parent>("parent", "", Placement::scheduled);
  for (int i = 0; i < messages_before; ++i) (void)node.post("parent", "test", hello());
  simulation.run_for(1ms);
  bool has_failed = false;
  simulation.observe_turns([&](NodeId /*node*/, std::string_view actor, bool begins) {
    if (actor != "parent") return;
    if (begins) return let_allocation_fail_after(allocation);
    has_failed = let_allocations_succeed() || has_failed;
  });
  (void)node.post("parent", "test", hello());
  simulation.run_for(1ms);
  simulation.observe_turns(nullptr);
  simulation.run_for(1s);
  for (const ActorView& actor : node.actors())
    EXPECT_EQ(actor.stats.running, !has_failed) << actor.name;
  return has_failed;
}

TEST(ScarceMemory, LeavesNoOrphanWhereverInATurnItShows) {
  int failures = 0;
  for (int messages = 0; messages < messages_max; ++messages) {
    for (std::uint64_t allocation = 0; allocation < allocations_of_a_turn; ++allocation) {
      SCOPED_TRACE(testing::Message() << messages << " messages, allocation " << allocation);
      failures += runs_out(messages, allocation) ? 1 : 0;
    }
  }
  EXPECT_GT(failures, 0);
}

}  // namespace
}  // namespace millrace::scenarios
