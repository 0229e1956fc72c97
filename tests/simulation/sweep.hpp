#pragma once
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// Whether one seed was asked for: then nothing can be said of what a sweep reaches.
inline bool is_sweep() { return seeds_to_run(2).size() > 1; }

/// Runs a scenario over its seeds; the nodes' log lines are shown for a lone one only. A seed that
/// fails says how to run it again; after three of them there is no need for more. Returns what all
/// runs together have reached.
inline std::map<std::string, std::uint64_t> sweep(const Scenario& scenario, std::uint64_t usual) {
  constexpr int failures_max = 3;
  if (is_sweep()) spdlog::set_level(spdlog::level::off);
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const std::string test = std::string(info->test_suite_name()) + "." + info->name();
  std::map<std::string, std::uint64_t> reached;
  int failures = 0;
  for (const std::uint64_t seed : seeds_to_run(usual)) {
    const Outcome outcome = scenario(seed);
    ++reached["runs"];
    for (const auto& [what, count] : outcome.reached) reached[what] += count;
    if (outcome.violations.empty()) continue;
    ADD_FAILURE() << report(test, seed, outcome);
    if (++failures == failures_max) break;
  }
  for (const auto& [what, count] : reached)
    testing::Test::RecordProperty(what, std::to_string(count));
  return reached;
}

}  // namespace millrace::scenarios
