#include "scenarios/checkers/log_checkers.hpp"

#include <gtest/gtest.h>

namespace millrace::scenarios {
namespace {

constexpr BucketId here{TableId{3}, BucketIndex{1}};
constexpr BucketId elsewhere{TableId{3}, BucketIndex{0}};

Instant at(Duration since) { return Instant{} + since; }

/// Two writers, five rows, all read twice; every checker is content with it.
class LogCheckers : public testing::Test {
 protected:
  LogCheckers() {
    for (const Value& value : order_) {
      Attempt& attempt = history_.attempts.emplace_back();
      attempt.value = value;
      attempt.bucket = here;
      attempt.fate = Fate::acknowledged;
      attempt.answered_at = at(std::chrono::seconds(history_.attempts.size()));
      attempt.offset = static_cast<Offset>(history_.attempts.size() - 1);
    }
    for (const bool is_final : {false, true}) {
      Read& read = history_.reads.emplace_back();
      read.reader = is_final ? "the final read" : "the tail";
      read.bucket = here;
      read.is_final = is_final;
      read.begun_at = at(is_final ? 100s : 0s);
      for (const Value& value : order_)
        read.rows.push_back({static_cast<Offset>(read.rows.size()), value});
    }
  }

  Read& tail() { return history_.reads[0]; }
  Read& last() { return history_.reads[1]; }
  /// Power went after `since`; nothing that was read before tells of later.
  void crash(Duration since, Duration synced_within) {
    history_.crashes.push_back({at(since), at(since + 100ms), {here}, synced_within});
  }
  /// The final read ends before `offset`.
  void cut(std::size_t offset) { last().rows.resize(offset); }

