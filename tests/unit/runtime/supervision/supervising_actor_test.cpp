#include "runtime/supervision/supervising_actor.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "runtime/simulator/simulation.hpp"
#include "tests/unit/runtime/recorder.hpp"

namespace millrace {
namespace {

/// Does what it is told, and writes down when it starts and stops.
class Worker final : public Actor {
 public:
  Worker(caf::actor_config& config, ActorSetup setup, Notebook& notebook)
      : Actor(config, std::move(setup)), notebook_(notebook) {}

 protected:
  void on_start() override { notebook_.write("start " + actor_name()); }
  void on_stop() override { notebook_.write("stop " + actor_name()); }
  void on_envelope(const Envelope& envelope) override {
    const auto order = text_in(envelope);
    if (!order) return drop(order.error());
    if (*order == "throw") throw std::runtime_error("boom");
    if (*order == "end") return stop();
    notebook_.write(actor_name() + " got " + *order);
  }

 private:
  Notebook& notebook_;
};

/// Fails before its first message.
class Stillborn final : public Actor {
 public:
  Stillborn(caf::actor_config& config, ActorSetup setup) : Actor(config, std::move(setup)) {}

 protected:
  void on_start() override { throw std::runtime_error("stillborn"); }
  void on_envelope(const Envelope& /*envelope*/) override {}
};

struct Plan {
  RestartStrategy strategy = RestartStrategy::one_for_one;
  RestartIntensity intensity{2, 10s};
  std::vector<ChildDescription> children;
  bool falls = false;  ///< The foreman throws once its workers are there.
};

/// Starts the workers of its plan.
class Foreman final : public SupervisingActor {
 public:
  Foreman(caf::actor_config& config, ActorSetup setup, Notebook& notebook, const Plan& plan)
      : SupervisingActor(config, std::move(setup), plan.strategy, plan.intensity),
        notebook_(notebook),
        plan_(plan) {}

 protected:
  void on_start() override {
    notebook_.write("start " + actor_name());
    for (const ChildDescription& child : plan_.children) hire(child);
    if (plan_.falls) throw std::runtime_error("fell at once");
  }
  void on_envelope(const Envelope& envelope) override {
    const auto order = text_in(envelope);
    if (!order) return drop(order.error());
    if (*order == "throw") throw std::runtime_error("the foreman fell");
    if (*order == "end") return stop();
    if (order->starts_with("-")) return stop_child(order->substr(1));
    if (order->starts_with("+")) return hire({order->substr(1)});
    if (order->starts_with("!")) {
      return start_child({order->substr(1)},
                         []() -> caf::actor { throw std::runtime_error("no tools"); });
    }
    if (order->starts_with("?")) {
      return start_child({order->substr(1)}, [this, name = order->substr(1)] {
        return context().spawn<Stillborn>(name, actor_name(), Placement::scheduled);
      });
    }
    notebook_.write(actor_name() + " got " + *order);
  }
  void on_child_gone(const std::string& name) override { notebook_.write("gone " + name); }
  void on_escalation(const std::string& reason) override { notebook_.write("escalate " + reason); }

 private:
  void hire(const ChildDescription& child) {
    start_child(child, [this, name = child.name] {
      return context().spawn<Worker>(name, actor_name(), Placement::scheduled, notebook_);
    });
  }

  Notebook& notebook_;
  const Plan plan_;
};

/// Supervises foremen.
class Owner final : public SupervisingActor {
 public:
  Owner(caf::actor_config& config, ActorSetup setup, Notebook& notebook, const Plan& plan)
      : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one, {1, 10s}),
        notebook_(notebook),
        plan_(plan) {}

 protected:
  void on_start() override {
    start_child({"foreman"}, [this] {
      return context().spawn<Foreman>("foreman", actor_name(), Placement::scheduled, notebook_,
                                      plan_);
    });
  }
  void on_envelope(const Envelope&) override { stop(); }
  void on_escalation(const std::string&) override { notebook_.write("the owner gives up"); }

