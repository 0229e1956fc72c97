#include <set>

#include "scenarios/append/append_scenarios.hpp"
#include "scenarios/catalog/catalog_scenarios.hpp"
#include "scenarios/mixed/mixed_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

/// Each scenario in turn, so that whatever they do is covered.
Outcome one_of_all(std::uint64_t seed) {
  constexpr Outcome (*scenarios[])(std::uint64_t) = {restart_nodes,    kill_processes, kill_actors,
                                                     lose_power,       fill_disk,      expire_rows,
                                                     kill_coordinator, alter_tables};
  return scenarios[seed % std::size(scenarios)](seed);
}

void expect_one_history_each(const Scenario& scenario, const std::vector<std::uint64_t>& seeds) {
  spdlog::set_level(spdlog::level::off);
  std::set<std::uint64_t> traces;
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE(repeat_command("Determinism.*", seed));
    const Outcome once = scenario(seed);
    const Outcome twice = scenario(seed);
    ASSERT_EQ(once.trace_hash, twice.trace_hash);
    EXPECT_EQ(once.messages, twice.messages);
    EXPECT_EQ(once.simulated, twice.simulated);
    EXPECT_EQ(once.reached, twice.reached);
    EXPECT_GT(once.messages, 1000U);
    traces.insert(once.trace_hash);
  }
  EXPECT_EQ(traces.size(), seeds.size());
}

TEST(Determinism, ASeedIsOneHistoryOfTheWholeCluster) {
  expect_one_history_each(one_of_all, seeds_to_run(50));
}

TEST(Determinism, ASeedIsOneHistoryOfWhateverFaultsMeet) {
  // A tenth of what the generator's own test runs.
  std::vector<std::uint64_t> seeds;
  const auto all = seeds_to_run(300);
  for (std::size_t i = 0; i < all.size(); i += 10) seeds.push_back(all[i]);
  expect_one_history_each(draw_faults, seeds);
}

}  // namespace
}  // namespace millrace::scenarios
