#include "scenarios/catalog/catalog_scenarios.hpp"
#include "scenarios/catalog/office_scenarios.hpp"
#include "tests/simulation/sweep.hpp"

namespace millrace::scenarios {
namespace {

TEST(Catalog, SurvivesItsCoordinator) {
  auto reached = sweep(kill_coordinator, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["commands done"], reached["runs"]);
}

TEST(Catalog, AnotherCoordinatorTakesOffice) {
  auto reached = sweep(depose_coordinator, 50);
  if (!is_sweep()) return;
  EXPECT_GT(reached["successions"], reached["runs"]);
  EXPECT_GT(reached["epochs"], reached["successions"]);
}

TEST(Catalog, TablesAreAlteredWhileWritersAndReadersGoOn) {
  auto reached = sweep(alter_tables, 100);
  if (!is_sweep()) return;
  EXPECT_GT(reached["values of added columns"], 0U);
  EXPECT_GT(reached["kills"], 0U);
}

}  // namespace
}  // namespace millrace::scenarios
