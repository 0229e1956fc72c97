#include "scenarios/append/append_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

TEST(Append, SurvivesTheRestartOfEveryNode) {
  auto reached = sweep(restart_nodes, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  EXPECT_GT(reached["drained"], 0U);
  // Logs rolled: there are more segments than the six buckets of each run.
  EXPECT_GT(reached["segments"], reached["runs"] * 6);
}

TEST(Append, LosesNothingWhenProcessesAreKilled) {
  auto reached = sweep(kill_processes, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  EXPECT_GT(reached["kills"], reached["runs"]);
}

TEST(Append, LosesNothingWhenActorsFail) {
  auto reached = sweep(kill_actors, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
}

TEST(Append, KeepsAPrefixWhenAHostLosesPower) {
  auto reached = sweep(lose_power, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  // At replication 1 and durability `memory` the last second may go; here it did.
  EXPECT_GT(reached["rows lost"], 0U);
}

TEST(Append, LosesNothingOfADurableTableWhenAHostLosesPower) {
  auto reached = sweep(lose_power_durably, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  EXPECT_EQ(reached["rows lost"], 0U);
}

TEST(Append, LosesNothingAboveTheStartWhenOldRowsAreDeleted) {
  auto reached = sweep(expire_rows, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows deleted"], reached["runs"] * 10);
  EXPECT_GT(reached["rows read"], 0U);
  EXPECT_GT(reached["readers overtaken"], 0U);
  EXPECT_GT(reached["power lost"], 0U);
}

TEST(Append, LosesNothingWhenDevicesFailForAWhile) {
  auto reached = sweep(fail_devices, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  for (const char* fault : {"failed reads", "failed writes", "failed syncs"}) {
    EXPECT_GT(reached[fault], 10U) << fault;
  }
}

TEST(Append, IsRefusedByAFullDeviceAndGoesOnWhenThereIsRoom) {
  auto reached = sweep(fill_disk, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  EXPECT_GT(reached["refusals"], 0U);
  EXPECT_GT(reached["power lost"], 0U);
}

}  // namespace
}  // namespace millrace::scenarios
