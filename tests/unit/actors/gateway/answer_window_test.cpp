#include "actors/gateway/answer_window.hpp"

#include <gtest/gtest.h>

namespace millrace::gateway {
namespace {

TEST(AnswerWindow, BytesPassFromExpectedToHeldToUnsent) {
  AnswerWindow window(100);
  window.expect(1, 0, 60);
  window.expect(1, 1, 30);
  EXPECT_EQ(window.bytes(), 90U);
  window.arrived(1, 0, 80);  // A first batch may be larger than what was asked for.
  EXPECT_EQ(window.bytes(), 110U);
  EXPECT_TRUE(window.is_full());
  window.arrived(1, 1, 0);
  EXPECT_EQ(window.bytes(), 80U);
  window.finished(1, 85);
  EXPECT_EQ(window.bytes(), 85U);
  EXPECT_EQ(window.unsent_bytes(), 85U);
  window.taken(40);
  EXPECT_EQ(window.bytes(), 45U);
  EXPECT_EQ(window.taken_bytes(), 40U);
  window.taken(1000);
  EXPECT_EQ(window.bytes(), 0U);
  EXPECT_EQ(window.finished_bytes(), 85U);
}

TEST(AnswerWindow, ACallThatEndsLetsGoOfWhatItExpectedAndOthersKeepTheirs) {
  AnswerWindow window(100);
  window.expect(1, 0, 10);
  window.expect(2, 0, 20);
  window.expect(2, 7, 5);
  window.expect(3, 0, 40);
  window.arrived(2, 7, 6);
  window.finished(2, 1);
  EXPECT_EQ(window.bytes(), 51U);
}

TEST(AnswerWindow, WhatComesUnexpectedlyIsHeldTooAndNothingIsNot) {
  AnswerWindow window(100);
  window.expect(2, 0, 20);
  window.arrived(1, 9, 0);
  EXPECT_FALSE(window.is_oldest_holder(1));
  window.arrived(1, 9, 30);
  EXPECT_TRUE(window.is_oldest_holder(1));
  EXPECT_EQ(window.bytes(), 50U);
  window.finished(1, 31);
  EXPECT_EQ(window.bytes(), 51U);
}

}  // namespace
}  // namespace millrace::gateway
