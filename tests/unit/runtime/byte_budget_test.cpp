#include "runtime/byte_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <utility>

namespace millrace {
namespace {

using Room = ByteBudget::Room;

TEST(ByteBudget, IsSpentAtItsBoundAndOverspentAtTwiceThat) {
  ByteBudget budget(10);
  budget.take(9);
  EXPECT_FALSE(budget.is_spent());
  budget.take(1);
  EXPECT_TRUE(budget.is_spent());
  EXPECT_TRUE(budget.has(Room::to_go_on));
  budget.take(10);
  EXPECT_FALSE(budget.has(Room::to_go_on));
  budget.give_back(20);
  EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, EachWaiterIsWokenOnceWhenThereIsItsRoom) {
  ByteBudget budget(10);
  budget.take(25);
  int begins = 0;
  int goes_on = 0;
  EXPECT_NE(budget.when_room(Room::to_begin, [&] { ++begins; }), 0U);
  EXPECT_NE(budget.when_room(Room::to_go_on, [&] { ++goes_on; }), 0U);
  budget.give_back(5);
  EXPECT_EQ(goes_on, 0);
  budget.give_back(1);
  EXPECT_EQ(goes_on, 1);
  EXPECT_EQ(begins, 0);
  budget.give_back(10);
  EXPECT_EQ(begins, 1);
  EXPECT_EQ(budget.when_room(Room::to_begin, [&] { ++begins; }), 0U);
  EXPECT_EQ(begins, 2);
  budget.give_back(9);
  EXPECT_EQ(begins + goes_on, 3);
}

TEST(ByteBudget, WhoIsForgottenIsNotWoken) {
  ByteBudget budget(1);
  budget.take(1);
  int woken = 0;
  const auto waiter = budget.when_room(Room::to_begin, [&] { ++woken; });
  budget.forget(waiter);
  budget.forget(0);
  budget.give_back(1);
  EXPECT_EQ(woken, 0);
}

TEST(ByteBudget, AWakeThatFailsKeepsNobodyElseAsleepAndIsTriedAgain) {
  static_assert(noexcept(std::declval<ByteBudget&>().give_back(1)));
  ByteBudget budget(10);
  budget.take(12);
  bool has_memory = false;
  int tried = 0;
  int woken = 0;
  const auto wake = [&woken] { ++woken; };
  const auto fragile = [&] {
    ++tried;
    if (!has_memory) throw std::bad_alloc();
    ++woken;
  };
  (void)budget.when_room(Room::to_begin, wake);
  (void)budget.when_room(Room::to_begin, fragile);
  const auto forgotten = budget.when_room(Room::to_begin, fragile);
  (void)budget.when_room(Room::to_begin, wake);
  budget.give_back(3);
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(tried, 2);
  budget.forget(forgotten);
  budget.give_back(1);
  EXPECT_EQ(tried, 3);
  has_memory = true;
  budget.give_back(1);
  EXPECT_EQ(woken, 3);
  budget.give_back(1);
  EXPECT_EQ(tried, 4);
}

TEST(ByteBudget, NoWakeIsLostBetweenThreads) {
  ByteBudget budget(1);
  std::atomic<int> woken{0};
  constexpr int rounds = 20'000;
  budget.take(1);
  std::thread giver([&] {
    for (int i = 0; i < rounds; ++i) {
      budget.give_back(1);
      budget.take(1);
    }
    budget.give_back(1);
  });
  for (int i = 0; i < rounds; ++i) (void)budget.when_room(Room::to_begin, [&] { ++woken; });
  giver.join();
  EXPECT_EQ(woken.load(), rounds);
}

}  // namespace
}  // namespace millrace
