#include "state/log/segmented/segmented_log_store.hpp"

#include <gtest/gtest.h>

#include "state/disk/simulated/simulated_disk.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace {
namespace {

using test::make_batch;
using test::stamped;

TEST(SegmentedLogStore, ListsAndRemovesBuckets) {
  SimulatedDisk disk{Random(1)};
  SegmentedLogStore store(disk, {});
  EXPECT_TRUE(store.list()->empty());
  const std::vector<BucketId> buckets{
      {TableId(2), BucketIndex(1)}, {TableId(2), BucketIndex(10)}, {TableId(10), BucketIndex(0)}};
  for (const BucketId& one : buckets) ASSERT_TRUE(store.open(one));
  ASSERT_TRUE(disk.make_folders("log/other/0"));
  ASSERT_TRUE(disk.make_folders("log/2/01"));
  EXPECT_EQ(*store.list(), buckets);
  ASSERT_TRUE(store.remove(buckets[1]));
  ASSERT_TRUE(store.remove(buckets[1]));
  EXPECT_EQ(*store.list(), (std::vector<BucketId>{buckets[0], buckets[2]}));
  disk.crash();
  EXPECT_EQ(*store.list(), (std::vector<BucketId>{buckets[0], buckets[2]}));
}

TEST(SegmentedLogStore, ARemovalCutShortLeavesNothingThatBlocks) {
  const BucketId one{TableId(7), BucketIndex(0)};
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk{Random(seed)};
    SegmentedLogStore store(disk, {.segment_bytes = 400, .index_interval_bytes = 300});
    {
      auto log = store.open(one);
      ASSERT_TRUE(log);
      for (Offset base = 0; base < 8; ++base) {
        ASSERT_TRUE((*log)->append({stamped(make_batch({.base = base}))}));
      }
      ASSERT_TRUE((*log)->sync());
    }
    disk.stop_after(seed % 5);
    (void)store.remove(one);
    disk.crash();
    ASSERT_TRUE(store.remove(one));
    ASSERT_TRUE(store.list()->empty());
    auto again = store.open(one);
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ((*again)->end_offset(), 0);
  }
}

}  // namespace
}  // namespace millrace
