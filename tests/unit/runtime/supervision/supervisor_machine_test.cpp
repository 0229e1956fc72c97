#include "runtime/supervision/supervisor_machine.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "base/random.hpp"

namespace millrace {
namespace {

constexpr Instant start{};

std::string say(const std::vector<SupervisionEffect>& effects) {
  struct Say {
    std::string operator()(const StartChild& one) const { return "start " + one.name; }
    std::string operator()(const StartLater& one) const {
      return "start " + one.name + " after " +
             std::to_string(
                 std::chrono::duration_cast<std::chrono::milliseconds>(one.delay).count());
    }
    std::string operator()(const StopChild& one) const { return "stop " + one.name; }
    std::string operator()(const ForgetChild& one) const { return "forget " + one.name; }
    std::string operator()(const Escalate& one) const { return "escalate " + one.reason; }
    std::string operator()(const AllStopped&) const { return "all stopped"; }
  };
  std::string said;
  for (const SupervisionEffect& effect : effects) {
    if (!said.empty()) said += ", ";
    said += std::visit(Say{}, effect);
  }
  return said;
}

/// A machine whose steps read as sentences.
struct Machine {
  explicit Machine(RestartStrategy strategy, RestartIntensity intensity = {})
      : machine(strategy, intensity) {}

  /// With the children a, b, c and so on running.
  Machine& with(std::size_t children) {
    for (std::size_t i = 0; i < children; ++i)
      (void)add(std::string(1, static_cast<char>('a' + i)));
    return *this;
  }
  std::string add(const std::string& name, RestartPolicy policy = RestartPolicy::permanent) {
    return say(machine.step(now, ChildAdded{{name, policy}}));
  }
  std::string remove(const std::string& name) { return say(machine.step(now, ChildRemoved{name})); }
  std::string fails(const std::string& name) {
    return say(machine.step(now, ChildExited{name, true, "boom"}));
  }
  std::string ends(const std::string& name) {
    return say(machine.step(now, ChildExited{name, false, "normal"}));
  }
  std::string due(const std::string& name) { return say(machine.step(now, ChildDue{name})); }
  std::string stop() { return say(machine.step(now, SupervisorStopping{})); }

