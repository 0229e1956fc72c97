#include "state/log/port/recent_batches.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

BatchSummary batch(std::int64_t writer, Offset base, EpochMillis timestamp = 0) {
  return {.base = base, .timestamp = timestamp, .writer = WriterId{writer}};
}

TEST(RecentBatches, KeepsTheLastFiveOfEachWriterInLogOrder) {
  RecentBatches recent;
  std::vector<BatchSummary> expected;
  for (std::int32_t i = 0; i < 8; ++i) {
    for (const WriterId writer : {WriterId{2}, no_writer, WriterId{1}}) {
      const BatchSummary one{.base = i * 4 + 2 - writer.value(), .writer = writer, .sequence = i};
      recent.add(one);
      if (i >= 3 && writer != no_writer) expected.push_back(one);
    }
  }
  std::sort(expected.begin(), expected.end(),
            [](const auto& a, const auto& b) { return a.base < b.base; });
  EXPECT_EQ(recent.in_order(), expected);
}

TEST(RecentBatches, ForgetsWritersByTheTimeOfTheirLastBatch) {
  RecentBatches recent;
  recent.add(batch(1, 0, 100));
  recent.add(batch(2, 1, 150));
  recent.add(batch(1, 2, 200));
  recent.forget_before(150);
  EXPECT_EQ(recent.writer_count(), 2U);
  recent.forget_before(151);
  EXPECT_EQ(recent.find(WriterId{2}), nullptr);
  ASSERT_NE(recent.find(WriterId{1}), nullptr);
  EXPECT_EQ(recent.find(WriterId{1})->size(), 2U);  // With its older batches.
  recent.forget_before(1000);
  EXPECT_EQ(recent.writer_count(), 0U);
  EXPECT_TRUE(recent.in_order().empty());
}

TEST(RecentBatches, OneWriterTooManyCostsTheOneThatWasSilentLongest) {
  RecentBatches recent(2);
  recent.add(batch(1, 0));
  recent.add(batch(2, 1));
  recent.add(batch(1, 2));
  recent.add(batch(3, 3));
  EXPECT_EQ(recent.writer_count(), 2U);
  EXPECT_EQ(recent.find(WriterId{2}), nullptr);
  EXPECT_NE(recent.find(WriterId{1}), nullptr);
  EXPECT_NE(recent.find(WriterId{3}), nullptr);
}

}  // namespace
}  // namespace millrace
