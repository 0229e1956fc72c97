#include "state/log/segmented/segmented_log.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;
using test::TestBatch;

const BucketId bucket{TableId(7), BucketIndex(0)};
const std::string folder = "log/7/0";

class SegmentedLogTest : public testing::Test {
 protected:
  void open() {
    log_.reset();
    auto opened = SegmentedLog::open(disk_, folder, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
  }

  Error refusal() {
    log_.reset();
    auto opened = SegmentedLog::open(disk_, folder, options_);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  /// Appends one batch of five rows and remembers it.
  Status append(std::size_t body_bytes = 100, EpochMillis timestamp = 1000) {
    const TestBatch batch = make_batch(
        {.base = log_->end_offset(), .rows = 5, .timestamp = timestamp, .body_bytes = body_bytes});
    auto appended = log_->append({stamped(batch)});
    if (appended) batches_.push_back(batch);
    return appended;
  }

  std::string path_of(Offset base, std::string_view ending = ".log") {
    return segment_path({folder, base, 0}, ending);
  }

  std::string read(Offset from, Offset limit = INT64_MAX, std::size_t bytes_max = 1 << 20) {
    auto found = log_->read(from, limit, bytes_max);
    return found ? std::string(found->text()) : "error: " + found.error().message;
  }

  std::string bytes_of_batches(std::size_t first, std::size_t count) {
    std::string all;
    for (std::size_t i = first; i < first + count; ++i) all += batches_[i].bytes;
    return all;
  }

  /// A batch without what no checksum covers: its commit timestamp.
  static std::string unprotected_left_out(std::string_view bytes, std::size_t size) {
    return std::string(bytes.substr(0, size)).replace(13, 8, 8, '\0');
  }

  SimulatedDisk disk_{Random(1)};
  SegmentedLogOptions options_{.segment_bytes = 1 << 20, .index_interval_bytes = 300};
  std::unique_ptr<SegmentedLog> log_;
  std::vector<TestBatch> batches_;
};

TEST_F(SegmentedLogTest, AnEmptyLogHasNothing) {
  open();
  EXPECT_EQ(log_->start_offset(), 0);
  EXPECT_EQ(log_->end_offset(), 0);
  EXPECT_EQ(log_->max_timestamp(), -1);
  EXPECT_EQ(log_->size_bytes(), 0U);
  EXPECT_EQ(log_->segment_count(), 1U);
  EXPECT_EQ(*log_->offset_at(0), 0);
  EXPECT_EQ(read(0), "");
  EXPECT_TRUE(log_->append({}));
  EXPECT_TRUE(log_->sync());
}

TEST_F(SegmentedLogTest, ReadsReturnWholeBatchesWithinTheirBounds) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append());
  const std::size_t size = batches_[0].bytes.size();
  EXPECT_EQ(read(0), bytes_of_batches(0, 10));
  EXPECT_EQ(read(12), bytes_of_batches(2, 8));  // From the batch that holds the offset.
  EXPECT_EQ(read(14, 15), bytes_of_batches(2, 1));
  EXPECT_EQ(read(10, 16), bytes_of_batches(2, 2));  // One starts below the limit and is whole.
  EXPECT_EQ(read(15, 15), "");
  EXPECT_EQ(read(50), "");
  EXPECT_EQ(read(0, 50, 3 * size), bytes_of_batches(0, 3));
  EXPECT_EQ(read(0, 50, 3 * size - 1), bytes_of_batches(0, 2));
  EXPECT_EQ(read(0, 50, 1), bytes_of_batches(0, 1));  // The first, whatever its size.
  EXPECT_EQ(read(49, 50, 0), bytes_of_batches(9, 1));
}

TEST_F(SegmentedLogTest, AnEmptyBatchTakesOneOffset) {
  open();
  const TestBatch empty = make_batch({.base = 0, .rows = 0, .timestamp = 5});
  ASSERT_TRUE(log_->append({stamped(empty)}));
  EXPECT_EQ(log_->end_offset(), 1);
  EXPECT_EQ(read(0), empty.bytes);
  open();
  EXPECT_EQ(log_->end_offset(), 1);
}

