#include "runtime/byte_shares.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(ByteShares, BytesCountForTheirShareAndTheWholeUntilTheLastHolderLetsGo) {
  const auto whole = std::make_shared<ByteBudget>(100);
  ByteShares shares(whole, 2);
  EXPECT_EQ(shares.at(0).bytes_max(), 37U);
  Buffer held = shares.hold(0, Buffer::from(std::string(60, 'x')));
  EXPECT_EQ(held.text(), std::string(60, 'x'));
  EXPECT_TRUE(shares.at(0).is_spent());
  EXPECT_EQ(shares.at(1).held(), 0U);
  EXPECT_EQ(whole->held(), 60U);
  Buffer part = held.slice(10, 5);
  held = {};
  EXPECT_EQ(whole->held(), 60U);  // The rest of it is still in memory.
  int woken = 0;
  (void)shares.at(0).when_room(ByteBudget::Room::to_begin, [&woken] { ++woken; });
  EXPECT_EQ(woken, 0);
  part = {};
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(whole->held(), 0U);
}

TEST(ByteShares, AllOfThemTogetherLeaveAQuarter) {
  for (const std::size_t count : {1U, 2U, 3U, 7U}) {
    const ByteShares shares(std::make_shared<ByteBudget>(1000), count);
    std::size_t together = 0;
    for (std::size_t i = 0; i < count; ++i) together += shares.at(i).bytes_max();
    EXPECT_LE(together, 750U);
    EXPECT_GT(together, 750U - count);
  }
  const ByteShares tiny(std::make_shared<ByteBudget>(1), 2);
  EXPECT_EQ(tiny.at(1).bytes_max(), 1U);
}

TEST(ByteShares, AreNearlySpentWhenOthersHaveHalfOfTheRest) {
  const auto whole = std::make_shared<ByteBudget>(800);
  ByteShares shares(whole, 2);
  whole->take(99);
  EXPECT_FALSE(shares.is_nearly_spent());
  const Buffer all = shares.hold(0, Buffer::from(std::string(300, 'x')));
  EXPECT_FALSE(shares.is_nearly_spent());
  whole->take(1);  // The other share is kept free for its own use.
  EXPECT_TRUE(shares.is_nearly_spent());
  whole->give_back(50);
  EXPECT_FALSE(shares.is_nearly_spent());
  const Buffer more = shares.hold(0, Buffer::from(std::string(50, 'x')));
  EXPECT_TRUE(shares.is_nearly_spent());
}

TEST(ByteShares, WhatIsHeldMayOutliveTheShares) {
  Buffer held;
  {
    const ByteShares shares(std::make_shared<ByteBudget>(100), 1);
    held = shares.hold(0, Buffer::from(std::string("rows")));
  }
  EXPECT_EQ(held.text(), "rows");
}

}  // namespace
}  // namespace millrace
