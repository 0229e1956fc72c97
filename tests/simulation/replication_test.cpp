#include "scenarios/replication/replication_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

TEST(Replication, LosesNothingAndGoesOnWhenOneNodeIsAway) {
  auto reached = sweep(lose_replicas, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  for (const char* what : {"killed", "went on", "cut", "actors failed"}) {
    EXPECT_GT(reached[what], reached["runs"] / 4) << what;
  }
}

}  // namespace
}  // namespace millrace::scenarios
