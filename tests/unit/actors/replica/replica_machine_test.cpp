#include "actors/replica/replica_machine.hpp"

#include <limits>

#include "tests/unit/actors/replica/replica_steps.hpp"

namespace millrace::replica {
namespace {

using protocol::ErrorCode;
const Error disk_full{Errc::overloaded, "disk full"};
const Error does_not_follow{Errc::unavailable, "append does not follow"};

TEST(ReplicaMachine, StampsDenseOffsetsWithoutWaitingForTheDevice) {
  TestReplica machine = open_replica({.start = 3, .end = 10, .max_timestamp = noon, .recent = {}});
  const auto first = only<WriteBatches>(machine.step(append(1, {{.rows = 4}, {.rows = 2}})));
  ASSERT_EQ(first.batches.size(), 2U);
  EXPECT_EQ(first.batches[0].summary.base, 10);
  EXPECT_EQ(first.batches[0].summary.last, 13);
  EXPECT_EQ(first.batches[1].summary.base, 14);
  const auto second = only<WriteBatches>(machine.step(append(2, {{.rows = 0}})));
  EXPECT_EQ(second.batches[0].summary.base, 16);
  EXPECT_EQ(second.batches[0].summary.last, 16);  // A batch without rows takes one offset.
  EXPECT_EQ(machine.high_watermark(), 10);
  const auto header = protocol::parse_header(first.batches[1].pieces.front().bytes());
  EXPECT_EQ(header->base_offset, 14);
  EXPECT_EQ(header->commit_timestamp, noon);

  const auto answered = only<AnswerAppended>(machine.step(Written{}));
  EXPECT_EQ(answered.ticket, 1U);
  EXPECT_EQ(answered.base, 10);
  EXPECT_EQ(answered.high_watermark, 16);
  EXPECT_EQ(only<AnswerAppended>(machine.step(Written{})).base, 16);
  EXPECT_EQ(machine.high_watermark(), 17);
}

TEST(ReplicaMachine, TimestampsNeverGoBack) {
  TestReplica machine = open_replica({.max_timestamp = noon, .recent = {}});
  const auto stamped = [&](EpochMillis wall_clock) {
    return only<WriteBatches>(machine.step(append(1, {{}}, wall_clock)))
        .batches.front()
        .summary.timestamp;
  };
  EXPECT_EQ(stamped(noon - 5000), noon);
  EXPECT_EQ(stamped(noon + 20), noon + 20);
  EXPECT_EQ(stamped(noon + 10), noon + 20);
}

TEST(ReplicaMachine, AReplayOfWhatIsWrittenSucceedsWithTheOldOffsets) {
  TestReplica machine = open_replica();
  for (std::int32_t i = 0; i < 6; ++i) {
    (void)machine.step(append(1, {{writer, i, 10}}));
    (void)machine.step(Written{});
  }
  for (std::int32_t i = 1; i < 6; ++i) {
    EXPECT_EQ(only<AnswerAppended>(machine.step(append(9, {{writer, i, 10}}))).base, i * 10);
  }
  EXPECT_EQ(only<Refuse>(machine.step(append(9, {{writer, 0, 10}}))).error.code,
            ErrorCode::out_of_order_sequence_exception);
  EXPECT_EQ(machine.high_watermark(), 60);
}

TEST(ReplicaMachine, AReplayOfWhatIsOnItsWayWaitsForTheOriginal) {
  TestReplica machine = open_replica();
  (void)machine.step(append(1, {{writer, 0, 3}}));
  (void)machine.step(append(2, {{writer, 1, 3}}));
  EXPECT_TRUE(machine.step(append(3, {{writer, 1, 3}})).empty());
  EXPECT_TRUE(machine.step(append(4, {{writer, 0, 3}})).empty());
  auto answers = all_of<AnswerAppended>(machine.step(Written{}));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].ticket, 1U);
  EXPECT_EQ(answers[1].ticket, 4U);
  EXPECT_EQ(answers[1].base, 0);
  answers = all_of<AnswerAppended>(machine.step(Written{}));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[1].ticket, 3U);
  EXPECT_EQ(answers[1].base, 3);
}