TEST_F(SegmentedLogTest, RollsBySizeAndReadsStopAtASegmentsEnd) {
  options_.segment_bytes = 500;  // Three batches of 148 bytes.
  open();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(append());
  EXPECT_EQ(log_->segment_count(), 3U);
  EXPECT_EQ(log_->size_bytes(), 8U * 148);
  EXPECT_EQ(*disk_.list(folder), (std::vector<std::string>{
                                     "00000000000000000000.index", "00000000000000000000.log",
                                     "00000000000000000000.timeindex", "00000000000000000015.index",
                                     "00000000000000000015.log", "00000000000000000015.timeindex",
                                     "00000000000000000030.index", "00000000000000000030.log",
                                     "00000000000000000030.timeindex", "recovery-point"}));
  EXPECT_EQ(read(0), bytes_of_batches(0, 3));
  EXPECT_EQ(read(15), bytes_of_batches(3, 3));
  EXPECT_EQ(read(39), bytes_of_batches(7, 1));
  ASSERT_TRUE(append(600));  // Larger than a segment: it gets one of its own.
  ASSERT_TRUE(append());
  EXPECT_EQ(log_->segment_count(), 5U);
  open();
  EXPECT_EQ(log_->segment_count(), 5U);
  EXPECT_EQ(read(0), bytes_of_batches(0, 3));
  EXPECT_EQ(read(40), bytes_of_batches(8, 1));
}

TEST_F(SegmentedLogTest, IndexEntriesFollowTheInterval) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(100, 1000 + i));
  // Of 148 bytes each: after three appends more than 300 bytes lie behind the last entry.
  auto offsets = OffsetIndex::open(disk_, path_of(0, ".index"));
  ASSERT_TRUE(offsets);
  ASSERT_EQ(offsets->count(), 3U);
  EXPECT_EQ(*offsets->at(0), (OffsetIndexEntry{19, 3 * 148}));
  EXPECT_EQ(*offsets->at(1), (OffsetIndexEntry{34, 6 * 148}));
  auto times = TimeIndex::open(disk_, path_of(0, ".timeindex"));
  ASSERT_TRUE(times);
  EXPECT_EQ(*times->at(0), (TimeIndexEntry{1003, 15}));
}

TEST_F(SegmentedLogTest, TimestampsFindTheFirstBatchAtOrAfter) {
  options_.segment_bytes = 2000;
  open();
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(append(100, 1000 + 10 * (i / 3)));
  EXPECT_EQ(log_->max_timestamp(), 1190);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(*log_->offset_at(0), 0);
    EXPECT_EQ(*log_->offset_at(1000), 0);
    for (int i = 1; i < 20; ++i) {
      EXPECT_EQ(*log_->offset_at(1000 + 10 * i), 15 * i);
      EXPECT_EQ(*log_->offset_at(1000 + 10 * i - 5), 15 * i);
    }
    EXPECT_EQ(*log_->offset_at(1191), log_->end_offset());
    open();
  }
}

TEST_F(SegmentedLogTest, SummariesComeBackForTheWritersState) {
  options_.segment_bytes = 400;
  open();
  std::vector<BatchSummary> expected;
  for (int i = 0; i < 9; ++i) {
    const TestBatch batch = make_batch({.base = log_->end_offset(),
                                        .rows = i,
                                        .timestamp = i,
                                        .writer = WriterId(i % 2),
                                        .sequence = i / 2});
    ASSERT_TRUE(log_->append({stamped(batch)}));
    expected.push_back(batch.summary);
  }
  open();
  std::vector<BatchSummary> found;
  ASSERT_TRUE(log_->for_each_batch([&](const BatchSummary& one) { found.push_back(one); }));
  EXPECT_EQ(found, expected);
}

TEST_F(SegmentedLogTest, ATornTailIsCutAtTheFirstBadBatch) {
  open();
  ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  ASSERT_TRUE(append());
  ASSERT_TRUE(append());
  disk_.flip_bit(path_of(0), 148 + 60, 0);  // In the body of the second.
  open();
  EXPECT_EQ(log_->end_offset(), 5);
  EXPECT_EQ(log_->size_bytes(), 148U);
  EXPECT_EQ(read_file(disk_, path_of(0), 1000)->size(), 148U);
  batches_.resize(1);
  ASSERT_TRUE(append());
  EXPECT_EQ(read(0), bytes_of_batches(0, 2));
}