  const std::vector<Value> order_{{1, 0}, {1, 1}, {2, 0}, {1, 2}, {2, 1}};
  History history_;
};

void expect_one(const Violations& violations, const std::string& text) {
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_NE(violations.front().find(text), std::string::npos) << violations.front();
}

TEST_F(LogCheckers, AGoodHistoryPassesAllOfThem) { EXPECT_EQ(check_log(history_), Violations{}); }

TEST_F(LogCheckers, ADeletedRowIsOldAndBelowTheStart) {
  last().rows.erase(last().rows.begin(), last().rows.begin() + 2);
  last().from = 2;
  EXPECT_EQ(check_nothing_lost(history_).size(), 2U);
  history_.time_to_live = 99s;
  EXPECT_EQ(check_log(history_), Violations{});
  history_.attempts[1].asked_at = at(1s);  // So young that it must be there.
  expect_one(check_nothing_lost(history_), "acknowledged row lost: row 1 of writer 1");
  history_.attempts[1].asked_at = {};
  last().from = 1;
  expect_one(check_nothing_lost(history_), "acknowledged row lost: row 1 of writer 1");
}

TEST_F(LogCheckers, WhatWasDeletedSinceThePowerWentWasNotGivenAnew) {
  crash(50s, 1s);
  for (Attempt& attempt : history_.attempts) attempt.answered_at = at(1s);
  last().rows.erase(last().rows.begin(), last().rows.begin() + 2);
  last().from = 2;
  EXPECT_EQ(check_single_valued(history_), Violations{});
  last().from = 0;  // Then they were lost, and what is behind them cannot have stayed.
  EXPECT_FALSE(check_single_valued(history_).empty());
}

TEST_F(LogCheckers, AStartThatGoesBackIsFound) {
  tail().from = 3;
  tail().begun_at = at(10s);
  last().from = 2;
  last().start_asked_at = at(9s);
  EXPECT_EQ(check_start(history_), Violations{});  // Asked before: an old answer may be late.
  last().start_asked_at = at(10s);
  expect_one(check_start(history_), "the start went back");
  last().from = 3;
  EXPECT_EQ(check_start(history_), Violations{});
}

TEST_F(LogCheckers, AnAcknowledgedRowThatIsNotThereIsLost) {
  cut(4);
  expect_one(check_nothing_lost(history_), "acknowledged row lost: row 1 of writer 2");
}

TEST_F(LogCheckers, OnlyFinalReadsMustHaveEverything) {
  tail().rows.resize(2);
  EXPECT_EQ(check_log(history_), Violations{});
}

TEST_F(LogCheckers, AnAcknowledgedRowThatIsElsewhereHasMoved) {
  history_.attempts[4].offset = 7;
  expect_one(check_nothing_lost(history_), "acknowledged row moved");
}

TEST_F(LogCheckers, ARowInDoubtMayBeMissing) {
  history_.attempts[4].fate = Fate::in_doubt;
  cut(4);
  EXPECT_EQ(check_nothing_lost(history_), Violations{});
  history_.attempts[4].fate = Fate::pending;
  EXPECT_EQ(check_nothing_lost(history_), Violations{});
}

TEST_F(LogCheckers, ARowInDoubtMayBeThereOnce) {
  history_.attempts[4].fate = Fate::in_doubt;
  EXPECT_EQ(check_log(history_), Violations{});
  last().rows.push_back({5, {2, 1}});
  expect_one(check_nothing_invented(history_), "duplicate: row 1 of writer 2");
}

TEST_F(LogCheckers, ARowThatNobodyWroteIsAPhantom) {
  last().rows.push_back({5, {9, 9}});
  expect_one(check_nothing_invented(history_), "phantom: row 9 of writer 9");
}

TEST_F(LogCheckers, ARowOfAnotherBucketIsAPhantom) {
  history_.attempts[4].bucket = elsewhere;
  tail().rows.pop_back();
  expect_one(check_nothing_invented(history_), "phantom: row 1 of writer 2");
}

TEST_F(LogCheckers, ARefusedRowMustNotBeVisible) {
  history_.attempts[4].fate = Fate::refused;
  tail().rows.pop_back();
  expect_one(check_nothing_invented(history_), "refused row is visible");
}

TEST_F(LogCheckers, AWriterNeverGoesBack) {
  std::swap(last().rows[1].value, last().rows[3].value);
  expect_one(check_order(history_), "out of order: row 1 of writer 1");
}

TEST_F(LogCheckers, WritersAreOrderedEachForItself) {
  std::swap(last().rows[1].value, last().rows[2].value);
  EXPECT_EQ(check_order(history_), Violations{});
}

TEST_F(LogCheckers, ASkippedOffsetShows) {
  last().rows.erase(last().rows.begin() + 2);
  expect_one(check_dense(history_), "offsets are not dense");
}

TEST_F(LogCheckers, AReadThatGoesBackShows) {
  tail().rows.push_back(tail().rows.back());
  expect_one(check_dense(history_), "offsets are not dense");
}

TEST_F(LogCheckers, AReadThatBeginsLateShows) {
  tail().from = 2;
  EXPECT_FALSE(check_dense(history_).empty());
}

TEST_F(LogCheckers, TwoReadersThatDisagreeShow) {
  tail().rows[4].value = {1, 3};
  expect_one(check_single_valued(history_), "two values at one offset");
}

TEST_F(LogCheckers, AnAcknowledgementThatDisagreesWithReadersShows) {
  history_.attempts[4].offset = 3;
  expect_one(check_single_valued(history_), "two values at one offset");
}

TEST_F(LogCheckers, WhatWasNotSyncedMayGoWithTheHost) {
  crash(5s, 1s);  // The last row was acknowledged at 5 s, the one before at 4 s.
  cut(4);
  EXPECT_EQ(check_log(history_), Violations{});
  cut(3);
  expect_one(check_nothing_lost(history_), "acknowledged row lost: row 2 of writer 1");
}

TEST_F(LogCheckers, OtherBucketsLoseNothingWithAHost) {
  crash(5s, 1s);
  history_.crashes.back().buckets = {elsewhere};
  cut(4);
  expect_one(check_nothing_lost(history_), "acknowledged row lost");
}

TEST_F(LogCheckers, WhatIsAcknowledgedAfterTheCrashIsSafeAgain) {
  crash(4500ms, 10s);
  cut(4);
  expect_one(check_nothing_lost(history_), "acknowledged row lost: row 1 of writer 2");
}

TEST_F(LogCheckers, AnAcknowledgementMayOutliveTheHostThatGaveIt) {
  crash(4950ms, 1s);  // The last row's was under way.
  cut(4);
  EXPECT_EQ(check_log(history_), Violations{});
}

TEST_F(LogCheckers, OffsetsThatWentMayBeGivenAnew) {
  crash(5s, 1s);
  Attempt& anew = history_.attempts.emplace_back();
  anew = {{1, 3}, here, Fate::acknowledged, at(6s), 4};
  last().rows[4].value = {1, 3};
  EXPECT_EQ(check_log(history_), Violations{});
}

TEST_F(LogCheckers, WhatSurvivesIsAPrefix) {
  crash(5s, 10s);
  history_.attempts.push_back({{2, 7}, here, Fate::in_doubt, {}, std::nullopt});
  last().rows[3].value = {2, 7};  // In front of a row that stayed.
  expect_one(check_single_valued(history_), "what survived is no prefix");
}

TEST_F(LogCheckers, WhatWasReadStays) {
  history_.attempts[4].fate = Fate::in_doubt;
  EXPECT_EQ(check_read_stays(history_), Violations{});
  cut(4);
  expect_one(check_read_stays(history_), "row that was read is lost: row 1 of writer 2");
}

TEST_F(LogCheckers, WhatWasReadGoesWithAHostThatHadNotSyncedIt) {
  history_.attempts[4].fate = Fate::in_doubt;
  cut(4);
  crash(5s, 1s);
  EXPECT_EQ(check_read_stays(history_), Violations{});
  history_.crashes.clear();
  crash(5s, 0s);
  expect_one(check_read_stays(history_), "row that was read is lost: row 1 of writer 2");
}

TEST_F(LogCheckers, WhatWasReadMayBeDeleted) {
  last().from = 2;
  last().rows.erase(last().rows.begin(), last().rows.begin() + 2);
  EXPECT_EQ(check_read_stays(history_), Violations{});
}

TEST_F(LogCheckers, ABucketThatNobodyReadToTheEndProvesNothing) {
  last().is_final = false;
  expect_one(check_log(history_), "was never read whole");
}

TEST_F(LogCheckers, FindingsOfTheRunAreViolations) {
  history_.findings.emplace_back("damaged row");
  expect_one(check_log(history_), "damaged row");
}

TEST_F(LogCheckers, EachLossOfPowerLeavesAPrefix) {
  crash(2500ms, 10s);
  crash(5s, 10s);
  EXPECT_EQ(check_log(history_), Violations{});
  // What was seen before both of them went, what comes behind it stayed.
  history_.attempts.push_back({{2, 7}, here, Fate::in_doubt, {}, std::nullopt});
  last().rows[0].value = {2, 7};
  EXPECT_FALSE(check_single_valued(history_).empty());
}

TEST_F(LogCheckers, ARowIsDueUnlessALossOfPowerCameTooSoonAfterIt) {
  crash(2500ms, 1s);  // The second row was acknowledged at 2 s, the first one at 1 s.
  crash(50s, 1s);
  last().rows.clear();
  const Violations violations = check_nothing_lost(history_);
  EXPECT_EQ(violations.size(), 4U);  // All but the second.
}

TEST_F(LogCheckers, OnlyDamagedRowsMayBePassedOver) {
  last().rows.erase(last().rows.begin() + 2);
  EXPECT_FALSE(check_dense(history_).empty());
  last().gaps = {{2, 3}};
  EXPECT_EQ(check_dense(history_), Violations{});
  EXPECT_EQ(check_nothing_lost(history_), Violations{});
  expect_one(check_log(history_), "sound row refused: bucket 3/1 offset 2");
  history_.damage = {{here, {3, 4}}, {elsewhere, {2, 3}}};
  expect_one(check_log(history_), "sound row refused: bucket 3/1 offset 2");
  history_.damage.push_back({here, {2, 3}});
  EXPECT_EQ(check_log(history_), Violations{});
}

TEST_F(LogCheckers, ABucketMayBeRefusedOnlyIfItWasSaid) {
  last().is_final = false;
  history_.damage = {{here, {0, 5}}};
  expect_one(check_log(history_), "was never read whole");
  history_.refusable = {here};
  EXPECT_EQ(check_log(history_), Violations{});
}

}  // namespace
}  // namespace millrace::scenarios