TEST(ReplicaMachine, AReplayOfWhatFailedIsNotAnsweredAsWritten) {
  TestReplica machine = open_replica();
  (void)machine.step(append(1, {{writer, 0}}));
  (void)machine.step(append(2, {{writer, 0}}));
  const auto failed = all_of<Fail>(machine.step(WriteFailed{disk_full, 0}));
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[1].ticket, 2U);
  (void)only<WriteBatches>(machine.step(append(3, {{writer, 0}})));
}

TEST(ReplicaMachine, GapsAndUnknownWritersAreRefused) {
  TestReplica machine = open_replica();
  const auto refused = [&](std::int32_t sequence) {
    return only<Refuse>(machine.step(append(1, {{writer, sequence}}))).error.code;
  };
  EXPECT_EQ(refused(1), ErrorCode::out_of_order_sequence_exception);
  (void)only<WriteBatches>(machine.step(append(1, {{writer, 0}})));
  EXPECT_EQ(refused(2), ErrorCode::out_of_order_sequence_exception);
  (void)only<WriteBatches>(machine.step(append(1, {{writer, 1}})));
}

TEST(ReplicaMachine, BatchesOfOneRequestFollowOnEachOther) {
  TestReplica machine = open_replica();
  const auto refused = [&](const std::vector<Sent>& batches) {
    return only<Refuse>(machine.step(append(1, batches))).error.code ==
           ErrorCode::out_of_order_sequence_exception;
  };
  EXPECT_TRUE(refused({{writer, 0}, {writer, 2}}));
  EXPECT_TRUE(refused({{writer, 0}, {writer, 0}}));
  EXPECT_EQ(
      only<WriteBatches>(machine.step(append(1, {{writer, 0, 2}, {writer, 1, 2}}))).batches.size(),
      2U);
  // Known and new in one request: success would lose the new one.
  EXPECT_TRUE(refused({{writer, 1}, {writer, 2}}));
  EXPECT_TRUE(refused({{writer, 2}, {writer, 1}}));
  EXPECT_TRUE(machine.step(append(2, {{writer, 0, 2}, {writer, 1, 2}})).empty());
  EXPECT_TRUE(machine.step(append(3, {{writer, 1, 2}})).empty());
  const auto answers = all_of<AnswerAppended>(machine.step(Written{}));
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[1].base, 0);
  EXPECT_EQ(answers[2].base, 2);
}

TEST(ReplicaMachine, TheSequenceWrapsAround) {
  constexpr std::int32_t max = std::numeric_limits<std::int32_t>::max();
  Opened opened{.end = 1, .max_timestamp = noon, .recent = {{0, 0, noon, writer, max}}};
  TestReplica machine = open_replica(opened);
  (void)only<WriteBatches>(machine.step(append(1, {{writer, 0}})));
  (void)only<WriteBatches>(machine.step(append(1, {{writer, 1}})));
}

TEST(ReplicaMachine, AFailureInTheMiddleFailsEverythingBehindIt) {
  TestReplica machine = open_replica();
  for (std::int32_t i = 0; i < 4; ++i)
    (void)machine.step(append(1 + static_cast<Ticket>(i), {{writer, i}}));
  EXPECT_EQ(only<AnswerAppended>(machine.step(Written{})).ticket, 1U);
  const Error broken{Errc::unavailable, "device failed"};
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{broken, 1})).ticket, 2U);
  EXPECT_EQ(only<Fail>(machine.step(append(9, {{writer, 4}}))).error, broken);  // Not ordered.
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{does_not_follow, 1})).error, broken);
  const auto last = machine.step(WriteFailed{does_not_follow, 1});
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(std::get<Fail>(last[0]).ticket, 4U);
  EXPECT_TRUE(std::holds_alternative<OpenLater>(last[1]));
  EXPECT_FALSE(machine.is_open());
  EXPECT_EQ(only<Fail>(machine.step(append(9, {{writer, 1}}))).error,
            (Error{Errc::not_leader, broken.message}));
  (void)machine.step(Opened{0, 1, noon, {{0, 0, noon, writer, 0}}});
  EXPECT_EQ(only<WriteBatches>(machine.step(append(9, {{writer, 1}}))).batches[0].summary.base, 1);
}

