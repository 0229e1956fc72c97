#include "scenarios/catalog/catalog_scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scenarios/append/append_load.hpp"
#include "scenarios/draw.hpp"
#include "scenarios/workloads/catalog_churn.hpp"

namespace millrace::scenarios {
namespace {

constexpr auto database = "churn";
constexpr NodeId coordinator{0};

template <class T, class Start>
client::Outcome<T> wait(SimulatedCluster& cluster, Start start) {
  return cluster.blocking().wait<T>([&](const client::Callback<T>& done) { start(done); });
}

std::size_t acknowledged_elsewhere(const History& history, const std::set<BucketId>& own) {
  return static_cast<std::size_t>(
      std::count_if(history.attempts.begin(), history.attempts.end(), [&](const Attempt& one) {
        return one.fate == Fate::acknowledged && !own.contains(one.bucket);
      }));
}

void check_databases(SimulatedCluster& cluster, History& history) {
  using Names = std::vector<std::string>;
  client::Client& client = cluster.add_client().api();
  const auto databases = wait<Names>(
      cluster, [&](const client::Callback<Names>& done) { client.list_databases(done); });
  if (!databases || *databases != Names{"churn", "fluss", "load"})
    history.findings.push_back("the databases are not those that were made");
}

}  // namespace

Outcome kill_coordinator(std::uint64_t seed) {
  SimulatedCluster cluster(seed);
  Random random = cluster.simulation().random_for("kill_coordinator");
  AppendLoad load(cluster, random.fork("load"));
  load.start();
  History& history = load.history();
  SimulatedClient& client = cluster.add_client();
  const auto made = wait<void>(cluster, [&](const client::Callback<void>& done) {
    client.api().create_database(database, false, done);
  });
  if (!made) history.findings.push_back("create database: " + made.error().message);
  CatalogChurn churn(client, database, random.fork("churn"));
  churn.start();
  const std::set<BucketId> own = load.buckets_of(coordinator);
  for (std::uint64_t round = 0; round < 2; ++round) {
    cluster.run_for(draw(random, 0ms, 1s));
    if (random.chance(1, 2)) {
      constexpr CommitFault faults[] = {CommitFault::refused_full, CommitFault::failed_unapplied,
                                        CommitFault::failed_yet_applied};
      cluster.metadata().fail_next_commit(faults[random.below(3)]);
      cluster.run_for(200ms);
    }
    cluster.simulation().run_turns(random.below(300));
    cluster.stop(coordinator, Ending::process_kill);
    const std::size_t before = acknowledged_elsewhere(history, own);
    cluster.run_for(draw(random, 300ms, 1s));
    if (acknowledged_elsewhere(history, own) <= before)
      history.findings.push_back("appends to other nodes stopped with the coordinator");
    cluster.start(coordinator, random.chance(1, 2));
    if (!cluster.run_until_whole(10s)) history.findings.push_back("no coordinator came back");
  }
  const std::size_t before = churn.count_done();
  cluster.run_for(2s);
  if (churn.count_done() <= before)
    history.findings.push_back("the coordinator came back and carries nothing out");
  churn.stop();
  if (!cluster.run_until([&] { return churn.is_idle(); }, 60s))
    history.findings.push_back("a command was never answered");
  for (std::string& violation : check_listing(cluster, database, churn.steps()))
    history.findings.push_back(std::move(violation));
  check_databases(cluster, history);
  load.finish();
  Outcome outcome = load.outcome();
  for (const std::string& why : history.given_up)
    outcome.violations.push_back("a writer gave rows up: " + why);
  outcome.reached["commands done"] = churn.count_done();
  return outcome;
}

}  // namespace millrace::scenarios
