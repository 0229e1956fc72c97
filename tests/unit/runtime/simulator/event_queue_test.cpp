#include "runtime/simulator/event_queue.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace millrace {
namespace {

std::string order_of_ties(std::uint64_t seed) {
  EventQueue queue{Random(seed)};
  std::string order;
  for (char name = 'a'; name <= 'h'; ++name) {
    (void)queue.after(1s, [&order, name] { order += name; });
  }
  while (!queue.empty()) queue.run_next();
  return order;
}

TEST(EventQueue, RunsInOrderOfTimeAndTimeStandsStillMeanwhile) {
  EventQueue queue{Random(1)};
  std::string ran;
  (void)queue.after(3s, [&] {
    ran += "c";
    EXPECT_EQ(queue.now(), Instant{} + 3s);
  });
  (void)queue.after(1s, [&] { ran += "a"; });
  (void)queue.after(2s, [&] {
    ran += "b";
    (void)queue.after(500ms, [&] { ran += "B"; });
  });
  EXPECT_EQ(queue.next_at(), Instant{} + 1s);
  while (!queue.empty()) queue.run_next();
  EXPECT_EQ(ran, "abBc");
}

TEST(EventQueue, TheSeedOrdersWhatIsDueAtTheSameInstant) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(order_of_ties(seed), order_of_ties(seed));
    orders.insert(order_of_ties(seed));
  }
  EXPECT_GT(orders.size(), 10U);
}

TEST(EventQueue, ACancelledTimerDoesNotRun) {
  EventQueue queue{Random(1)};
  int ran = 0;
  const TimerId first = queue.after(1s, [&] { ++ran; });
  (void)queue.after(2s, [&] { ran += 10; });
  queue.cancel(first);
  queue.cancel(first);
  queue.run_next();
  EXPECT_EQ(ran, 10);
  EXPECT_TRUE(queue.empty());
  queue.cancel(first);
}

TEST(EventQueue, AnEventMayCancelAnother) {
  EventQueue queue{Random(1)};
  int ran = 0;
  const TimerId second = queue.after(2s, [&] { ++ran; });
  (void)queue.after(1s, [&] { queue.cancel(second); });
  queue.run_next();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(ran, 0);
}

TEST(EventQueue, ANegativeDelayMeansNow) {
  EventQueue queue{Random(1)};
  queue.advance_to(Instant{} + 5s);
  (void)queue.after(-1s, [] {});
  EXPECT_EQ(queue.next_at(), Instant{} + 5s);
}

TEST(SimulatedEventLoop, TheWallClockMovesWithVirtualTime) {
  EventQueue queue{Random(1)};
  SimulatedEventLoop loop(queue, 1'700'000'000'000);
  queue.advance_to(Instant{} + 1500ms);
  EXPECT_EQ(loop.wall_clock(), 1'700'000'001'500);
  EXPECT_EQ(loop.now(), Instant{} + 1500ms);
}

}  // namespace
}  // namespace millrace
