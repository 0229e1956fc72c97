#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/runtime/link/link_cluster.hpp"

namespace millrace {
namespace {

constexpr NodeId first{1};
constexpr NodeId second{2};
constexpr NodeId third{3};

std::vector<std::string> numbered(const std::string& stem, int count,
                                  const std::string& tail = "") {
  std::vector<std::string> lines;
  lines.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) lines.push_back(fmt::format("{}{}{}", stem, i, tail));
  return lines;
}

std::vector<std::string> those_with(const std::vector<std::string>& lines,
                                    const std::string& part) {
  std::vector<std::string> some;
  for (const std::string& line : lines) {
    if (line.find(part) != std::string::npos) some.push_back(line);
  }
  return some;
}

TEST(Link, TwoNodesTalkBothWaysInOrderPerLane) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    LinkCluster cluster(seed);
    LinkedNode& one = cluster.start(1, 1);
    LinkedNode& two = cluster.start(2, 1);
    cluster.introduce();
    ASSERT_TRUE(cluster.run_until_linked(one, two));
    for (int i = 0; i < 100; ++i) {
      for (LinkedNode* node : {&one, &two}) {
        const NodeId to = node == &one ? second : first;
        node->say(to, "c" + std::to_string(i));
        node->say(to, "d" + std::to_string(i), 3000);
      }
    }
    ASSERT_TRUE(cluster.run_until([&] { return one.inbox.count() + two.inbox.count() == 400; }));
    for (LinkedNode* node : {&one, &two}) {
      EXPECT_EQ(those_with(node->inbox.lines(), "c"), numbered("c", 100));
      EXPECT_EQ(those_with(node->inbox.lines(), "d"), numbered("d", 100, "+3000"));
    }
  }
}

TEST(Link, ThreeNodesReachEachOther) {
  LinkCluster cluster(1);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  LinkedNode& three = cluster.start(3, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until([&] {
    return one.watcher.count() == 2 && two.watcher.count() == 2 && three.watcher.count() == 2;
  }));
  one.say(third, "from 1");
  two.say(third, "from 2");
  three.say(first, "from 3");
  three.say(second, "from 3");
  EXPECT_TRUE(cluster.run_until([&] {
    return three.inbox.count() == 2 && one.inbox.has("from 3") && two.inbox.has("from 3");
  }));
  EXPECT_TRUE(one.watcher.has("up 2/1"));
  EXPECT_TRUE(one.watcher.has("up 3/1"));
  EXPECT_EQ(one.context.undeliverable(), 0U);
}

TEST(Link, AReplyFindsItsWayBack) {
  LinkCluster cluster(1);
  LinkedNode& one = cluster.start(1, 7);
  LinkedNode& two = cluster.start(2, 8);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  one.say(second, "hello");
  ASSERT_TRUE(cluster.run_until([&] { return two.inbox.has("hello"); }));
  EXPECT_EQ(two.context.flight_of("inbox").back().from, "1:inbox");
}

TEST(Link, RowsDoNotHoldUpControl) {
  LinkOptions options;
  options.lane.window_bytes = 64 << 10;
  LinkCluster cluster(1, options);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  for (int i = 0; i < 100; ++i) one.say(second, "row" + std::to_string(i), 32 << 10);
  one.say(second, "alive");
  ASSERT_TRUE(cluster.run_until([&] { return two.inbox.count() == 101; }));
  const std::vector<std::string> lines = two.inbox.lines();
  EXPECT_LT(std::find(lines.begin(), lines.end(), "alive") - lines.begin(), 20);
}

TEST(Link, ACutDelaysMessagesAndHealingDeliversThem) {
  LinkCluster cluster(3);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  cluster.cut(one, two);
  for (int i = 0; i < 10; ++i) {
    one.say(second, "m" + std::to_string(i));
    cluster.simulation.run_for(1s);
  }
  EXPECT_EQ(two.inbox.count(), 0U);
  cluster.heal(one, two);
  ASSERT_TRUE(cluster.run_until([&] { return two.inbox.count() == 10; }));
  EXPECT_EQ(two.inbox.lines(), numbered("m", 10));
  EXPECT_EQ(one.watcher.take(), "up 2/1");
}