TEST_F(SegmentedLogTest, ABadBatchBelowTheRecoveryPointIsLeftOut) {
  SegmentedLogStore store(disk_, options_);
  const BucketId other{TableId(7), BucketIndex(1)};
  for (const BucketId& one : {bucket, other}) {
    auto log = store.open(one);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->append({stamped(make_batch({.rows = 5}))}));
    ASSERT_TRUE((*log)->sync());
  }
  disk_.flip_bit(path_of(0), 9, 3);  // The length.
  for (int time = 0; time < 2; ++time) {
    auto log = store.open(bucket);
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ((*log)->take_damage(), (std::vector{DamagedRows{0, 5}}));
    EXPECT_TRUE((*log)->take_damage().empty());  // Told once.
    const Offset end = (*log)->end_offset();
    EXPECT_EQ(end, 5 + 5 * time);
    EXPECT_EQ((*log)->read(0, 100, 1000).error().code, Errc::corrupt);
    // The log goes on behind what is lost.
    ASSERT_TRUE((*log)->append({stamped(make_batch({.base = end, .rows = 5}))}));
    EXPECT_FALSE((*log)->read(end, 100, 1000)->empty());
    ASSERT_TRUE((*log)->sync());
  }
  auto sound = store.open(other);
  ASSERT_TRUE(sound);
  EXPECT_TRUE((*sound)->take_damage().empty());
}

TEST_F(SegmentedLogTest, AShortenedFileIsDamage) {
  open();
  ASSERT_TRUE(append());
  ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  log_.reset();
  auto file = disk_.open(path_of(0), false);
  ASSERT_TRUE((*file)->truncate(148));
  EXPECT_EQ(refusal().code, Errc::corrupt);
}

TEST_F(SegmentedLogTest, AMissingSegmentIsDamage) {
  options_.segment_bytes = 400;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append());
  log_.reset();
  ASSERT_TRUE(disk_.remove(path_of(20)));  // The last one.
  EXPECT_EQ(refusal().code, Errc::corrupt);
}

TEST_F(SegmentedLogTest, DamageThatHidesFromTheTailScanIsFoundByTheReader) {
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  disk_.flip_bit(path_of(0), 148 + 12, 0);  // The magic of the second batch.
  open();
  EXPECT_EQ(log_->read(5, 100, 1000).error().code, Errc::corrupt);
  EXPECT_EQ(read(5),
            "error: segment 0: rows [5, 10) are damaged at byte 148; the log goes on at 10");
  EXPECT_EQ(read(7, 100), read(5));
  EXPECT_EQ(read(0), bytes_of_batches(0, 1));  // What is sound comes first.
  EXPECT_EQ(read(10), bytes_of_batches(2, 18));
  EXPECT_EQ(read(50), bytes_of_batches(10, 10));
  EXPECT_EQ(log_->take_damage(), (std::vector{DamagedRows{5, 10}}));
  ASSERT_TRUE(append());  // And what is sound goes on.
}

TEST_F(SegmentedLogTest, ADamagedSegmentDoesNotStopTheOthersOfAnOpenLog) {
  options_.segment_bytes = 400;
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append());
  disk_.flip_bit(path_of(0), 148 + 12, 0);
  EXPECT_EQ(log_->read(5, 100, 1000).error().code, Errc::corrupt);
  EXPECT_EQ(read(10), bytes_of_batches(2, 2));
  ASSERT_TRUE(append());
  open();
  EXPECT_EQ(log_->read(5, 100, 1000).error().code, Errc::corrupt);
  EXPECT_EQ(read(30), bytes_of_batches(6, 1));
}

