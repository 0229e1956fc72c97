#include "runtime/simulator/simulation.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/runtime/link/link_cluster.hpp"

namespace millrace {
namespace {

/// Sends a ping to a random other node each millisecond or so, and answers every ping.
class Pinger final : public Actor {
 public:
  Pinger(caf::actor_config& config, ActorSetup setup)
      : Actor(config, std::move(setup)), random_(context().random_for("pinger")) {}

 protected:
  void on_start() override { start_timer(1ms, 0); }
  void on_timer(std::uint64_t) override {
    const auto to = static_cast<std::int32_t>(1 + random_.below(3));
    const bool rows = random_.chance(1, 3);
    send({NodeId{to}, "pinger"},
         text_message("ping", rows ? std::vector<Buffer>{Buffer::from(std::string(100, 'x'))}
                                   : std::vector<Buffer>{}));
    start_timer(Duration(random_.between(500'000, 1'500'000)), 0);
  }
  void on_envelope(const Envelope& envelope) override {
    if (text_in(envelope) == "ping") reply(envelope, text_message("pong"));
  }

 private:
  Random random_;
};

struct Outcome {
  std::uint64_t trace = 0;
  std::uint64_t messages = 0;
  Instant at{};
};

/// Three nodes ping each other; one of them crashes and comes back, two are cut off for a while.
Outcome run_ping_cluster(std::uint64_t seed) {
  LinkCluster cluster(seed);
  const auto start = [&](std::int32_t node, std::uint64_t incarnation) -> LinkedNode& {
    LinkedNode& started = cluster.start(node, incarnation);
    (void)started.context.spawn<Pinger>("pinger", "", Placement::scheduled);
    return started;
  };
  LinkedNode& one = start(1, 1);
  LinkedNode& two = start(2, 1);
  LinkedNode& three = start(3, 1);
  cluster.introduce();
  cluster.simulation.run_for(50ms);
  cluster.crash(three);
  cluster.cut(one, two);
  cluster.simulation.run_for(20ms);
  (void)start(3, 2);
  cluster.introduce();
  cluster.heal(one, two);
  cluster.simulation.run_for(130ms);
  return {cluster.simulation.trace_hash(), cluster.simulation.messages_handled(),
          cluster.simulation.now()};
}

TEST(Simulation, ASeedIsOneHistoryAndAnotherSeedIsAnother) {
  std::set<std::uint64_t> traces;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const Outcome once = run_ping_cluster(seed);
    const Outcome twice = run_ping_cluster(seed);
    EXPECT_EQ(once.trace, twice.trace);
    EXPECT_EQ(once.messages, twice.messages);
    EXPECT_GT(once.messages, 500U);
    EXPECT_EQ(once.at, Instant{} + 200ms + 4us);
    traces.insert(once.trace);
  }
  EXPECT_EQ(traces.size(), 50U);
}

TEST(Simulation, TheTraceCoversWhatAMessageSays) {
  const auto trace_of = [](const Envelope& envelope) {
    Simulation simulation(1);
    NodeContext& node = simulation.start_process({"cluster", NodeId{1}, Incarnation{1}}, 0);
    Notebook notebook;
    (void)node.spawn<Recorder>("recorder", "", Placement::scheduled, notebook);
    node.post("recorder", "test", envelope);
    simulation.run_for(1ms);
    return simulation.trace_hash();
  };
  const Envelope base = text_message("a");
  Envelope correlated = base;
  correlated.correlation = 1;
  const std::set<std::uint64_t> traces{
      trace_of(base), trace_of(text_message("b")), trace_of(correlated),
      trace_of(text_message("a", {Buffer::from(std::string("rows"))})),
      trace_of(text_message("a", {Buffer::from(std::string("sowr"))}))};
  EXPECT_EQ(traces.size(), 5U);
  EXPECT_EQ(trace_of(base), trace_of(text_message("a")));
}

TEST(Simulation, TheSeedOrdersTheMailboxesOfOneInstant) {
  const auto order_of = [](std::uint64_t seed) {
    Simulation simulation(seed);
    NodeContext& node = simulation.start_process({"cluster", NodeId{1}, Incarnation{1}}, 0);
    Notebook notebook;
    for (const char* name : {"a", "b", "c", "d"}) {
      (void)node.spawn<Recorder>(name, "", Placement::scheduled, notebook);
    }
    simulation.run_for(1ms);
    for (const char* name : {"a", "b", "c", "d"}) node.post(name, "test", text_message(name));
    simulation.run_for(1ms);
    return notebook.take();
  };
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    EXPECT_EQ(order_of(seed), order_of(seed));
    orders.insert(order_of(seed));
  }
  EXPECT_GT(orders.size(), 8U);
}

TEST(Simulation, TurnsEndAmidTheMessagesOfOneInstant) {
  Simulation simulation(1);
  NodeContext& node = simulation.start_process({"cluster", NodeId{1}, Incarnation{1}}, 0);
  Notebook notebook;
  (void)node.spawn<Recorder>("recorder", "", Placement::scheduled, notebook);
  simulation.run_for(1ms);
  const Instant instant = simulation.now();
  for (const char* text : {"a", "b", "c"}) node.post("recorder", "test", text_message(text));
  simulation.run_turns(1);
  EXPECT_EQ(notebook.take(), "a");
  EXPECT_EQ(simulation.now(), instant);
  (void)simulation.queue().after(5ms, [&] { node.post("recorder", "test", text_message("d")); });
  simulation.run_turns(3);
  EXPECT_EQ(notebook.take(), "b, c, d");
  EXPECT_EQ(simulation.now(), instant + 5ms);
  simulation.run_turns(10);  // Nothing is left.
  EXPECT_EQ(notebook.take(), "");
}

TEST(Simulation, TimePassesOnlyWhenNothingIsLeftToDo) {
  Simulation simulation(1);
  NodeContext& node = simulation.start_process({"cluster", NodeId{1}, Incarnation{1}}, 5'000);
  EXPECT_EQ(node.wall_clock(), 5'000);
  bool rang = false;
  (void)simulation.queue().after(1h, [&] { rang = true; });
  EXPECT_FALSE(simulation.run_until([&] { return rang; }, Instant{} + 59min));
  EXPECT_EQ(node.now(), Instant{} + 59min);
  EXPECT_TRUE(simulation.run_until([&] { return rang; }, Instant{} + 2h));
  EXPECT_EQ(node.now(), Instant{} + 1h);
  EXPECT_EQ(node.wall_clock(), 5'000 + 3'600'000);
}

}  // namespace
}  // namespace millrace
