// The log on real files behaves as on simulated ones: the rest of its tests use the latter.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "state/disk/faulty/faulty_disk.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/conformance/state/temporary_folder.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;
using test::TestBatch;

struct PosixEngine {
  TemporaryFolder folder;
  PosixDisk disk{folder.path()};
};

struct SimulatedEngine {
  SimulatedDisk disk{Random(1)};
};

template <class Engine>
class LogStoreConformance : public testing::Test {
 protected:
  Engine engine_;
  FaultyDisk disk_{engine_.disk};
  SegmentedLogStore store_{disk_, {.segment_bytes = 5000, .index_interval_bytes = 500}};
};

using Engines = testing::Types<PosixEngine, SimulatedEngine>;
TYPED_TEST_SUITE(LogStoreConformance, Engines);

TYPED_TEST(LogStoreConformance, RowsSurviveRestartsFullDisksAndRolls) {
  const BucketId bucket{TableId(3), BucketIndex(1)};
  Random random(5);
  std::string expected;
  int refused = 0;
  for (int restart = 0; restart < 10; ++restart) {
    auto log = this->store_.open(bucket);
    ASSERT_TRUE(log) << log.error().message;
    for (int i = 0; i < 20; ++i) {
      const TestBatch batch = make_batch({.base = (*log)->end_offset(),
                                          .rows = static_cast<std::int32_t>(1 + random.below(9)),
                                          .timestamp = 100 * restart + i,
                                          .body_bytes = 1 + random.below(1000)});
      if (i == 10) this->disk_.set_free_bytes(random.below(100));
      if (i == 12) this->disk_.set_free_bytes(std::nullopt);
      auto appended = (*log)->append({stamped(batch)});
      if (!appended) {
        ASSERT_EQ(appended.error().code, Errc::overloaded) << appended.error().message;
        ++refused;
        continue;
      }
      expected += batch.bytes;
    }
    ASSERT_TRUE(restart % 2 == 0 || (*log)->sync());
    std::string found;
    for (Offset next = 0; next < (*log)->end_offset();) {
      auto bytes = (*log)->read(next, INT64_MAX, 3000);
      ASSERT_TRUE(bytes) << bytes.error().message;
      ASSERT_FALSE(bytes->empty());
      found += bytes->text();
      protocol::BatchCursor cursor(*bytes);
      for (auto one = cursor.next(); one && *one; one = cursor.next()) {
        next = (*one)->header.next_offset();
      }
    }
    ASSERT_TRUE(found == expected);
  }
  EXPECT_GT(refused, 10);
  EXPECT_EQ(*this->store_.list(), std::vector<BucketId>{bucket});
  ASSERT_TRUE(this->store_.remove(bucket));
  EXPECT_TRUE(this->store_.list()->empty());
}

TYPED_TEST(LogStoreConformance, OldRowsGoByWholeSegmentsAndWhatWasReadStaysValid) {
  const BucketId bucket{TableId(3), BucketIndex(1)};
  auto log = this->store_.open(bucket);
  ASSERT_TRUE(log) << log.error().message;
  std::vector<TestBatch> batches;
  for (int i = 0; i < 40; ++i) {
    batches.push_back(
        make_batch({.base = i, .timestamp = i, .body_bytes = 900, .writer = WriterId{i % 3}}));
    ASSERT_TRUE((*log)->append({stamped(batches.back())}));
  }
  const auto held = (*log)->read(0, INT64_MAX, 2000);
  ASSERT_TRUE(held);
  Offset start = 0;
  for (EpochMillis age = 0; age <= 50; age += 7) {
    ASSERT_TRUE((*log)->expire({.older_than = age, .limit = 33}));
    ASSERT_GE((*log)->start_offset(), start);
    start = (*log)->start_offset();
    ASSERT_LE(start, std::min<Offset>(age, 33));
    ASSERT_GE(start, std::min<Offset>(age, 33) - 5);  // No more than one segment is kept.
    if (start % 2 == 0) {
      log->reset();
      log = this->store_.open(bucket);
      ASSERT_TRUE(log) << log.error().message;
    }
    ASSERT_EQ((*log)->start_offset(), start);
    ASSERT_EQ((*log)->end_offset(), 40);
    const auto first = (*log)->read(start, INT64_MAX, 1);
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(first->text() == batches[static_cast<std::size_t>(start)].bytes);
  }
  EXPECT_GT(start, 20);
  EXPECT_EQ((*log)->remembered().size(), 15U);
  EXPECT_TRUE(held->text() == batches[0].bytes + batches[1].bytes);
}

TYPED_TEST(LogStoreConformance, LogsOfPartitionsLieBesideThoseOfTables) {
  const BucketId plain{TableId(3), BucketIndex(1)};
  const BucketId first{TableId(4), BucketIndex(0), PartitionId(7)};
  const BucketId second{TableId(4), BucketIndex(1), PartitionId(7)};
  const BucketId other{TableId(4), BucketIndex(0), PartitionId(12)};
  for (const BucketId bucket : {other, second, plain, first}) {
    ASSERT_TRUE(this->store_.open(bucket).has_value());
  }
  EXPECT_EQ(*this->store_.list(), (std::vector<BucketId>{plain, first, other, second}));
  ASSERT_TRUE(this->store_.remove(first));
  EXPECT_EQ(*this->store_.list(), (std::vector<BucketId>{plain, other, second}));
  EXPECT_TRUE(this->disk_.exists("log/4/p7"));
  ASSERT_TRUE(this->store_.remove(second));
  EXPECT_FALSE(this->disk_.exists("log/4/p7"));  // Nothing is left of the partition.
  ASSERT_TRUE(this->store_.remove(other));
  EXPECT_EQ(*this->store_.list(), std::vector<BucketId>{plain});
}

}  // namespace
}  // namespace millrace