TEST(ReplicaMachine, AFullDiskRefusesStaysReadableAndRecovers) {
  TestReplica machine = open_replica();
  (void)machine.step(append(1, {{writer, 0}}));
  (void)machine.step(Written{});
  (void)machine.step(append(2, {{writer, 1}}));
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{disk_full, 1})).error, disk_full);
  EXPECT_TRUE(machine.is_open());
  EXPECT_EQ(only<ReadLog>(machine.step(ReadAsked{3, 0, 100})).limit, 1);
  const auto again = only<WriteBatches>(machine.step(append(4, {{writer, 1}})));
  EXPECT_EQ(again.batches[0].summary.base, 1);
  EXPECT_EQ(only<AnswerAppended>(machine.step(Written{})).high_watermark, 2);
}

TEST(ReplicaMachine, AFullDiskUnderPipelinedAppendsKeepsTheLogOpen) {
  TestReplica machine = open_replica();
  for (std::int32_t i = 0; i < 3; ++i) (void)machine.step(append(1, {{writer, i}}));
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{disk_full, 0})).error, disk_full);
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{does_not_follow, 0})).error, disk_full);
  EXPECT_EQ(only<Fail>(machine.step(WriteFailed{does_not_follow, 0})).error, disk_full);
  EXPECT_TRUE(machine.is_open());
  EXPECT_EQ(only<WriteBatches>(machine.step(append(1, {{writer, 0}}))).batches[0].summary.base, 0);
}

TEST(ReplicaMachine, AFullDiskThatMovedTheEndIsOpenedAnew) {
  TestReplica machine = open_replica();
  (void)machine.step(append(1, {{}}));
  const auto effects = machine.step(WriteFailed{disk_full, 1});
  EXPECT_EQ(all_of<OpenLater>(effects).size(), 1U);
  EXPECT_FALSE(machine.is_open());
}

TEST(ReplicaMachine, QuestionsAreHeldWhileTheLogIsOpenedForTheFirstTime) {
  TestReplica machine;
  (void)machine.step(OpenDue{});
  EXPECT_TRUE(machine.step(append(1, {{}})).empty());
  EXPECT_TRUE(machine.step(LatestAsked{2}).empty());
  const auto effects = machine.step(Opened{});
  EXPECT_EQ(all_of<WriteBatches>(effects).size(), 1U);
  EXPECT_EQ(all_of<AnswerOffset>(effects).size(), 1U);
}

TEST(ReplicaMachine, WhatIsHeldHasABound) {
  TestReplica machine;
  (void)machine.step(OpenDue{});
  for (std::size_t i = 0; i < ReplicaMachine::held_max; ++i) {
    EXPECT_TRUE(machine.step(LatestAsked{i}).empty());
  }
  EXPECT_EQ(only<Fail>(machine.step(LatestAsked{7})).error.code, Errc::not_leader);
}

TEST(ReplicaMachine, WithoutRoomToBeginItSaysSoAndTriesAgainWhenAsked) {
  ReplicaMachine machine(self, {});
  (void)machine.step({}, alone());
  (void)machine.step({}, OpenDue{});
  (void)only<BeginEpoch>(machine.step({}, Opened{}));
  EXPECT_TRUE(machine.step({}, append(1, {{}})).empty());
  EXPECT_EQ(only<Fail>(machine.step({}, EpochFailed{disk_full})).error.code, Errc::overloaded);
  (void)only<BeginEpoch>(machine.step({}, append(2, {{}})));
  (void)only<WriteBatches>(machine.step({}, EpochBegun{}));
}

TEST(ReplicaMachine, ALogRestsUntilItIsNeededOrDue) {
  TestReplica asked;
  (void)asked.step(WriterExpiryDue{});
  (void)asked.step(RetentionDue{noon, 1h, false});
  EXPECT_TRUE(asked.is_resting());
  (void)only<OpenNow>(asked.step(LatestAsked{1}));
  EXPECT_FALSE(asked.is_resting());
  EXPECT_TRUE(asked.step(LatestAsked{2}).empty());
  EXPECT_TRUE(asked.step(OpenDue{}).empty());  // It is being opened already.
  EXPECT_EQ(all_of<AnswerOffset>(asked.step(Opened{.end = 4, .recent = {}})).size(), 2U);
  EXPECT_TRUE(asked.step(OpenDue{}).empty());

  TestReplica due;
  (void)only<OpenNow>(due.step(OpenDue{}));
  EXPECT_TRUE(due.step(Opened{.end = 4, .recent = {}}).empty());
}

