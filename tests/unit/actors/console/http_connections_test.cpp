#include "actors/console/http_connections.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

constexpr Instant start{};
const ConnectionId one{1};
const ConnectionId two{2};

TEST(HttpConnections, TheCapCountsConnectionsThatAreStillClosing) {
  HttpConnections connections;
  for (std::uint64_t i = 1; i <= HttpConnections::connections_max; ++i) {
    ASSERT_TRUE(connections.admit(ConnectionId{i}, start));
  }
  const ConnectionId late{1000};
  EXPECT_FALSE(connections.admit(late, start));
  connections.start_closing(one);
  EXPECT_FALSE(connections.is_open(one));
  EXPECT_FALSE(connections.admit(late, start));
  connections.on_gone(one);
  EXPECT_TRUE(connections.admit(late, start));
}

TEST(HttpConnections, OnlyACompleteRequestGivesMoreTime) {
  HttpConnections connections;
  EXPECT_EQ(connections.next_deadline(), std::nullopt);
  ASSERT_TRUE(connections.admit(one, start));
  ASSERT_TRUE(connections.admit(two, start + 5s));
  EXPECT_EQ(connections.next_deadline(), start + 60s);
  connections.on_request(one, start + 30s);
  EXPECT_EQ(connections.next_deadline(), start + 65s);
  connections.on_queued(two, 100);
  connections.on_sent(two, 100);
  EXPECT_TRUE(connections.overdue(start + 65s - 1ns).empty());
  EXPECT_EQ(connections.overdue(start + 65s), std::vector{two});
  EXPECT_EQ(connections.overdue(start + 90s), (std::vector{one, two}));
  connections.start_closing(one);
  connections.start_closing(two);
  EXPECT_TRUE(connections.overdue(start + 90s).empty());
  EXPECT_EQ(connections.next_deadline(), std::nullopt);
}

TEST(HttpConnections, AnswersWaitUntilTheClientHasTakenSome) {
  HttpConnections connections;
  EXPECT_FALSE(connections.may_answer(one));
  ASSERT_TRUE(connections.admit(one, start));
  connections.on_queued(one, HttpConnections::unsent_bytes_max - 1);
  EXPECT_TRUE(connections.may_answer(one));
  connections.on_queued(one, 1);
  EXPECT_FALSE(connections.may_answer(one));
  connections.on_sent(one, 1);
  EXPECT_TRUE(connections.may_answer(one));
  connections.on_sent(two, 1);  // Of a previous life: nobody's business.
}

TEST(HttpConnections, DiscardingEndsByBytesOrTime) {
  HttpConnections connections;
  ASSERT_TRUE(connections.admit(one, start));
  EXPECT_FALSE(connections.discards(one));
  connections.start_discarding(one, start + 10s);
  EXPECT_TRUE(connections.discards(one));
  EXPECT_FALSE(connections.may_answer(one));
  EXPECT_EQ(connections.next_deadline(), start + 12s);
  EXPECT_TRUE(connections.discard(one, HttpConnections::discard_bytes_max));
  EXPECT_FALSE(connections.discard(one, 1));
}

}  // namespace
}  // namespace millrace