TEST_F(SegmentedLogTest, ADamagedBodyIsNeverHandedOut) {
  open();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  disk_.flip_bit(path_of(0), 2 * 148 + 100, 5);
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(read(0), bytes_of_batches(0, 2));
    EXPECT_EQ(log_->read(12, 100, 1000).error().code, Errc::corrupt);
    EXPECT_EQ(read(15), bytes_of_batches(3, 3));
    EXPECT_EQ(log_->take_damage(), (std::vector{DamagedRows{10, 15}}));
    open();
  }
}

TEST_F(SegmentedLogTest, DamageReachesToTheNextSoundBatchOrToTheEnd) {
  options_.segment_bytes = 900;
  open();
  for (int i = 0; i < 11; ++i) ASSERT_TRUE(append(100, 1000 + i));  // Six to a segment.
  ASSERT_TRUE(log_->sync());
  for (const int batch : {1, 2, 5}) disk_.flip_bit(path_of(0), 148 * batch + 9, 4);
  disk_.flip_bit(path_of(30), 148 * 4 + 1, 2);  // The offset of the last one.
  open();
  std::vector<BatchSummary> seen;
  ASSERT_TRUE(log_->for_each_batch([&](const BatchSummary& batch) { seen.push_back(batch); }));
  ASSERT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen[1].base, 15);
  auto damage = log_->take_damage();
  std::sort(damage.begin(), damage.end(),
            [](const DamagedRows& a, const DamagedRows& b) { return a.from < b.from; });
  EXPECT_EQ(damage, (std::vector<DamagedRows>{{5, 15}, {25, 30}, {50, 55}}));
  EXPECT_EQ(log_->end_offset(), 55);
  EXPECT_EQ(log_->offset_at(1001), Offset{15});  // The first that is there.
  EXPECT_EQ(log_->offset_at(1005), Offset{30});
  EXPECT_EQ(read(25).substr(0, 5), "error");
  ASSERT_TRUE(append());
  EXPECT_EQ(read(55), bytes_of_batches(11, 1));
}

TEST_F(SegmentedLogTest, AWrongLengthCostsItsOwnRowsOnly) {
  for (const unsigned bit : {0U, 3U, 6U, 7U}) {
    SCOPED_TRACE(bit);
    disk_ = SimulatedDisk(Random(bit));
    batches_.clear();
    open();
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(append());
    ASSERT_TRUE(log_->sync());
    disk_.flip_bit(path_of(0), 3 * 148 + 8, bit);   // Longer or shorter than it is.
    disk_.flip_bit(path_of(0), 11 * 148 + 8, bit);  // And the last one.
    for (int time = 0; time < 2; ++time) {
      open();
      EXPECT_EQ(read(0), bytes_of_batches(0, 3));
      EXPECT_EQ(read(20), bytes_of_batches(4, 7));
      EXPECT_EQ(read(15).substr(0, 5), "error");
      EXPECT_EQ(log_->read(57, 100, 1000).error().code, Errc::corrupt);
      EXPECT_EQ(log_->end_offset(), 60);
      std::size_t seen = 0;
      ASSERT_TRUE(log_->for_each_batch([&](const BatchSummary&) { ++seen; }));
      EXPECT_GE(seen, 10U);
    }
    ASSERT_TRUE(append());
    EXPECT_EQ(read(60), bytes_of_batches(12, 1));
  }
}

TEST_F(SegmentedLogTest, AnOverwrittenStretchIsPassedOverWhateverItsBytes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    disk_ = SimulatedDisk(random.fork("disk"));
    batches_.clear();
    open();
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(append(1 + random.below(500)));
    ASSERT_TRUE(log_->sync());
    const std::uint64_t size = log_->size_bytes();
    for (std::uint64_t i = 0; i <= random.below(40); ++i) {
      disk_.flip_bit(path_of(0), random.below(size), static_cast<unsigned>(random.below(8)));
    }
    if (random.chance(1, 2)) open();
    // Every row is read as it was written or refused, and the refusals say where to go on.
    Offset next = 0;
    while (next < log_->end_offset()) {
      const auto found = log_->read(next, INT64_MAX, 1 << 20);
      if (found) {
        const auto batch = static_cast<std::size_t>(next / 5);
        ASSERT_EQ(unprotected_left_out(found->text(), batches_[batch].bytes.size()),
                  unprotected_left_out(batches_[batch].bytes, batches_[batch].bytes.size()));
        next += 5;
        continue;
      }
      ASSERT_EQ(found.error().code, Errc::corrupt) << found.error().message;
      next += 5;
    }
    ASSERT_EQ(log_->end_offset(), 150);
    ASSERT_TRUE(append());
    EXPECT_EQ(read(150), bytes_of_batches(30, 1));
  }
}

