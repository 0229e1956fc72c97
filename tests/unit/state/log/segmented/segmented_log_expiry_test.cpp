#include <gtest/gtest.h>

#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;

const BucketId bucket{TableId(7), BucketIndex(0)};
const std::string folder = "log/7/0";

/// Batches of five rows, two to a segment, one millisecond apart from 1000 on, each of writer 3.
class SegmentedLogExpiryTest : public testing::Test {
 protected:
  void open() {
    log_.reset();
    auto opened = SegmentedLog::open(disk_, folder, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
  }
  void append(int count) {
    for (int i = 0; i < count; ++i) {
      const Offset base = log_->end_offset();
      const auto sequence = static_cast<std::int32_t>(base / 5);
      ASSERT_TRUE(log_->append({stamped(make_batch({.base = base,
                                                    .rows = 5,
                                                    .timestamp = 1000 + sequence,
                                                    .writer = WriterId{3},
                                                    .sequence = sequence}))}));
    }
  }
  [[nodiscard]] Offset expire(EpochMillis older_than, Offset limit = INT64_MAX,
                              bool roll_active = false) {
    const auto expired = log_->expire({older_than, limit, roll_active, 0});
    EXPECT_TRUE(expired) << expired.error().message;
    return log_->start_offset();
  }
  [[nodiscard]] std::vector<std::string> segments() {
    std::vector<std::string> names;
    const auto all = disk_.list(folder);
    for (const std::string& name : *all) {
      if (name.ends_with("index") || name.ends_with(".log")) names.push_back(name);
    }
    return names;
  }

  SimulatedDisk disk_{Random(1)};
  SegmentedLogOptions options_{.segment_bytes = 300, .index_interval_bytes = 100};
  std::unique_ptr<SegmentedLog> log_;
};

TEST_F(SegmentedLogExpiryTest, WholeSegmentsGoFromTheFrontAndNeverTheLast) {
  open();
  append(7);                   // Segments of 0, 10, 20, 30; the last batch is alone.
  EXPECT_EQ(expire(1001), 0);  // 1001 itself is not older.
  EXPECT_EQ(expire(1002), 10);
  EXPECT_EQ(expire(1003), 10);  // A part of a segment never goes.
  EXPECT_EQ(log_->segment_count(), 3U);
  EXPECT_EQ(expire(5000), 30);
  EXPECT_EQ(log_->segment_count(), 1U);
  EXPECT_EQ(segments(),
            (std::vector<std::string>{"00000000000000000030.index", "00000000000000000030.log",
                                      "00000000000000000030.timeindex"}));
  EXPECT_EQ(*log_->offset_at(0), 30);
  EXPECT_EQ(protocol::parse_header(log_->read(30, 99, 1000)->bytes())->base_offset, 30);
}

TEST_F(SegmentedLogExpiryTest, NothingAboveTheLimitGoes) {
  open();
  append(7);
  EXPECT_EQ(expire(5000, 19), 10);
  EXPECT_EQ(expire(5000, 20), 20);
}

TEST_F(SegmentedLogExpiryTest, TheLastSegmentGoesOnlyWhenItMayBeClosed) {
  open();
  append(3);
  EXPECT_EQ(expire(5000, 14, true), 10);  // Its end is above the limit.
  EXPECT_EQ(expire(1002, 15, true), 10);  // It is not due.
  EXPECT_EQ(expire(5000, 15, true), 15);
  EXPECT_EQ(log_->size_bytes(), 0U);
  EXPECT_EQ(log_->end_offset(), 15);
  EXPECT_EQ(log_->max_timestamp(), 1002);  // So that the next one does not go back.
  EXPECT_EQ(expire(9000, 15, true), 15);   // An empty one stays.
  EXPECT_EQ(log_->segment_count(), 1U);
  open();
  EXPECT_EQ(log_->start_offset(), 15);
  EXPECT_EQ(log_->end_offset(), 15);
  EXPECT_EQ(log_->max_timestamp(), 1002);
  append(1);
  EXPECT_EQ(log_->end_offset(), 20);
}

TEST_F(SegmentedLogExpiryTest, TheStartSurvivesARestartAndALossOfPowerAtOnce) {
  open();
  append(7);
  ASSERT_EQ(expire(1004), 20);
  disk_.crash();
  open();
  EXPECT_EQ(log_->start_offset(), 20);
  EXPECT_EQ(log_->segment_count(), 2U);
  EXPECT_EQ(segments().front(), "00000000000000000020.index");
}

// The process was killed between renaming the file and syncing that. Whoever starts next must not
// tell of a start that a loss of power takes back.
TEST_F(SegmentedLogExpiryTest, AStartThatWasOnlyRenamedIsMadeDurableBeforeItIsTold) {
  const std::vector<std::byte> content = encode(LogStart{20, 1003, {}});
  const Bytes pieces[] = {Bytes(content)};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    log_.reset();
    disk_ = SimulatedDisk(Random(seed));
    open();
    append(7);
    ASSERT_TRUE(log_->sync());
    auto aside = disk_.open(folder + "/log-start.new", true);
    ASSERT_TRUE((*aside)->append(pieces));
    ASSERT_TRUE((*aside)->sync());
    ASSERT_TRUE(disk_.rename(folder + "/log-start.new", folder + "/log-start"));
    open();
    ASSERT_EQ(log_->start_offset(), 20);
    disk_.crash();
    open();
    ASSERT_EQ(log_->start_offset(), 20);
  }
}

