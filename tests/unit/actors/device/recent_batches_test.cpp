#include "actors/device/recent_batches.hpp"

#include <gtest/gtest.h>

namespace millrace::device {
namespace {

TEST(RecentBatches, KeepsTheLastFiveOfEachWriterInLogOrder) {
  RecentBatches recent;
  std::vector<BatchSummary> expected;
  for (std::int32_t i = 0; i < 8; ++i) {
    for (const WriterId writer : {WriterId{2}, no_writer, WriterId{1}}) {
      const BatchSummary batch{.base = i * 3 + writer.value(), .writer = writer, .sequence = i};
      recent.add(batch);
      if (i >= 3 && writer != no_writer) expected.push_back(batch);
    }
  }
  std::sort(expected.begin(), expected.end(),
            [](const auto& a, const auto& b) { return a.base < b.base; });
  EXPECT_EQ(recent.in_order(), expected);
}

}  // namespace
}  // namespace millrace::device