TEST_F(SegmentedLogTest, WithoutARecoveryPointABadBatchIsATornTail) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  log_.reset();
  ASSERT_TRUE(disk_.remove(folder + "/recovery-point"));
  disk_.flip_bit(path_of(0), 2 * 148 + 60, 0);
  open();
  EXPECT_EQ(log_->end_offset(), 10);
}

TEST_F(SegmentedLogTest, WithADamagedRecoveryPointABadBatchIsNeverCut) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  disk_.flip_bit(folder + "/recovery-point", 20, 0);
  open();
  EXPECT_EQ(log_->end_offset(), 15);
  disk_.flip_bit(path_of(0), 2 * 148 + 60, 0);
  EXPECT_EQ(refusal().code, Errc::corrupt);
}

TEST_F(SegmentedLogTest, LostIndexesAreRebuilt) {
  options_.segment_bytes = 2000;
  open();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(append(100, 1000 + i));
  ASSERT_TRUE(log_->sync());
  log_.reset();
  std::map<std::string, std::string> before;
  for (const Offset base : {0, 65, 130}) {
    for (const std::string ending : {".index", ".timeindex"}) {
      before[path_of(base, ending)] = read_file(disk_, path_of(base, ending), 4096)->text();
      EXPECT_FALSE(before[path_of(base, ending)].empty());
      ASSERT_TRUE(disk_.remove(path_of(base, ending)));
    }
  }
  open();
  for (std::size_t i = 0; i < 40; ++i) {
    const auto offset = static_cast<Offset>(5 * i);
    EXPECT_EQ(read(offset, offset + 5), bytes_of_batches(i, 1));
    EXPECT_EQ(*log_->offset_at(1000 + static_cast<EpochMillis>(i)), offset);
  }
  for (const auto& [path, content] : before) {
    EXPECT_EQ(read_file(disk_, path, 4096)->text(), content) << path;
  }
}

TEST_F(SegmentedLogTest, AnIndexThatLiesIsFoundOutAndRebuilt) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append());
  disk_.flip_bit(path_of(0, ".index"), 7, 3);  // A position within a batch.
  EXPECT_EQ(read(20, 25), bytes_of_batches(4, 1));
  EXPECT_EQ(read(45), bytes_of_batches(9, 1));
}

TEST_F(SegmentedLogTest, ADamagedIndexDoesNotKeepASoundLogFromOpening) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append());
  ASSERT_TRUE(log_->sync());
  disk_.flip_bit(path_of(0, ".index"), 2 * 8 + 7, 3);  // The last entry's position.
  open();
  EXPECT_EQ(read(0), bytes_of_batches(0, 10));
  EXPECT_EQ(read(45), bytes_of_batches(9, 1));
}

TEST_F(SegmentedLogTest, AFullDiskRefusesAppendsAndLeavesNoTrace) {
  open();
  ASSERT_TRUE(append());
  disk_.set_free_bytes(140);
  for (int i = 0; i < 3; ++i) {
    auto refused = append();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
  }
  EXPECT_EQ(log_->end_offset(), 5);
  EXPECT_EQ(read(0), bytes_of_batches(0, 1));
  EXPECT_TRUE(log_->sync());
  ASSERT_TRUE(append(20));  // It still fits, beside the recovery point.
  disk_.set_free_bytes(std::nullopt);
  ASSERT_TRUE(append());
  EXPECT_EQ(read(0), bytes_of_batches(0, 3));
  disk_.crash();
  open();
  EXPECT_LE(log_->end_offset(), 15);
}

