#include "apps/agent/restart_policy.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace millrace {
namespace {

using Effects = std::vector<RestartEffect>;
const Instant start{};

NodeRestartPolicy begun() {
  NodeRestartPolicy policy{NodeRestartBackOff{}};
  EXPECT_EQ(policy.step(start, SupervisionBegan{}), Effects{StartNode{}});
  return policy;
}

TEST(NodeRestartPolicy, WaitsDoubleUpToTheLongest) {
  NodeRestartPolicy policy = begun();
  Instant now = start;
  for (const Duration wait :
       std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5s, 5s}) {
    EXPECT_TRUE(policy.step(now, NodeEnded{false}).empty());
    ASSERT_EQ(policy.next_deadline(), now + wait);
    EXPECT_TRUE(policy.step(now + wait - 1ms, TimePassed{}).empty());
    now += wait;
    EXPECT_EQ(policy.step(now, TimePassed{}), Effects{StartNode{}});
    EXPECT_EQ(policy.next_deadline(), std::nullopt);
  }
}

TEST(NodeRestartPolicy, ANodeThatLivedLongStartsOver) {
  NodeRestartPolicy policy = begun();
  Instant now = start;
  for (int i = 0; i < 4; ++i) {
    (void)policy.step(now, NodeEnded{false});
    now = *policy.next_deadline();
    (void)policy.step(now, TimePassed{});
  }
  (void)policy.step(now + 9s, NodeEnded{false});
  EXPECT_EQ(policy.next_deadline(), now + 9s + 1600ms);
  now = *policy.next_deadline();
  (void)policy.step(now, TimePassed{});
  (void)policy.step(now + 10s, NodeEnded{false});
  EXPECT_EQ(policy.next_deadline(), now + 10s + 100ms);
}

TEST(NodeRestartPolicy, ACleanEndIsNotUndone) {
  NodeRestartPolicy policy = begun();
  EXPECT_EQ(policy.step(start + 1s, NodeEnded{true}), Effects{FinishSupervision{true}});
  EXPECT_TRUE(policy.is_finished());
}

TEST(NodeRestartPolicy, DrainsThenKillsWhenTheTimeIsOver) {
  NodeRestartPolicy policy = begun();
  EXPECT_EQ(policy.step(start, DrainRequested{2s}), Effects{DrainNode{}});
  EXPECT_TRUE(policy.step(start + 1999ms, TimePassed{}).empty());
  EXPECT_EQ(policy.step(start + 2s, TimePassed{}), Effects{KillNode{}});
  EXPECT_TRUE(policy.step(start + 3s, TimePassed{}).empty());
  EXPECT_EQ(policy.step(start + 3s, NodeEnded{false}), Effects{FinishSupervision{false}});
}

TEST(NodeRestartPolicy, TheSecondRequestKills) {
  NodeRestartPolicy policy = begun();
  (void)policy.step(start, DrainRequested{60s});
  EXPECT_EQ(policy.step(start + 1ms, DrainRequested{60s}), Effects{KillNode{}});
  EXPECT_TRUE(policy.step(start + 2ms, DrainRequested{60s}).empty());
}

TEST(NodeRestartPolicy, ANodeThatDrainedInTimeIsClean) {
  NodeRestartPolicy policy = begun();
  (void)policy.step(start, DrainRequested{2s});
  EXPECT_EQ(policy.step(start + 1s, NodeEnded{true}), Effects{FinishSupervision{true}});
}

TEST(NodeRestartPolicy, ARequestDuringTheWaitStartsNothingMore) {
  NodeRestartPolicy policy = begun();
  (void)policy.step(start, NodeEnded{false});
  EXPECT_EQ(policy.step(start, DrainRequested{2s}), Effects{FinishSupervision{true}});
  EXPECT_TRUE(policy.step(start + 10s, TimePassed{}).empty());
}

TEST(NodeRestartPolicy, EndRequestedKillsAtOnce) {
  NodeRestartPolicy policy = begun();
  EXPECT_EQ(policy.step(start, EndRequested{}), Effects{KillNode{}});
  EXPECT_EQ(policy.step(start, NodeEnded{false}), Effects{FinishSupervision{false}});
}

// Whatever happens in whatever order: at most one node runs, nothing is started after a request to
// drain, and a finished policy stays silent.
TEST(NodeRestartPolicy, HoldsItsPromisesInEveryOrder) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    NodeRestartPolicy policy = begun();
    bool runs = true;
    bool asked_to_end = false;
    Instant now = start;
    for (int i = 0; i < 60; ++i) {
      now += Duration(random.below(std::uint64_t{3'000'000'000}));
      RestartEvent event = TimePassed{};
      const std::uint64_t draw = random.below(20);
      if (draw < 8 && runs) event = NodeEnded{random.chance(1, 10)};
      if (draw == 8) event = DrainRequested{1s};
      if (draw == 9) event = EndRequested{};
      const bool was_finished = policy.is_finished();
      if (std::holds_alternative<NodeEnded>(event)) runs = false;
      if (draw == 8 || draw == 9) asked_to_end = true;
      for (const RestartEffect& effect : policy.step(now, event)) {
        EXPECT_FALSE(was_finished);
        if (std::holds_alternative<StartNode>(effect)) {
          EXPECT_FALSE(runs);
          EXPECT_FALSE(asked_to_end);
          runs = true;
        } else if (std::holds_alternative<FinishSupervision>(effect)) {
          EXPECT_FALSE(runs);
        } else {
          EXPECT_TRUE(runs);
          EXPECT_TRUE(asked_to_end);
        }
      }
    }
  }
}

}  // namespace
}  // namespace millrace