  SupervisorMachine machine;
  Instant now = start;
};

TEST(SupervisorMachine, ChildrenStartAsTheyAreAdded) {
  Machine machine(RestartStrategy::one_for_one);
  EXPECT_EQ(machine.add("a"), "start a");
  EXPECT_EQ(machine.add("b"), "start b");
  EXPECT_EQ(machine.machine.child_count(), 2U);
}

TEST(SupervisorMachine, OneForOneRestartsTheFailedChildOnly) {
  Machine machine = Machine(RestartStrategy::one_for_one).with(3);
  EXPECT_EQ(machine.fails("b"), "start b");
}

TEST(SupervisorMachine, OneForAllStopsTheOthersInReverseAndStartsAllInOrder) {
  Machine machine = Machine(RestartStrategy::one_for_all).with(4);
  EXPECT_EQ(machine.fails("b"), "stop d");
  EXPECT_EQ(machine.ends("d"), "stop c");
  EXPECT_EQ(machine.ends("c"), "stop a");
  EXPECT_EQ(machine.ends("a"), "start a, start b, start c, start d");
}

TEST(SupervisorMachine, RestForOneRestartsTheFailedChildAndThoseAfterIt) {
  Machine machine = Machine(RestartStrategy::rest_for_one).with(4);
  EXPECT_EQ(machine.fails("b"), "stop d");
  EXPECT_EQ(machine.ends("d"), "stop c");
  EXPECT_EQ(machine.ends("c"), "start b, start c, start d");
}

TEST(SupervisorMachine, APermanentChildComesBackAlsoAfterANormalEnd) {
  Machine machine(RestartStrategy::one_for_one);
  (void)machine.add("a", RestartPolicy::permanent);
  EXPECT_EQ(machine.ends("a"), "start a");
  machine.now += ChildBackOff::calm_after;
  EXPECT_EQ(machine.fails("a"), "start a");
}

TEST(SupervisorMachine, ATransientChildComesBackAfterAFailureOnly) {
  Machine machine(RestartStrategy::one_for_one);
  (void)machine.add("a", RestartPolicy::transient);
  EXPECT_EQ(machine.fails("a"), "start a");
  EXPECT_EQ(machine.ends("a"), "forget a");
  EXPECT_EQ(machine.machine.child_count(), 0U);
}

TEST(SupervisorMachine, ATemporaryChildNeverComesBack) {
  Machine machine(RestartStrategy::one_for_all);
  (void)machine.add("a");
  (void)machine.add("b", RestartPolicy::temporary);
  EXPECT_EQ(machine.fails("b"), "forget b");
  EXPECT_EQ(machine.machine.child_count(), 1U);
}

TEST(SupervisorMachine, ATemporaryChildDoesNotComeBackWhenASiblingsFailureStoppedIt) {
  Machine machine(RestartStrategy::one_for_all);
  (void)machine.add("a");
  (void)machine.add("b", RestartPolicy::temporary);
  (void)machine.add("c", RestartPolicy::transient);
  EXPECT_EQ(machine.fails("a"), "stop c");
  EXPECT_EQ(machine.ends("c"), "stop b");
  EXPECT_EQ(machine.ends("b"), "forget b, start a, start c");
}

TEST(SupervisorMachine, OneFailureTooManyWithinThePeriodEscalates) {
  Machine machine = Machine(RestartStrategy::one_for_one, {2, 10s}).with(2);
  EXPECT_EQ(machine.fails("a"), "start a");
  machine.now += 10s;
  EXPECT_EQ(machine.fails("b"), "start b");
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now), 0U);
  EXPECT_EQ(machine.fails("a"), "escalate a: boom, stop b");
  EXPECT_EQ(machine.ends("b"), "forget a, forget b, all stopped");
}

TEST(SupervisorMachine, FailuresOlderThanThePeriodAreForgiven) {
  Machine machine = Machine(RestartStrategy::one_for_one, {2, 30s}).with(1);
  machine.now += 15001ms;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(machine.fails("a"), "start a") << i;
    machine.now += 15001ms;
  }
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now), 1U);
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now + 30s), 2U);
}

TEST(SupervisorMachine, AChildThatKeepsFailingWaitsTwiceAsLongEachTime) {
  Machine machine = Machine(RestartStrategy::one_for_one, RestartIntensity::unlimited()).with(2);
  EXPECT_EQ(machine.fails("a"), "start a");
  EXPECT_EQ(machine.fails("a"), "start a after 100");
  EXPECT_EQ(machine.fails("b"), "start b");  // A sibling's first failure.
  EXPECT_EQ(machine.due("a"), "start a");
  for (const char* delay : {"200", "400", "800", "1600", "3200", "5000", "5000"}) {
    EXPECT_EQ(machine.fails("a"), std::string("start a after ") + delay);
    EXPECT_EQ(machine.due("a"), "start a");
  }
  machine.now += ChildBackOff::calm_after;
  EXPECT_EQ(machine.fails("a"), "start a");
}

TEST(SupervisorMachine, ChildrenThatFailForEverNeverEscalateWithoutALimit) {
  Machine machine = Machine(RestartStrategy::one_for_one, RestartIntensity::unlimited()).with(1);
  EXPECT_EQ(machine.fails("a"), "start a");
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(machine.fails("a").find("start a after "), 0U);
    EXPECT_EQ(machine.due("a"), "start a");
  }
}

TEST(SupervisorMachine, WhoComesAfterAWaitingChildWaitsWithIt) {
  Machine machine = Machine(RestartStrategy::rest_for_one).with(3);
  EXPECT_EQ(machine.fails("b"), "stop c");
  EXPECT_EQ(machine.ends("c"), "start b, start c");
  EXPECT_EQ(machine.fails("b"), "stop c");
  EXPECT_EQ(machine.ends("c"), "start b after 100");
  EXPECT_EQ(machine.add("d"), "");
  EXPECT_EQ(machine.due("b"), "start b, start c, start d");
}