TEST(Link, MessagesSentBeforeTheLinkIsUpAreLostAndCounted) {
  LinkCluster cluster(1);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  cluster.cut(one, two);
  cluster.simulation.run_for(1s);
  one.say(second, "early");
  cluster.heal(one, two);
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  EXPECT_FALSE(two.inbox.has("early"));
  EXPECT_GE(one.stats_of("link/2").dropped, 1U);
}

TEST(Link, TheDiallingPeerCrashesAndComesBackWithAHigherIncarnation) {
  LinkCluster cluster(4);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  cluster.crash(two);
  ASSERT_TRUE(cluster.run_until([&] { return one.watcher.has("down 2/1"); }));
  LinkedNode& again = cluster.start(2, 2);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, again));
  EXPECT_EQ(one.watcher.take(), "up 2/1, down 2/1, up 2/2");
  EXPECT_EQ(again.watcher.take(), "up 1/1");
}

TEST(Link, TheAcceptingPeerCrashesAndComesBackWithAHigherIncarnation) {
  LinkCluster cluster(5);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  cluster.crash(one);
  ASSERT_TRUE(cluster.run_until([&] { return two.watcher.has("down 1/1"); }));
  cluster.simulation.run_for(10s);  // It knocks in vain meanwhile.
  LinkedNode& again = cluster.start(1, 2);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(again, two));
  EXPECT_EQ(two.watcher.take(), "up 1/1, down 1/1, up 1/2");
}

TEST(Link, AMemberListWithANewerIncarnationReplacesAHalfOpenConnection) {
  LinkCluster cluster(6);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  cluster.cut(one, two);  // Its host is gone: nobody resets the connections.
  cluster.crash(one);
  LinkedNode& again = cluster.start(1, 2);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(again, two));
  EXPECT_EQ(two.watcher.take(), "up 1/1, down 1/1, up 1/2");
}

TEST(Link, AKilledLinkComesBackOnEitherSide) {
  for (const bool dialling : {true, false}) {
    SCOPED_TRACE(dialling);
    LinkCluster cluster(7);
    LinkedNode& one = cluster.start(1, 1);
    LinkedNode& two = cluster.start(2, 1);
    cluster.introduce();
    ASSERT_TRUE(cluster.run_until_linked(one, two));
    if (dialling) {
      two.context.kill("link/1");
    } else {
      one.context.kill("link/2");
    }
    // The other side learns of it without sending anything.
    Notebook& other = dialling ? one.watcher : two.watcher;
    const std::string down = dialling ? "down 2/1" : "down 1/1";
    ASSERT_TRUE(cluster.run_until([&] { return other.has(down); }));
    ASSERT_TRUE(cluster.run_until_linked(one, two));
  }
}

TEST(Link, KilledLinksAreRestartedWithoutTheirOldChildren) {
  LinkCluster cluster(8);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  two.context.kill("links");
  cluster.simulation.run_for(100ms);
  EXPECT_EQ(two.stats_of("links").starts, 2U);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
}

TEST(Link, AFrameTooManyForTheQueueIsDroppedAndTheLinkStaysUp) {
  LinkOptions options;
  options.lane.window_bytes = 1000;
  options.lane.queue_bytes_max = 10'000;
  LinkCluster cluster(9, options);
  LinkedNode& one = cluster.start(1, 1);
  LinkedNode& two = cluster.start(2, 1);
  cluster.introduce();
  ASSERT_TRUE(cluster.run_until_linked(one, two));
  const std::uint64_t dropped = one.stats_of("link/2").dropped;
  cluster.cut(one, two);
  for (int i = 0; i < 30; ++i) one.say(second, "r" + std::to_string(i), 900);
  cluster.simulation.run_for(1s);
  const std::uint64_t lost = one.stats_of("link/2").dropped - dropped;
  EXPECT_GT(lost, 10U);
  EXPECT_NE(one.stats_of("link/2").last_error.find("down or full"), std::string::npos);
  cluster.heal(one, two);
  cluster.simulation.run_for(5s);
  EXPECT_EQ(two.inbox.lines(), numbered("r", static_cast<int>(30 - lost), "+900"));
}

}  // namespace
}  // namespace millrace
