#include "scenarios/catalog/partition_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

TEST(Partitions, ComeAndGoUnderAWriter) {
  auto reached = sweep(churn_partitions, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["partitions dropped"], reached["runs"]);
  EXPECT_GT(reached["batches checked"], reached["runs"]);
}

}  // namespace
}  // namespace millrace::scenarios
