#include "runtime/link/link_lane.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "runtime/link/link_frame.hpp"

namespace millrace {
namespace {

std::vector<Buffer> frame_of(std::size_t size) { return {Buffer::from(std::string(size, 'x'))}; }

LinkLaneCredit lane(std::uint64_t window, std::size_t queue) {
  return LinkLaneCredit({.window_bytes = window, .queue_bytes_max = queue});
}

TEST(LinkLaneCredit, NothingIsTakenWhileNotConnected) {
  LinkLaneCredit credit = lane(100, 100);
  EXPECT_FALSE(credit.offer(frame_of(1)));
  credit.connected(100);
  EXPECT_TRUE(credit.offer(frame_of(1)));
  EXPECT_EQ(credit.disconnected(), 1U);
  EXPECT_FALSE(credit.offer(frame_of(1)));
  EXPECT_EQ(credit.queued_bytes(), 0U);
}

TEST(LinkLaneCredit, FramesGoInOrderUntilTheCreditIsSpent) {
  LinkLaneCredit credit = lane(100, 1000);
  credit.connected(50);
  for (const std::size_t size : {30U, 31U, 32U}) EXPECT_TRUE(credit.offer(frame_of(size)));
  EXPECT_EQ(total_size(credit.next_to_send().value()), 30U);
  // 20 left: the next frame overdraws, the one after it waits.
  EXPECT_EQ(total_size(credit.next_to_send().value()), 31U);
  EXPECT_FALSE(credit.next_to_send());
  EXPECT_EQ(credit.queued_bytes(), 32U);
  credit.granted(11);
  EXPECT_FALSE(credit.next_to_send());  // That only evened the debt.
  credit.granted(1);
  EXPECT_EQ(total_size(credit.next_to_send().value()), 32U);
}

TEST(LinkLaneCredit, AFrameLargerThanTheWindowGetsThrough) {
  LinkLaneCredit credit = lane(100, 1000);
  credit.connected(10);
  EXPECT_TRUE(credit.offer(frame_of(900)));
  EXPECT_EQ(total_size(credit.next_to_send().value()), 900U);
}

TEST(LinkLaneCredit, TheQueueIsBounded) {
  LinkLaneCredit credit = lane(100, 64);
  credit.connected(0);
  EXPECT_TRUE(credit.offer(frame_of(64)));
  EXPECT_FALSE(credit.offer(frame_of(1)));
  EXPECT_EQ(credit.queued_bytes(), 64U);
}

TEST(LinkLaneCredit, TheReceiverGrantsOnceHalfOfItsWindowWasHandedOn) {
  LinkLaneCredit credit = lane(100, 64);
  credit.connected(0);
  EXPECT_EQ(credit.received(49), 0U);
  EXPECT_EQ(credit.received(1), 50U);
  EXPECT_EQ(credit.received(49), 0U);
  EXPECT_EQ(credit.disconnected(), 0U);
  credit.connected(0);
  EXPECT_EQ(credit.received(49), 0U);  // A new connection owes nothing.
}

TEST(LinkLaneCredit, AbsurdGrantsDoNotOverflow) {
  LinkLaneCredit credit = lane(100, 1000);
  credit.connected(~std::uint64_t{0});
  for (int i = 0; i < 100; ++i) credit.granted(~std::uint64_t{0});
  EXPECT_TRUE(credit.offer(frame_of(10)));
  EXPECT_TRUE(credit.next_to_send());
}

TEST(LinkLaneCreditProperty, BothSidesNeverStallAndNeverExceedTheWindowByMoreThanAFrame) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::uint64_t window = 1 + random.below(1000);
    LinkLaneCredit sender = lane(window, 1 << 20);
    LinkLaneCredit receiver = lane(window, 1 << 20);
    sender.connected(window);
    receiver.connected(window);
    std::size_t in_flight = 0;  // Sent, and not granted again.
    std::size_t offered = 0;
    std::size_t arrived = 0;
    for (int i = 0; i < 200; ++i) {
      const std::size_t size = 1 + random.below(500);
      ASSERT_TRUE(sender.offer(frame_of(size)));
      offered += size;
      while (auto frame = sender.next_to_send()) {
        EXPECT_LT(in_flight, window);
        in_flight += total_size(*frame);
        arrived += total_size(*frame);
        const std::uint64_t grant = receiver.received(total_size(*frame));
        in_flight -= grant;
        if (grant > 0) sender.granted(grant);
      }
    }
    EXPECT_EQ(arrived, offered);
  }
}

}  // namespace
}  // namespace millrace