TEST(ReplicaMachine, NobodyLeadsWhileTheLogIsClosed) {
  TestReplica machine;
  (void)machine.step(OpenDue{});
  const std::vector<Event> asked = {append(1, {{}}),  ReadAsked{1, 0, 10},
                                    AwaitAsked{1, 0}, EarliestAsked{1},
                                    LatestAsked{1},   TimestampAsked{1, 0, noon}};
  for (const Event& event : asked) EXPECT_TRUE(machine.step(event).empty());
  const auto effects = machine.step(OpenFailed{{Errc::corrupt, "bad batch"}});
  EXPECT_EQ(all_of<Fail>(effects).size(), asked.size());
  EXPECT_EQ(all_of<OpenLater>(effects).size(), 1U);
  const Error nobody{Errc::not_leader, "bad batch"};
  for (const Event& event : asked) EXPECT_EQ(only<Fail>(machine.step(event)).error, nobody);
  (void)machine.step(Opened{});
  EXPECT_EQ(only<AnswerOffset>(machine.step(LatestAsked{2})).offset, 0);
}

TEST(ReplicaMachine, ALogThatItsDeviceGaveUpIsOpenedAgain) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  const Error gone{Errc::unavailable, "log is not open"};
  EXPECT_EQ(all_of<OpenLater>(machine.step(LogClosed{gone})).size(), 1U);
  EXPECT_TRUE(machine.step(LogClosed{gone}).empty());  // Every reader that waited says so.
  EXPECT_EQ(only<Fail>(machine.step(ReadAsked{1, 0, 10})).error.code, Errc::not_leader);
  (void)machine.step(Opened{.end = 5, .recent = {}});
  // An append on its way brings the news itself.
  (void)machine.step(append(2, {{}}));
  EXPECT_TRUE(machine.step(LogClosed{gone}).empty());
  const auto failed = machine.step(WriteFailed{gone, 5});
  EXPECT_EQ(all_of<OpenLater>(failed).size(), 1U);
}

TEST(ReplicaMachine, AwaitsEndWithAnAppendOrWithTheirTime) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  EXPECT_EQ(only<AnswerAdvanced>(machine.step(AwaitAsked{1, 4})).ticket, 1U);
  EXPECT_TRUE(machine.step(AwaitAsked{2, 5}).empty());
  EXPECT_TRUE(machine.step(AwaitAsked{3, 5}).empty());
  EXPECT_TRUE(machine.step(AwaitAsked{4, 6}).empty());
  EXPECT_EQ(only<AnswerAdvanced>(machine.step(AwaitExpired{3})).ticket, 3U);
  EXPECT_TRUE(machine.step(AwaitExpired{3}).empty());
  (void)machine.step(append(5, {{}}));
  auto woken = all_of<AnswerAdvanced>(machine.step(Written{}));
  ASSERT_EQ(woken.size(), 1U);
  EXPECT_EQ(woken[0].ticket, 2U);
  EXPECT_TRUE(machine.step(AwaitExpired{2}).empty());
  (void)machine.step(append(6, {{}}));
  woken = all_of<AnswerAdvanced>(machine.step(Written{}));
  ASSERT_EQ(woken.size(), 1U);
  EXPECT_EQ(woken[0].ticket, 4U);
}

TEST(ReplicaMachine, WhoWaitsForJustTheRowsThatWereWrittenGetsThem) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  (void)machine.step(AwaitAsked{1, 5, 1000});
  (void)machine.step(AwaitAsked{2, 5, 1000});
  (void)machine.step(AwaitAsked{3, 5, 10});    // Less than they are.
  (void)machine.step(AwaitAsked{4, 6, 1000});  // Not from their first one on.
  const auto order = only<WriteBatches>(machine.step(append(5, {{.rows = 2}})));
  const auto effects = machine.step(Written{});
  const auto given = all_of<AnswerWritten>(effects);
  ASSERT_EQ(given.size(), 2U);
  EXPECT_EQ(given[0].ticket, 1U);
  EXPECT_EQ(given[1].ticket, 2U);
  EXPECT_EQ(given[0].from, 5);
  EXPECT_EQ(given[0].batches.text(), Buffer::joined(order.batches.front().pieces).text());
  EXPECT_EQ(given[0].batches.data(), given[1].batches.data());  // Shared.
  const auto advanced = all_of<AnswerAdvanced>(effects);
  ASSERT_EQ(advanced.size(), 2U);
  EXPECT_EQ(advanced[0].ticket, 3U);
  EXPECT_EQ(advanced[1].ticket, 4U);
}