TEST(SupervisorMachine, AWaitingChildCanBeRemovedAndStopped) {
  Machine machine = Machine(RestartStrategy::one_for_one).with(2);
  EXPECT_EQ(machine.fails("a"), "start a");
  EXPECT_EQ(machine.fails("a"), "start a after 100");
  EXPECT_EQ(machine.remove("a"), "forget a");
  EXPECT_EQ(machine.due("a"), "");
  machine.now += 20s;
  EXPECT_EQ(machine.fails("b"), "start b");
  EXPECT_EQ(machine.fails("b"), "start b after 100");
  EXPECT_EQ(machine.stop(), "forget b, all stopped");
  EXPECT_EQ(machine.due("b"), "");
}

TEST(SupervisorMachine, NormalEndsThatAreNotRestartedCostNothing) {
  Machine machine(RestartStrategy::one_for_one, {1, 10s});
  for (int i = 0; i < 5; ++i) {
    (void)machine.add("job", RestartPolicy::transient);
    EXPECT_EQ(machine.ends("job"), "forget job");
  }
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now), 1U);
}

TEST(SupervisorMachine, NoRestartsAllowedMeansTheFirstFailureEscalates) {
  Machine machine = Machine(RestartStrategy::one_for_one, {0, 10s}).with(1);
  EXPECT_EQ(machine.fails("a"), "escalate a: boom, forget a, all stopped");
}

TEST(SupervisorMachine, StopsInReverseOrderOneAfterTheOther) {
  Machine machine = Machine(RestartStrategy::one_for_one).with(3);
  EXPECT_EQ(machine.stop(), "stop c");
  EXPECT_EQ(machine.stop(), "");
  EXPECT_EQ(machine.ends("c"), "stop b");
  EXPECT_EQ(machine.fails("b"), "stop a");  // Failing on request is an end like any other.
  EXPECT_EQ(machine.ends("a"), "forget a, forget b, forget c, all stopped");
  EXPECT_EQ(machine.stop(), "");
  EXPECT_EQ(machine.add("d"), "");
}

TEST(SupervisorMachine, AChildThatEndsByItselfWhileStoppingIsNotAskedAgain) {
  Machine machine = Machine(RestartStrategy::one_for_one).with(3);
  EXPECT_EQ(machine.stop(), "stop c");
  EXPECT_EQ(machine.fails("b"), "");
  EXPECT_EQ(machine.ends("c"), "stop a");
  EXPECT_EQ(machine.ends("a"), "forget a, forget b, forget c, all stopped");
}

TEST(SupervisorMachine, StopsAtOnceWithoutChildren) {
  Machine machine(RestartStrategy::one_for_one);
  EXPECT_EQ(machine.stop(), "all stopped");
}

TEST(SupervisorMachine, ARemovedChildIsStoppedAndForgotten) {
  Machine machine = Machine(RestartStrategy::one_for_all).with(3);
  EXPECT_EQ(machine.remove("b"), "stop b");
  EXPECT_EQ(machine.remove("b"), "");
  EXPECT_EQ(machine.ends("b"), "forget b");
  EXPECT_EQ(machine.remove("b"), "");
  EXPECT_EQ(machine.machine.child_count(), 2U);
}

TEST(SupervisorMachine, AChildAddedBackWhileItIsRemovedStartsOnceItHasEnded) {
  Machine machine = Machine(RestartStrategy::one_for_one).with(2);
  EXPECT_EQ(machine.remove("a"), "stop a");
  EXPECT_EQ(machine.add("a", RestartPolicy::temporary), "");
  EXPECT_EQ(machine.ends("a"), "start a");
  // It is the child that was added, not the one that was removed.
  EXPECT_EQ(machine.fails("a"), "forget a");
}

