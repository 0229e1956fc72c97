#include "bench/record/percentile.hpp"

#include <gtest/gtest.h>

namespace millrace::bench {
namespace {

TEST(Percentiles, AreValuesThatWereMeasured) {
  std::vector<Duration> values;
  for (int i = 1000; i > 0; --i) values.push_back(std::chrono::milliseconds(i));
  const Percentiles all = percentiles_of(values);
  EXPECT_EQ(all.p50, 500ms);
  EXPECT_EQ(all.p99, 990ms);
  EXPECT_EQ(all.longest, 1000ms);
}

TEST(Percentiles, OfFewOrNoValuesAreDefined) {
  EXPECT_EQ(percentiles_of({}).longest, 0ms);
  EXPECT_EQ(percentiles_of({3ms}).p50, 3ms);
  EXPECT_EQ(percentiles_of({3ms}).p99, 3ms);
  EXPECT_EQ(percentiles_of({5ms, 3ms}).p50, 3ms);
  EXPECT_EQ(percentiles_of({5ms, 3ms}).p99, 5ms);
}

}  // namespace
}  // namespace millrace::bench