 private:
  Notebook& notebook_;
  const Plan plan_;
};

class SupervisingActorTest : public testing::Test {
 protected:
  void start(const Plan& plan) {
    (void)node.spawn<Owner>("owner", "", Placement::scheduled, notebook, plan);
    settle();
  }
  /// Long enough for a child that backs off once or twice.
  std::string settle() {
    simulation.run_for(1s);
    return notebook.take();
  }
  std::string tell(const std::string& actor, const std::string& text) {
    node.post(actor, "test", text_message(text));
    return settle();
  }
  std::string kill(const std::string& actor) {
    node.kill(actor);
    return settle();
  }
  ActorStats::View stats_of(const std::string& name) {
    for (const ActorView& actor : node.actors()) {
      if (actor.name == name) return actor.stats;
    }
    ADD_FAILURE() << "nobody called " << name;
    return {};
  }
  std::string running() {
    std::string names;
    for (const ActorView& actor : node.actors()) {
      if (actor.stats.running) names += (names.empty() ? "" : " ") + actor.name;
    }
    return names;
  }

  Notebook notebook;
  Simulation simulation{11};
  NodeContext& node = simulation.start_process({"cluster", NodeId{1}, Incarnation{1}}, 0);
};

TEST_F(SupervisingActorTest, StartsInOrderAndStopsInReverse) {
  (void)node.spawn<Owner>("owner", "", Placement::scheduled, notebook,
                          Plan{.children = {{"a"}, {"b"}, {"c"}}});
  simulation.run_for(1ms);
  EXPECT_EQ(running(), "a b c foreman owner");
  (void)notebook.take();
  EXPECT_EQ(tell("owner", "end"), "stop c, stop b, stop a, gone a, gone b, gone c");
  EXPECT_EQ(running(), "");
}

TEST_F(SupervisingActorTest, OneForOneRestartsOnlyTheChildThatThrew) {
  start({.children = {{"a"}, {"b"}, {"c"}}});
  EXPECT_EQ(tell("b", "throw"), "start b");
  EXPECT_EQ(stats_of("b").last_error, "boom");
  EXPECT_EQ(stats_of("b").starts, 2U);
  EXPECT_EQ(tell("b", "hello"), "b got hello");
}

TEST_F(SupervisingActorTest, OneForOneRestartsAKilledChild) {
  start({.children = {{"a"}, {"b"}}});
  EXPECT_EQ(kill("a"), "start a");
  EXPECT_EQ(tell("a", "hello"), "a got hello");
}

TEST_F(SupervisingActorTest, OneForAllStopsTheOthersInReverseFirst) {
  start({.strategy = RestartStrategy::one_for_all, .children = {{"a"}, {"b"}, {"c"}}});
  const std::string said = tell("b", "throw");
  EXPECT_EQ(said.substr(0, 14), "stop c, stop a");
  for (const char* child : {"a", "b", "c"}) EXPECT_EQ(stats_of(child).starts, 2U) << child;
  EXPECT_EQ(running(), "a b c foreman owner");
}

TEST_F(SupervisingActorTest, RestForOneLeavesTheEarlierOnesAlone) {
  start({.strategy = RestartStrategy::rest_for_one, .children = {{"a"}, {"b"}, {"c"}}});
  const std::string said = kill("b");
  EXPECT_EQ(said.substr(0, 6), "stop c");
  EXPECT_EQ(stats_of("a").starts, 1U);
  EXPECT_EQ(stats_of("b").starts, 2U);
  EXPECT_EQ(stats_of("c").starts, 2U);
}

TEST_F(SupervisingActorTest, PoliciesDecideWhoComesBackAfterANormalEnd) {
  start({.children = {{"permanent", RestartPolicy::permanent},
                      {"transient", RestartPolicy::transient},
                      {"temporary", RestartPolicy::temporary}}});
  EXPECT_EQ(tell("permanent", "end"), "stop permanent, start permanent");
  EXPECT_EQ(tell("transient", "throw"), "start transient");
  EXPECT_EQ(tell("transient", "end"), "stop transient, gone transient");
  EXPECT_EQ(tell("temporary", "throw"), "gone temporary");
  EXPECT_EQ(running(), "foreman owner permanent");
}

TEST_F(SupervisingActorTest, TooManyFailuresFailTheSupervisorAndItsParentRestartsIt) {
  start({.children = {{"a"}, {"b"}}});
  EXPECT_EQ(tell("a", "throw"), "start a");
  EXPECT_EQ(tell("a", "throw"), "start a");
  const std::string said = tell("a", "throw");
  EXPECT_TRUE(said.starts_with("stop b, gone a, gone b, escalate a: ")) << said;
  EXPECT_NE(said.find("start foreman, start "), std::string::npos) << said;
  EXPECT_NE(stats_of("foreman").last_error.find("too many restarts"), std::string::npos);
  EXPECT_EQ(running(), "a b foreman owner");
}

TEST_F(SupervisingActorTest, AChildThatFailsAgainIsStartedLater) {
  start({.children = {{"a"}}});
  EXPECT_EQ(tell("a", "throw"), "start a");
  node.post("a", "test", text_message("throw"));
  simulation.run_for(ChildBackOff::first - 1ms);
  EXPECT_EQ(notebook.take(), "");
  EXPECT_EQ(running(), "foreman owner");
  EXPECT_EQ(settle(), "start a");
}

TEST_F(SupervisingActorTest, EscalationGoesOnToTheTop) {
  start({.intensity = {0, 10s}, .children = {{"a"}}});
  EXPECT_NE(tell("a", "throw").find("start foreman, start a"), std::string::npos);
  EXPECT_NE(tell("a", "throw").find("the owner gives up"), std::string::npos);
  EXPECT_EQ(running(), "");
}

TEST_F(SupervisingActorTest, ASupervisorThatThrowsStopsItsChildrenBeforeItIsRestarted) {
  start({.children = {{"a"}, {"b"}}});
  const std::string said = tell("foreman", "throw");
  EXPECT_TRUE(said.starts_with("stop b, stop a, gone a, gone b, start foreman, ")) << said;
  EXPECT_EQ(running(), "a b foreman owner");
  EXPECT_EQ(stats_of("foreman").last_error, "the foreman fell");
}

TEST_F(SupervisingActorTest, AKilledSupervisorStopsItsChildrenBeforeItIsRestarted) {
  start({.children = {{"a"}, {"b"}}});
  const std::string said = kill("foreman");
  EXPECT_TRUE(said.starts_with("stop b, stop a, gone a, gone b, start foreman, ")) << said;
  EXPECT_EQ(tell("b", "hello"), "b got hello");
}

TEST_F(SupervisingActorTest, ASupervisorThatFellHandlesNothingMore) {
  start({.children = {{"a"}}});
  node.post("foreman", "test", text_message("throw"));
  node.post("foreman", "test", text_message("to a broken one"));
  EXPECT_EQ(settle().find("broken"), std::string::npos);
}

TEST_F(SupervisingActorTest, ChildrenComeAndGoWhileItRuns) {
  start({.children = {{"a"}}});
  EXPECT_EQ(tell("foreman", "+b"), "start b");
  EXPECT_EQ(tell("foreman", "-a"), "stop a, gone a");
  node.post("foreman", "test", text_message("-b"));
  node.post("foreman", "test", text_message("+b"));
  EXPECT_EQ(settle(), "stop b, start b");
  EXPECT_EQ(running(), "b foreman owner");
  // What is known of a child that is gone for good goes with it.
  for (const ActorView& actor : node.actors()) EXPECT_NE(actor.name, "a");
}

TEST_F(SupervisingActorTest, AChildThatCannotBeMadeCountsAsFailed) {
  start({.children = {{"a"}}});
  const std::string said = tell("foreman", "!b");
  EXPECT_NE(said.find("escalate b: cannot start: no tools"), std::string::npos) << said;
  EXPECT_EQ(running(), "a foreman owner");
}

TEST_F(SupervisingActorTest, AChildThatFailsAtItsStartCountsAsFailed) {
  start({.children = {{"a"}}});
  const std::string said = tell("foreman", "?b");
  EXPECT_NE(said.find("escalate b: "), std::string::npos) << said;
  EXPECT_EQ(running(), "a foreman owner");
}

TEST_F(SupervisingActorTest, ASupervisorThatFailsAtItsStartLeavesNoChildrenBehind) {
  (void)node.spawn<Owner>("owner", "", Placement::scheduled, notebook,
                          Plan{.children = {{"a"}, {"b"}}, .falls = true});
  const std::string said = settle();
  EXPECT_NE(said.find("start foreman", said.find("gone b")), std::string::npos) << said;
  EXPECT_NE(said.find("the owner gives up"), std::string::npos) << said;
  EXPECT_EQ(running(), "");
}

}  // namespace
}  // namespace millrace
