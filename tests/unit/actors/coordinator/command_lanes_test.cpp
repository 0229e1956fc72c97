#include "actors/coordinator/command_lanes.hpp"

#include <gtest/gtest.h>

namespace millrace::coordinator {
namespace {

TEST(CommandLanes, WhatIsUrgentStandsInFrontOfTheBulk) {
  CommandLanes<int> lanes;
  for (int i = 0; i < 100; ++i) lanes.push(i, false);
  lanes.push(1000, true);
  lanes.push(1001, true);
  EXPECT_EQ(lanes.pop(), 1000);
  EXPECT_EQ(lanes.pop(), 1001);
  EXPECT_EQ(lanes.pop(), 0);
  EXPECT_EQ(lanes.pop(), 1);
}

TEST(CommandLanes, TheBulkHasItsTurnAsWell) {
  CommandLanes<int> lanes;
  lanes.push(-1, false);
  for (int i = 0; i < 100; ++i) lanes.push(i, true);
  std::size_t turns = 1;
  while (lanes.pop() != -1) ++turns;
  EXPECT_EQ(turns, CommandLanes<int>::bulk_turn);
}

TEST(CommandLanes, WhatHasAnotherTurnIsNext) {
  CommandLanes<int> lanes;
  lanes.push(1, false);
  lanes.push_front(0, false);
  EXPECT_EQ(lanes.pop(), 0);
  EXPECT_EQ(lanes.bulk(), 1U);
  EXPECT_EQ(lanes.size(), 1U);
}

}  // namespace
}  // namespace millrace::coordinator