TEST_F(SegmentedLogExpiryTest, WritersAreRememberedBeyondTheirBatches) {
  open();
  append(7);
  ASSERT_EQ(expire(1004), 20);
  ASSERT_EQ(log_->remembered().size(), 4U);
  open();
  ASSERT_EQ(log_->remembered().size(), 4U);
  EXPECT_EQ(log_->remembered()[3].sequence, 3);
  EXPECT_EQ(log_->remembered()[3].base, 15);
  ASSERT_TRUE(log_->expire({.older_than = 5000, .limit = 99, .writers_older_than = 1005}));
  ASSERT_EQ(log_->remembered().size(), 5U);  // Of the deleted six, the last five.
  EXPECT_EQ(log_->remembered()[0].sequence, 1);
  append(2);
  ASSERT_TRUE(log_->expire({.older_than = 5000, .limit = 99, .writers_older_than = 1008}));
  EXPECT_TRUE(log_->remembered().empty());  // Silent for too long.
}

TEST_F(SegmentedLogExpiryTest, WhatWasReadStaysValid) {
  open();
  append(5);
  const auto held = log_->read(0, 99, 1000);
  const std::string before(held->text());
  ASSERT_EQ(expire(5000), 20);
  EXPECT_EQ(held->text(), before);
}

TEST_F(SegmentedLogExpiryTest, AFullDiskIsNoReasonToKeepEverything) {
  options_ = {.segment_bytes = 20'000, .index_interval_bytes = 0};
  open();
  append(200);
  ASSERT_EQ(log_->segment_count(), 2U);
  disk_.set_free_bytes(0);
  const Offset second = expire(5000, 1000, true);  // No room to close the last segment.
  EXPECT_GT(second, 500);
  EXPECT_EQ(log_->segment_count(), 1U);
  EXPECT_EQ(expire(5000, 1000, true), 1000);  // Now there is some.
  append(1);
  open();
  EXPECT_EQ(log_->start_offset(), 1000);
}

TEST_F(SegmentedLogExpiryTest, ADiskThatFailsLeavesTheLogAsItWas) {
  open();
  append(7);
  disk_.fail_writes(FaultLength::once);
  EXPECT_EQ(log_->expire({.older_than = 5000, .limit = 99}).error().code, Errc::unavailable);
  EXPECT_EQ(log_->start_offset(), 0);
  EXPECT_EQ(log_->segment_count(), 4U);
  EXPECT_EQ(expire(5000), 30);
}

TEST_F(SegmentedLogExpiryTest, ADamagedStartIsDamageAndAMissingFirstSegmentToo) {
  open();
  append(7);
  ASSERT_EQ(expire(1004), 20);
  log_.reset();
  disk_.flip_bit(folder + "/log-start", 9, 0);
  EXPECT_EQ(SegmentedLog::open(disk_, folder, options_).error().code, Errc::corrupt);
  disk_.flip_bit(folder + "/log-start", 9, 0);
  open();
  log_.reset();
  ASSERT_TRUE(disk_.remove(folder + "/00000000000000000020.log"));
  EXPECT_EQ(SegmentedLog::open(disk_, folder, options_).error().code, Errc::corrupt);
}

TEST_F(SegmentedLogExpiryTest, ARecoveryPointBelowTheStartSaysNothing) {
  open();
  append(1);
  ASSERT_TRUE(log_->sync());
  const auto old_point = read_file(disk_, folder + "/recovery-point", 99);
  append(6);
  ASSERT_EQ(expire(5000), 30);
  log_.reset();
  ASSERT_TRUE(replace_file(disk_, folder + "/recovery-point", old_point->bytes()));
  open();
  EXPECT_EQ(log_->start_offset(), 30);
  EXPECT_EQ(log_->end_offset(), 35);
}

TEST_F(SegmentedLogExpiryTest, WhatCannotBeDeletedBelowTheStartIsNotTheLogsAnyMore) {
  open();
  append(7);
  ASSERT_EQ(expire(5000), 30);
  log_.reset();
  // A folder: what is there to remove files does not remove it.
  ASSERT_TRUE(disk_.make_folders(folder + "/00000000000000000010.log"));
  open();
  EXPECT_EQ(log_->start_offset(), 30);
  EXPECT_EQ(log_->end_offset(), 35);
  append(1);
}

TEST_F(SegmentedLogExpiryTest, ARemovedLogForgetsItsStart) {
  SegmentedLogStore store(disk_, options_);
  open();
  append(7);
  ASSERT_EQ(expire(5000), 30);
  log_.reset();
  ASSERT_TRUE(store.remove(bucket));
  open();
  EXPECT_EQ(log_->start_offset(), 0);
  EXPECT_EQ(log_->end_offset(), 0);
}

}  // namespace
}  // namespace millrace
