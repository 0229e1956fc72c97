#include "runtime/byte_shares.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(ByteShares, BytesCountForTheirShareAndTheWholeUntilTheLastHolderLetsGo) {
  const auto whole = std::make_shared<ByteBudget>(100);
  ByteShares shares(whole, 2);
  EXPECT_EQ(shares.at(0).bytes_max(), 50U);
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
