#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/append/append_load.hpp"
#include "scenarios/catalog/catalog_scenarios.hpp"
#include "scenarios/draw.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::uint64_t rounds = 3;
constexpr int tries_max = 20;

/// Adds a column until it is there: a command whose answer is lost may have been carried out.
bool add_column(SimulatedCluster& cluster, client::Client& client, const client::TablePath& table,
                std::size_t number) {
  const protocol::AlterTable alteration{table.database,         table.table, false, {},
                                        {added_column(number)}, {}};
  for (int i = 0; i < tries_max; ++i) {
    const auto done = cluster.blocking().wait<void>(
        [&](const client::Callback<void>& answered) { client.alter_table(alteration, answered); });
    if (done || done.error().code == protocol::ErrorCode::invalid_alter_table_exception) {
      return true;
    }
    cluster.run_for(200ms);
  }
  return false;
}

/// Every node must know the table as it was altered.
void check_schemas(SimulatedCluster& cluster, const client::TablePath& table,
                   std::int32_t schema_id, History& history) {
  for (const std::int32_t node : {0, 1, 2}) {
    const auto known =
        cluster.view_of(NodeId{node})->catalog.find_table(table.database, table.table);
    if (known && known->schema_id == schema_id && known->find_schema(1) != nullptr &&
        known->find_schema(1)->columns.size() == 3) {
      continue;
    }
    history.findings.push_back(
        fmt::format("node {} does not know schema {} of {}", node, schema_id, to_string(table)));
  }
}

}  // namespace

Outcome alter_tables(std::uint64_t seed) {
  SimulatedCluster cluster(seed);
  Random random = cluster.simulation().random_for("alter_tables");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  History& history = load.history();
  std::vector<std::size_t> added(load.tables().size());
  std::uint64_t kills = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cluster.run_for(draw(random, 0ms, 600ms));
    const NodeId node{static_cast<std::int32_t>(random.below(3))};
    const bool dies = random.chance(1, 2);
    if (dies) {
      cluster.simulation().run_turns(random.below(300));
      cluster.stop(node, Ending::process_kill);
      ++kills;
      cluster.start(node, random.chance(1, 2));
    }
    // One that knows where the nodes are now: nobody finds three that have all moved.
    client::Client& client = cluster.add_client().api();
    const std::size_t which = random.below(added.size());
    const client::TablePath& table = load.tables()[which];
    if (!add_column(cluster, client, table, added[which]++))
      history.findings.push_back("a column could not be added to " + to_string(table));
    load.add_writer(table);
    if (random.chance(1, 2)) load.add_readers();
  }
  if (!cluster.run_until_whole(20s)) history.findings.push_back("a node never came back");
  cluster.run_for(1s);
  for (std::size_t i = 0; i < added.size(); ++i) {
    check_schemas(cluster, load.tables()[i], 1 + static_cast<std::int32_t>(added[i]), history);
  }
  load.finish();
  Outcome outcome = load.outcome();
  for (const std::string& why : history.given_up)
    outcome.violations.push_back("a writer gave rows up: " + why);
  outcome.reached["kills"] = kills;
  outcome.reached["values of added columns"] = load.count_added_values();
  return outcome;
}

}  // namespace millrace::scenarios
