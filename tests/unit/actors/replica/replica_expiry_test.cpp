// What a replica lets go of: rows by their age, writers by their silence.
#include "tests/unit/actors/replica/replica_steps.hpp"

namespace millrace::replica {
namespace {

using protocol::ErrorCode;

constexpr EpochMillis hour = 3'600'000;

RetentionDue due(EpochMillis now, std::optional<Duration> time_to_live) {
  return {now, time_to_live, false};
}

TEST(ReplicaExpiry, OldRowsAreDeletedBelowTheHighWatermark) {
  TestReplica machine = open_replica({.start = 3, .end = 10, .max_timestamp = noon});
  (void)machine.step(append(1, {{.rows = 4}}));  // On its way: not visible yet.
  const auto order = only<ExpireLog>(machine.step(RetentionDue{noon, 2h, true})).expiry;
  EXPECT_EQ(order.older_than, noon - 2 * hour);
  EXPECT_EQ(order.limit, 10);
  EXPECT_TRUE(order.roll_active);
  EXPECT_EQ(order.writers_older_than, noon - 7 * 24 * hour);
  EXPECT_EQ(machine.log_start(), 3);
  EXPECT_TRUE(machine.step(Expired{8}).empty());
  EXPECT_EQ(machine.log_start(), 8);
  EXPECT_EQ(only<Refuse>(machine.step(ReadAsked{5, 7, 100})).error.code,
            ErrorCode::log_offset_out_of_range_exception);
  EXPECT_EQ(only<ReadLog>(machine.step(ReadAsked{5, earliest_offset, 100})).from, 8);
  EXPECT_EQ(only<AnswerOffset>(machine.step(EarliestAsked{5})).offset, 8);
}

TEST(ReplicaExpiry, WithoutATimeToLiveNothingIs) {
  TestReplica machine = open_replica();
  EXPECT_TRUE(machine.step(due(noon, std::nullopt)).empty());
  EXPECT_TRUE(machine.step(due(noon, Duration::zero())).empty());
  EXPECT_TRUE(machine.step(due(noon, Duration(-1))).empty());
}

TEST(ReplicaExpiry, TheLongestTimeIsLongerThanAnyRowIsOld) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  EXPECT_LT(only<ExpireLog>(machine.step(due(noon, Duration::max()))).expiry.older_than, 0);
}

TEST(ReplicaExpiry, OneOrderAtATimeAndNoneWhereNothingIs) {
  TestReplica machine = open_replica({.end = 5, .recent = {}});
  (void)only<ExpireLog>(machine.step(due(noon, 1h)));
  EXPECT_TRUE(machine.step(due(noon, 1h)).empty());
  (void)machine.step(Expired{0});
  (void)only<ExpireLog>(machine.step(due(noon, 1h)));
  (void)machine.step(ExpiryFailed{});
  (void)only<ExpireLog>(machine.step(due(noon, 1h)));
  (void)machine.step(Expired{5});
  EXPECT_TRUE(machine.step(due(noon, 1h)).empty());  // A log that rests stays closed.
}

TEST(ReplicaExpiry, ALogThatIsNotOpenIsLeftAlone) {
  TestReplica machine;
  EXPECT_TRUE(machine.step(due(noon, 1h)).empty());
  EXPECT_TRUE(machine.step(Opened{}).empty());  // And nothing was held.
  (void)machine.step(append(1, {{}}));
  (void)machine.step(WriteFailed{{Errc::unavailable, "device failed"}, 0});
  EXPECT_TRUE(machine.step(due(noon, 1h)).empty());
}

bool is_refused(TestReplica& machine, std::int32_t sequence, EpochMillis now) {
  const auto effects = machine.step(append(9, {{writer, sequence}}, now));
  if (all_of<Refuse>(effects).empty()) return false;
  return all_of<Refuse>(effects)[0].error.code == ErrorCode::out_of_order_sequence_exception;
}

TEST(ReplicaExpiry, AWriterThatWasSilentForTooLongByTheLogsOwnTimeStartsAtZero) {
  TestReplica machine(ReplicaRules{.writer_expiration = 1h});
  (void)machine.step(Opened{});
  const auto write = [&](WriterId who, std::int32_t sequence, EpochMillis now) {
    (void)only<WriteBatches>(machine.step(append(1, {{who, sequence}}, now)));
    (void)machine.step(Written{});
    (void)machine.step(WriterExpiryDue{});
  };
  write(writer, 0, noon);
  EXPECT_FALSE(is_refused(machine, 1, noon + 5 * hour));  // Nothing else has happened since.
  (void)machine.step(Written{});
  write(WriterId{8}, 0, noon + 6 * hour);  // Not longer than that.
  EXPECT_FALSE(is_refused(machine, 2, noon + 6 * hour));
  (void)machine.step(Written{});
  write(WriterId{8}, 1, noon + 7 * hour + 1);
  EXPECT_TRUE(is_refused(machine, 3, noon + 7 * hour + 1));
  EXPECT_TRUE(is_refused(machine, 2, noon + 7 * hour + 1));  // Nor is a replay known any more.
  write(writer, 0, noon + 7 * hour + 1);
}

TEST(ReplicaExpiry, AWriterWhoseBatchIsOnItsWayIsNotSilent) {
  TestReplica machine(ReplicaRules{.writer_expiration = 1h});
  (void)machine.step(Opened{});
  (void)machine.step(append(1, {{writer, 0}}, noon));
  (void)machine.step(WriterExpiryDue{});
  (void)machine.step(Written{});
  EXPECT_FALSE(is_refused(machine, 1, noon));
}

TEST(ReplicaExpiry, SilentWritersAreNotRebuilt) {
  const std::vector<BatchSummary> recent{
      {.base = 0, .last = 0, .timestamp = noon - hour - 1, .writer = WriterId{8}, .sequence = 4},
      {.base = 1, .last = 1, .timestamp = noon - hour, .writer = writer, .sequence = 4}};
  TestReplica machine(ReplicaRules{.writer_expiration = 1h});
  (void)machine.step(Opened{.end = 2, .max_timestamp = noon, .recent = recent});
  EXPECT_FALSE(is_refused(machine, 5, noon));
  EXPECT_EQ(only<Refuse>(machine.step(append(9, {{WriterId{8}, 5}}, noon))).error.code,
            ErrorCode::out_of_order_sequence_exception);
}

TEST(ReplicaExpiry, AWriterOutlivesItsBatches) {
  // Rows 0 to 9 are deleted; what a device remembers of them comes with the open log.
  const std::vector<BatchSummary> recent{
      {.base = 5, .last = 9, .timestamp = noon - hour, .writer = writer, .sequence = 4}};
  TestReplica machine;
  (void)machine.step(Opened{.start = 10, .end = 10, .recent = recent});
  EXPECT_EQ(only<AnswerAppended>(machine.step(append(9, {{writer, 4, 5}}, noon))).base, 5);
  (void)only<WriteBatches>(machine.step(append(9, {{writer, 5}}, noon)));
}

}  // namespace
}  // namespace millrace::replica