TEST(ReplicaMachine, WhoWaitsAtALogThatClosesIsToldToAskAgain) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  (void)machine.step(AwaitAsked{1, 5});
  (void)machine.step(append(2, {{}}));
  const auto failed = all_of<Fail>(machine.step(WriteFailed{{Errc::unavailable, "gone"}, 6}));
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[1].ticket, 1U);
  EXPECT_EQ(failed[1].error.code, Errc::not_leader);
  EXPECT_TRUE(machine.step(Opened{.end = 6, .recent = {}}).empty());
  EXPECT_EQ(only<AnswerOffset>(machine.step(LatestAsked{3})).offset, 6);
}

TEST(ReplicaMachine, ReadsBetweenStartAndHighWatermark) {
  TestReplica machine = open_replica({.start = 3, .end = 8, .recent = {}});
  (void)machine.step(append(1, {{.rows = 5}}));  // On its way: nobody sees it.
  const auto read = only<ReadLog>(machine.step(ReadAsked{2, 4, 1000}));
  EXPECT_EQ(read.from, 4);
  EXPECT_EQ(read.limit, 8);
  EXPECT_EQ(read.bytes_max, 1000U);
  EXPECT_EQ(only<ReadLog>(machine.step(ReadAsked{2, earliest_offset, 1000})).from, 3);
  EXPECT_EQ(only<AnswerNoData>(machine.step(ReadAsked{2, 8, 1000})).from, 8);
  EXPECT_EQ(only<AnswerNoData>(machine.step(ReadAsked{2, 4, 0})).from, 4);
  for (const Offset outside : {Offset{2}, Offset{9}, Offset{-1}, Offset{-3}}) {
    EXPECT_EQ(only<Refuse>(machine.step(ReadAsked{2, outside, 1000})).error.code,
              ErrorCode::log_offset_out_of_range_exception)
        << outside;
  }
}

TEST(ReplicaMachine, TellsOffsets) {
  TestReplica machine = open_replica({.start = 3, .end = 8, .max_timestamp = noon, .recent = {}});
  EXPECT_EQ(only<AnswerOffset>(machine.step(EarliestAsked{1})).offset, 3);
  EXPECT_EQ(only<AnswerOffset>(machine.step(LatestAsked{1})).offset, 8);
  EXPECT_EQ(only<Refuse>(machine.step(TimestampAsked{1, noon + 51, noon + 50})).error.code,
            ErrorCode::invalid_timestamp_exception);
  EXPECT_EQ(only<AnswerOffset>(machine.step(TimestampAsked{1, noon + 50, noon + 50})).offset, 8);
  EXPECT_EQ(only<FindTimestamp>(machine.step(TimestampAsked{1, noon, noon + 50})).timestamp, noon);
}

TEST(ReplicaMachine, RefusesWhatIsBeyondItsBounds) {
  TestReplica machine = open_replica();
  EXPECT_EQ(only<Fail>(machine.step(AppendAsked{1, {}, noon})).error.code, Errc::malformed);
  EXPECT_EQ(only<Fail>(machine.step(AppendAsked{1, {Buffer::from("junk")}, noon})).error.code,
            Errc::malformed);
  for (std::size_t i = 0; i < LeaderLog::writes_max; ++i) {
    (void)only<WriteBatches>(machine.step(append(1, {{}})));
  }
  EXPECT_EQ(only<Fail>(machine.step(append(2, {{}}))).error.code, Errc::overloaded);
  for (std::size_t i = 0; i < LeaderLog::waiting_max; ++i) {
    ASSERT_TRUE(machine.step(AwaitAsked{100 + i, 1'000'000}).empty());
  }
  EXPECT_EQ(only<AnswerAdvanced>(machine.step(AwaitAsked{3, 1'000'000})).ticket, 3U);
}

}  // namespace
}  // namespace millrace::replica