TEST(SupervisorMachine, AFailureDuringARestartRoundJoinsTheRound) {
  Machine machine = Machine(RestartStrategy::one_for_all, {3, 10s}).with(3);
  EXPECT_EQ(machine.fails("a"), "stop c");
  EXPECT_EQ(machine.fails("b"), "");  // It would have been stopped next.
  EXPECT_EQ(machine.ends("c"), "start a, start b, start c");
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now), 2U);
}

TEST(SupervisorMachine, AFailureOutsideARestartRoundWidensIt) {
  Machine machine = Machine(RestartStrategy::rest_for_one, {3, 10s}).with(4);
  EXPECT_EQ(machine.fails("c"), "stop d");
  EXPECT_EQ(machine.fails("a"), "");
  EXPECT_EQ(machine.ends("d"), "stop b");
  EXPECT_EQ(machine.ends("b"), "start a, start b, start c, start d");
}

TEST(SupervisorMachine, AChildAddedDuringARestartRoundStartsWithIt) {
  Machine machine = Machine(RestartStrategy::one_for_all).with(2);
  EXPECT_EQ(machine.fails("a"), "stop b");
  EXPECT_EQ(machine.add("c"), "");
  EXPECT_EQ(machine.ends("b"), "start a, start b, start c");
}

TEST(SupervisorMachine, AChildRemovedDuringARestartRoundDoesNotComeBack) {
  Machine machine = Machine(RestartStrategy::one_for_all).with(3);
  EXPECT_EQ(machine.fails("a"), "stop c");
  EXPECT_EQ(machine.remove("b"), "");
  EXPECT_EQ(machine.ends("c"), "stop b");
  EXPECT_EQ(machine.ends("b"), "forget b, start a, start c");
}

TEST(SupervisorMachine, AFailureTooManyDuringARestartRoundEscalatesOnce) {
  Machine machine = Machine(RestartStrategy::rest_for_one, {1, 10s}).with(3);
  EXPECT_EQ(machine.fails("b"), "stop c");
  EXPECT_EQ(machine.fails("a"), "escalate a: boom");
  EXPECT_EQ(machine.fails("c"), "forget a, forget b, forget c, all stopped");
}

TEST(SupervisorMachine, AnExitOfNobodyChangesNothing) {
  Machine machine = Machine(RestartStrategy::one_for_all).with(1);
  EXPECT_EQ(machine.fails("stranger"), "");
  EXPECT_EQ(machine.machine.restart_budget_left(machine.now), 3U);
}

/// What the shell would see: which children live, which were asked to stop, in which order they
/// were added. Every effect is judged by it.
class World {
 public:
  explicit World(Random random)
      : random_(random),
        machine_(static_cast<RestartStrategy>(random_.below(3)), {random_.below(4), 10s}) {}

  void run() {
    for (int i = 0; i < 60 && !all_stopped_; ++i) random_event();
    while (!waiting_.empty() && stopping_.empty() && !all_stopped_) due(pick(waiting_));
    apply(SupervisorStopping{});
    while (!stopping_.empty()) exit_of(pick(stopping_));
    while (!all_stopped_ && !living_.empty()) exit_of(pick(living_));
    EXPECT_TRUE(all_stopped_);
    EXPECT_TRUE(living_.empty());
    apply(SupervisorStopping{});
    apply(ChildAdded{{"late"}});
  }

