// What the generator draws, and each fault that has no scenario of its own, forced.
#include <cstdio>

#include "scenarios/mixed/mixed_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::uint64_t seeds_per_cell = 8;

/// A fault that never bites proves nothing, so it must in so many of a hundred runs that have it.
constexpr std::uint64_t bites_per_cent_min = 50;

void expect_bites(std::map<std::string, std::uint64_t>& reached, FaultKind fault) {
  const std::string name = to_string(fault);
  EXPECT_GE(reached[name + " bit"] * 100, reached[name] * bites_per_cent_min)
      << name << " did anything in " << reached[name + " bit"] << " of " << reached[name]
      << " runs";
}

/// One fault alone, beside both workloads and both durabilities.
void run_cell(FaultKind fault) {
  const auto cell = [fault](std::uint64_t seed) {
    FaultPlan plan;
    plan.workload = all_workloads[seed % all_workloads.size()];
    plan.faults = {fault};
    plan.durability = seed / 2 % 2 == 0 ? protocol::Durability::disk : protocol::Durability::memory;
    return run_plan(plan, seed);
  };
  auto reached = sweep(cell, seeds_per_cell);
  if (!is_sweep()) return;
  EXPECT_GT(reached["rows acknowledged"], 0U);
  expect_bites(reached, fault);
}

TEST(Mixed, SurvivesWhateverFaultsMeet) {
  auto reached = sweep(draw_faults, 300);
  if (!is_sweep()) return;
  PlanCoverage coverage;
  for (const std::uint64_t seed : seeds_to_run(300)) coverage.add(plan_for(seed));
  std::printf("How often faults met workloads and each other:\n%s", coverage.table().c_str());
  for (const FaultKind fault : all_faults) {
    std::printf("%s bit in %lu of %lu runs\n", to_string(fault).c_str(),
                reached[to_string(fault) + " bit"], reached[to_string(fault)]);
  }
  if (reached["runs"] < plans_per_block) return;  // Too few to say anything.
  EXPECT_GT(coverage.rarest(), 0U);
  for (const FaultKind fault : all_faults) expect_bites(reached, fault);
  EXPECT_GT(reached["commands done"], reached["runs"]);
}

/// Seeds whose disk went so long before its host that what it may cost is counted from the disk on.
TEST(Mixed, WhatLossOfPowerCostsIsCountedFromTheFirstDiskThatGoes) {
  for (const std::uint64_t seed : {1368U, 2824U}) {
    const Outcome outcome = draw_faults(seed);
    EXPECT_TRUE(outcome.violations.empty())
        << report("Mixed.SurvivesWhateverFaultsMeet", seed, outcome);
  }
}

TEST(Mixed, PlansMeetEveryPairOnceInEachBlock) {
  for (const std::uint64_t block : {0U, 1U, 77U}) {
    PlanCoverage coverage;
    for (std::uint64_t i = 0; i < plans_per_block; ++i)
      coverage.add(plan_for(block * plans_per_block + i));
    EXPECT_GT(coverage.rarest(), 0U) << coverage.table();
  }
  EXPECT_EQ(plan_for(123).cell(), plan_for(123).cell());
}

TEST(Mixed, BytesThatChangeOnTheWireCostAConnectionAtMost) { run_cell(FaultKind::bad_wire); }

TEST(Mixed, BytesThatRotAreNoticedAndCostTheirRowsOnly) { run_cell(FaultKind::bit_rot); }

TEST(Mixed, ASlowDiskDelaysItsBucketsOnly) { run_cell(FaultKind::slow_disk); }

TEST(Mixed, NamesThatACrashForgetsCostNothing) { run_cell(FaultKind::lost_name); }

TEST(Mixed, ACommitOfUnknownOutcomeIsLookedUp) { run_cell(FaultKind::unknown_commit); }

TEST(Mixed, WhoFindsNoMemoryGivesUpWhatHeIsDoing) { run_cell(FaultKind::scarce_memory); }

TEST(Mixed, AFloodFromOneClientLeavesTheOthersServed) { run_cell(FaultKind::flood); }

TEST(Mixed, ANodeWithAnotherDiskStopsRatherThanLies) { run_cell(FaultKind::other_disk); }

}  // namespace
}  // namespace millrace::scenarios