TEST_F(SegmentedLogTest, AFullDiskInTheMiddleOfARollDoesNotPoison) {
  options_.segment_bytes = 400;
  open();
  ASSERT_TRUE(append());
  ASSERT_TRUE(append());
  for (std::uint64_t room = 0; room < 148; room += 4) {
    disk_.set_free_bytes(room);
    ASSERT_EQ(append().error().code, Errc::overloaded) << room;
    ASSERT_EQ(log_->end_offset(), 10);
  }
  disk_.set_free_bytes(std::nullopt);
  ASSERT_TRUE(append());
  EXPECT_EQ(log_->segment_count(), 2U);
  open();
  EXPECT_EQ(read(0) + read(10), bytes_of_batches(0, 3));
}

TEST_F(SegmentedLogTest, ARefusedAppendStaysGoneAfterACrash) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    auto log = SegmentedLog::open(disk, folder, options_);
    ASSERT_TRUE(log);
    const std::vector<TestBatch> two{make_batch({.base = 0, .rows = 5}),
                                     make_batch({.base = 5, .rows = 5})};
    disk.set_free_bytes(200);  // The first of the two fits.
    ASSERT_EQ((*log)->append(stamped(two)).error().code, Errc::overloaded);
    disk.crash();
    disk.set_free_bytes(std::nullopt);
    log = SegmentedLog::open(disk, folder, options_);
    ASSERT_TRUE(log);
    EXPECT_EQ((*log)->end_offset(), 0);
  }
}

TEST_F(SegmentedLogTest, AFailedDeviceClosesTheLogForWritingUntilItIsOpenedAgain) {
  open();
  ASSERT_TRUE(append());
  disk_.fail_writes(FaultLength::until_cleared);
  EXPECT_EQ(append().error().code, Errc::unavailable);
  disk_.clear_faults();
  EXPECT_EQ(append().error().code, Errc::unavailable);
  EXPECT_EQ(read(0), bytes_of_batches(0, 1));
  EXPECT_EQ(log_->end_offset(), 5);
  open();
  batches_.resize(1);
  EXPECT_GE(log_->end_offset(), 5);
  ASSERT_TRUE(append());
}

TEST_F(SegmentedLogTest, WhatWasAppendedBeforeAFailedWriteIsSyncedAllTheSame) {
  open();
  ASSERT_TRUE(append());
  disk_.fail_writes(FaultLength::until_cleared);
  EXPECT_EQ(append().error().code, Errc::unavailable);
  EXPECT_TRUE(log_->sync());
  disk_.crash();
  disk_.clear_faults();
  open();
  EXPECT_EQ(log_->end_offset(), 5);
}

TEST_F(SegmentedLogTest, RowsAroundAFailedSyncSurviveOnceALaterSyncSucceeds) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    auto log = SegmentedLog::open(disk, folder, options_);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->append({stamped(make_batch({.base = 0, .rows = 5}))}));
    ASSERT_TRUE((*log)->sync());
    ASSERT_TRUE((*log)->append({stamped(make_batch({.base = 5, .rows = 5}))}));
    disk.fail_syncs(FaultLength::once);
    ASSERT_EQ((*log)->sync().error().code, Errc::unavailable);
    // The kernel may still show the pages that it could not write.
    log = SegmentedLog::open(disk, folder, options_);
    ASSERT_TRUE(log) << log.error().message;
    const Offset end = (*log)->end_offset();
    ASSERT_GE(end, 5);
    ASSERT_TRUE((*log)->append({stamped(make_batch({.base = end, .rows = 5}))}));
    ASSERT_TRUE((*log)->sync());
    disk.crash();
    log = SegmentedLog::open(disk, folder, options_);
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_EQ((*log)->end_offset(), end + 5);
  }
}

TEST_F(SegmentedLogTest, AFailingReadIsReportedAndPasses) {
  open();
  ASSERT_TRUE(append());
  disk_.fail_reads(FaultLength::once);
  EXPECT_EQ(log_->read(0, 5, 1000).error().code, Errc::unavailable);
  EXPECT_EQ(read(0), bytes_of_batches(0, 1));
  disk_.fail_reads(FaultLength::once);
  EXPECT_EQ(refusal().code, Errc::unavailable);
  open();
}

}  // namespace
}  // namespace millrace