 private:
  void random_event() {
    const std::string name(1, static_cast<char>('a' + random_.below(6)));
    now_ += Duration(random_.between(0, Duration(3s).count()));
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        return add(name);
      case 3:
        return apply(ChildRemoved{name});
      case 4:
        if (random_.chance(1, 10)) apply(SupervisorStopping{});
        return;
      case 5:
      case 6:
        if (!stopping_.empty()) exit_of(pick(stopping_));
        return;
      case 7:
        if (!waiting_.empty()) due(pick(waiting_));
        return;
      default:
        if (!living_.empty()) exit_of(pick(living_));
    }
  }

  void add(const std::string& name) {
    if (!ending_ && std::find(order_.begin(), order_.end(), name) == order_.end())
      order_.push_back(name);
    apply(ChildAdded{{name, static_cast<RestartPolicy>(random_.below(3))}});
  }

  std::string pick(const std::set<std::string>& names) {
    return *std::next(names.begin(), static_cast<std::ptrdiff_t>(random_.below(names.size())));
  }

  void exit_of(const std::string& name) {
    living_.erase(name);
    stopping_.erase(name);
    apply(ChildExited{name, random_.chance(1, 2), "why"});
  }

  void due(const std::string& name) {
    waiting_.erase(name);
    apply(ChildDue{name});
  }

  std::size_t position(const std::string& name) const {
    const auto found = std::find(order_.begin(), order_.end(), name);
    EXPECT_NE(found, order_.end()) << name;
    return static_cast<std::size_t>(found - order_.begin());
  }

  void apply(const SupervisionEvent& event) {
    if (std::holds_alternative<SupervisorStopping>(event)) ending_ = true;
    const bool over = all_stopped_;
    last_started_.reset();
    const auto effects = machine_.step(now_, event);
    EXPECT_TRUE(!over || effects.empty());
    for (const SupervisionEffect& effect : effects) {
      EXPECT_FALSE(all_stopped_) << "an effect behind the last one";
      std::visit([this](const auto& one) { judge(one); }, effect);
    }
    if (!ending_ && stopping_.empty()) {
      // Those behind a waiting child may be down without waiting themselves.
      const std::size_t seen = living_.size() + waiting_.size();
      EXPECT_LE(seen, machine_.child_count());
      if (waiting_.empty()) {
        EXPECT_EQ(seen, machine_.child_count());
      }
    }
  }

  void judge(const StartChild& effect) {
    EXPECT_FALSE(ending_);
    EXPECT_FALSE(waiting_.contains(effect.name)) << "started too soon: " << effect.name;
    EXPECT_TRUE(living_.insert(effect.name).second) << "started twice: " << effect.name;
    const std::size_t at = position(effect.name);
    EXPECT_TRUE(!last_started_ || *last_started_ < at) << "start order: " << effect.name;
    last_started_ = at;
  }
  void judge(const StartLater& effect) {
    EXPECT_FALSE(ending_);
    EXPECT_FALSE(living_.contains(effect.name));
    EXPECT_GE(effect.delay, Duration(ChildBackOff::first));
    EXPECT_LE(effect.delay, Duration(ChildBackOff::longest));
    EXPECT_TRUE(waiting_.insert(effect.name).second) << "waits twice: " << effect.name;
  }
  void judge(const StopChild& effect) {
    EXPECT_TRUE(living_.contains(effect.name)) << "stopped a dead child: " << effect.name;
    EXPECT_TRUE(stopping_.insert(effect.name).second) << "stopped twice: " << effect.name;
    if (!ending_) return;
    // When everything ends, whoever is not asked yet was added before this one.
    for (const std::string& other : living_) {
      if (stopping_.contains(other)) continue;
      EXPECT_LT(position(other), position(effect.name));
    }
  }
  void judge(const ForgetChild& effect) {
    EXPECT_FALSE(living_.contains(effect.name)) << "forgot a living child: " << effect.name;
    std::erase(order_, effect.name);
    waiting_.erase(effect.name);
  }
  void judge(const Escalate&) {
    EXPECT_FALSE(ending_) << "escalated twice, or while stopping";
    ending_ = true;
  }
  void judge(const AllStopped&) {
    EXPECT_TRUE(ending_);
    EXPECT_TRUE(living_.empty());
    EXPECT_TRUE(order_.empty());
    all_stopped_ = true;
  }

  Random random_;
  SupervisorMachine machine_;
  Instant now_{};
  std::vector<std::string> order_;
  std::set<std::string> living_;
  std::set<std::string> stopping_;
  std::set<std::string> waiting_;  // Those of the living that were asked to end.
  std::optional<std::size_t> last_started_;
  bool ending_ = false;
  bool all_stopped_ = false;
};

TEST(SupervisorMachineProperty, HoldsItsPromisesInAnyOrderOfEvents) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    World(Random(seed)).run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace
