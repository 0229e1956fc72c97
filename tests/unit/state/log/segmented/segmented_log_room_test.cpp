// Room that is made behind the end of a log whose groups of appends are synced: zeros that nobody
// may ever take for rows, or for damage, whenever the process or the power goes.
#include <gtest/gtest.h>

#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segment_rewrite.hpp"
#include "state/log/segmented/segmented_log.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;

const std::string folder = "log/7/0";
constexpr std::uint64_t batch_bytes = 148;

class SegmentedLogRoomTest : public testing::Test {
 protected:
  void open() {
    log_.reset();  // As the kill of a process: nothing is said to the log.
    auto opened = SegmentedLog::open(disk_, folder, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
  }
  void append() {
    ASSERT_TRUE(log_->append(
        {stamped(make_batch({.base = log_->end_offset(), .rows = 5, .timestamp = 1000}))}));
  }
  /// As the device does for a durable table.
  void commit(int groups = 1) {
    for (int i = 0; i < groups; ++i) {
      append();
      ASSERT_TRUE(log_->commit());
    }
  }
  [[nodiscard]] static std::string path(Offset base = 0) {
    return segment_path({folder, base, 0}, ".log");
  }
  [[nodiscard]] std::uint64_t file_bytes(Offset base = 0) {
    const auto file = disk_.open(path(base), false);
    return file ? (*file)->size() : 0;
  }
  /// All batches are there and nothing else is.
  void expect_batches(int count) {
    EXPECT_EQ(log_->end_offset(), 5 * count);
    EXPECT_EQ(log_->size_bytes(), count * batch_bytes);
    EXPECT_TRUE(log_->take_damage().empty());
    int found = 0;
    ASSERT_TRUE(log_->for_each_batch([&](const BatchSummary&) { ++found; }));
    EXPECT_EQ(found, count);
    for (Offset at = 0; at < log_->end_offset(); at += 5) {
      const auto read = log_->read(at, INT64_MAX, 1);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(read->text(), make_batch({.base = at, .rows = 5, .timestamp = 1000}).bytes);
    }
  }
  void damage_recovery_point() { disk_.flip_bit(recovery_point_path(folder), 17, 2); }
  void add_zeros(const std::string& to, std::size_t count) {
    auto file = disk_.open(to, false);
    ASSERT_TRUE(file);
    const std::vector<std::byte> zeros(count);
    const Bytes pieces[] = {Bytes(zeros)};
    ASSERT_TRUE((*file)->append(pieces));
  }

  SimulatedDisk disk_{Random(1)};
  SegmentedLogOptions options_{
      .segment_bytes = 1 << 20, .index_interval_bytes = 300, .room_bytes = 4096};
  std::unique_ptr<SegmentedLog> log_;
};

TEST_F(SegmentedLogRoomTest, IsMadeForSmallGroupsAndNeverMoreThanTheLogHolds) {
  open();
  commit(7);
  EXPECT_EQ(file_bytes(), 7 * batch_bytes);  // Each was more than an eighth.
  commit();
  EXPECT_EQ(file_bytes(), 2 * 8 * batch_bytes);
  commit(7);
  EXPECT_EQ(file_bytes(), 2 * 8 * batch_bytes);  // The room is used before there is more.
  commit(40);
  EXPECT_GT(file_bytes(), 55 * batch_bytes);
  EXPECT_LE(file_bytes(), 55 * batch_bytes + options_.room_bytes);
  expect_batches(55);
}

TEST_F(SegmentedLogRoomTest, IsNotMadeForLargeGroupsNorWithoutCommit) {
  options_.room_bytes = 1024;
  open();
  append();
  ASSERT_TRUE(log_->sync());
  for (int i = 0; i < 30; ++i) commit();  // 148 bytes are more than an eighth of 1024.
  options_.room_bytes = 1 << 20;
  open();
  for (int i = 0; i < 30; ++i) append();
  ASSERT_TRUE(log_->sync());
  EXPECT_EQ(file_bytes(), 61 * batch_bytes);
  expect_batches(61);
}

TEST_F(SegmentedLogRoomTest, IsCutAfterAKillWhateverIsKnownOfTheLog) {
  for (const bool synced : {false, true}) {
    for (const bool damaged : {false, true}) {
      SCOPED_TRACE(testing::Message() << synced << damaged);
      disk_ = SimulatedDisk(Random(1));
      open();
      append();
      ASSERT_TRUE(log_->sync());
      commit(15);
      if (synced) {
        ASSERT_TRUE(log_->sync());
      }
      ASSERT_GT(file_bytes(), 16 * batch_bytes);
      if (damaged) damage_recovery_point();
      open();
      EXPECT_EQ(file_bytes(), 16 * batch_bytes);
      commit(2);
      open();
      expect_batches(18);
    }
  }
}

TEST_F(SegmentedLogRoomTest, OtherBytesThanZerosStayDamageWithoutARecoveryPoint) {
  open();
  append();
  ASSERT_TRUE(log_->sync());
  commit(15);
  disk_.flip_bit(path(), file_bytes() - 1, 0);
  damage_recovery_point();
  log_.reset();
  const auto refused = SegmentedLog::open(disk_, folder, options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corrupt);
}

TEST_F(SegmentedLogRoomTest, WhatWasCommittedIntoItSurvivesTheLossOfPower) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    disk_ = SimulatedDisk(Random(seed));
    open();
    ASSERT_TRUE(disk_.sync_folder(folder));
    commit(10);
    const int more = static_cast<int>(seed % 30);
    commit(more);
    append();  // Not committed.
    disk_.crash();
    open();
    const int found = static_cast<int>(log_->end_offset() / 5);
    ASSERT_GE(found, 10 + more);
    ASSERT_LE(found, 11 + more);
    expect_batches(found);
    ASSERT_EQ(file_bytes(), log_->size_bytes());
  }
}

TEST_F(SegmentedLogRoomTest, AFinishedSegmentHasNoneWhereverTheRollStops) {
  options_.segment_bytes = 20 * batch_bytes;
  for (std::uint64_t calls = 0; calls < 40; ++calls) {
    SCOPED_TRACE(calls);
    disk_ = SimulatedDisk(Random(calls));
    open();
    commit(15);
    ASSERT_GT(file_bytes(), 15 * batch_bytes);
    commit(5);
    disk_.stop_after(calls);
    (void)log_->append(
        {stamped(make_batch({.base = log_->end_offset(), .rows = 5, .timestamp = 1000}))});
    disk_.crash();
    open();
    const int found = static_cast<int>(log_->end_offset() / 5);
    ASSERT_GE(found, 20);
    expect_batches(found);
    if (log_->segment_count() > 1) {
      EXPECT_EQ(file_bytes(), 20 * batch_bytes);
    }
  }
}

TEST_F(SegmentedLogRoomTest, ZerosBehindAFinishedSegmentAreNoDamageEither) {
  options_.segment_bytes = 20 * batch_bytes;
  for (const bool known : {true, false}) {
    disk_ = SimulatedDisk(Random(1));
    open();
    commit(25);
    ASSERT_EQ(log_->segment_count(), 2U);
    log_.reset();
    add_zeros(path(), 5000);
    if (!known) {
      ASSERT_TRUE(disk_.remove(recovery_point_path(folder)));
    }
    open();
    expect_batches(25);
  }
}

TEST_F(SegmentedLogRoomTest, IsGivenBackByCloseAndRest) {
  open();
  commit(15);
  log_->rest();
  EXPECT_EQ(file_bytes(), 15 * batch_bytes);
  commit();
  EXPECT_GT(file_bytes(), 16 * batch_bytes);
  ASSERT_TRUE(log_->close());
  EXPECT_EQ(file_bytes(), 16 * batch_bytes);
  open();
  expect_batches(16);
}

TEST_F(SegmentedLogRoomTest, ATableThatIsNotDurableAnyMoreUsesItUp) {
  open();
  commit(15);
  const std::uint64_t before = file_bytes();
  for (int i = 0; i < 30; ++i) append();
  ASSERT_TRUE(log_->sync());
  EXPECT_EQ(file_bytes(), 45 * batch_bytes);
  ASSERT_LT(before, file_bytes());
  expect_batches(45);
}

TEST_F(SegmentedLogRoomTest, IsNotMadeOnADiskThatIsNearlyFull) {
  options_.reserve_bytes = 100'000;
  open();
  const auto free_after = [&](std::uint64_t bytes) {
    disk_.set_free_bytes(bytes);
    commit(20);
    return file_bytes() > log_->size_bytes();
  };
  EXPECT_FALSE(free_after(150'000));
  EXPECT_TRUE(free_after(600'000));
}

TEST_F(SegmentedLogRoomTest, ItsFailureFailsNobody) {
  open();
  commit(7);
  append();
  disk_.fail_writes(FaultLength::once);
  ASSERT_TRUE(log_->commit());
  EXPECT_EQ(file_bytes(), 8 * batch_bytes);
  commit();  // Not tried again before the next segment: each attempt writes what it takes back.
  EXPECT_EQ(file_bytes(), 9 * batch_bytes);
  expect_batches(9);
}

TEST_F(SegmentedLogRoomTest, ARefusedAppendLeavesNothingInIt) {
  open();
  commit(15);
  const auto batch = stamped(
      make_batch({.base = log_->end_offset(), .rows = 5, .timestamp = 1000, .body_bytes = 50'000}));
  disk_.set_free_bytes(100);
  ASSERT_EQ(log_->append({batch}).error().code, Errc::overloaded);
  EXPECT_EQ(file_bytes(), 15 * batch_bytes);
  disk_.set_free_bytes(std::nullopt);
  commit(2);
  open();
  expect_batches(17);
}

TEST_F(SegmentedLogRoomTest, DamageIsSearchedForAmongTheRowsOnly) {
  open();
  commit(15);
  ASSERT_TRUE(log_->sync());
  disk_.flip_bit(path(), 14 * batch_bytes + 60, 3);  // The last one.
  ASSERT_EQ(log_->read(70, 75, 1).error().code, Errc::corrupt);
  EXPECT_EQ(log_->take_damage(), (std::vector{DamagedRows{70, 75}}));
  open();
  EXPECT_EQ(log_->end_offset(), 75);
  EXPECT_EQ(file_bytes(), 15 * batch_bytes);
  commit();
  EXPECT_EQ(log_->read(75, 80, 1)->size(), batch_bytes);
}

TEST_F(SegmentedLogRoomTest, IndexesAreBuiltAnewWithoutIt) {
  open();
  commit(30);
  for (const std::string_view ending : {".index", ".timeindex"}) {
    ASSERT_TRUE(disk_.remove(segment_path({folder, 0, 0}, ending)));
  }
  open();
  expect_batches(30);
  commit(20);
  disk_.flip_bit(segment_path({folder, 0, 0}, ".index"), 6, 5);  // While the room is there.
  expect_batches(50);
}

TEST_F(SegmentedLogRoomTest, ASuspectLogIsCopiedWithoutIt) {
  open();
  commit(15);
  mark_suspect(disk_, folder);
  open();
  EXPECT_EQ(file_bytes(), 15 * batch_bytes);
  expect_batches(15);
}

}  // namespace
}  // namespace millrace
