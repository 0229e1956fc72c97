#include "scenarios/catalog/office_scenarios.hpp"

#include <utility>

#include "scenarios/append/append_load.hpp"
#include "scenarios/checkers/office_checker.hpp"
#include "scenarios/draw.hpp"
#include "scenarios/workloads/catalog_churn.hpp"

namespace millrace::scenarios {
namespace {

constexpr auto database = "churn";
constexpr Duration takeover_max = 10s;

/// One run: who is in office goes away, again and again.
class Depositions {
 public:
  explicit Depositions(std::uint64_t seed)
      : cluster_(seed),
        random_(cluster_.simulation().random_for("depose_coordinator")),
        load_(cluster_, random_.fork("load")),
        client_(cluster_.add_client()),
        churn_(client_, database, random_.fork("churn")) {}

  Outcome run() {
    watch();
    load_.start();
    make_database();
    churn_.start();
    for (std::uint64_t round = 0; round < 3; ++round) {
      cluster_.run_for(draw(random_, 0ms, 1s));
      depose();
      if (!cluster_.run_until_whole(10s)) find("the nodes do not find together again");
    }
    return finish();
  }

 private:
  void watch() {
    cluster_.simulation().observe_turns([this](NodeId node, std::string_view actor, bool begins) {
      if (begins || actor != "tablet" || !cluster_.is_up(node)) return;
      checker_.saw(node, cluster_.incarnation_of(node), *cluster_.view_of(node));
    });
  }

  void make_database() {
    const auto made = cluster_.blocking().wait<void>([&](const client::Callback<void>& done) {
      client_.api().create_database(database, false, done);
    });
    if (!made) find("create database: " + made.error().message);
  }

  /// As the other nodes know it.
  [[nodiscard]] NodeId other_than(NodeId node) const {
    return NodeId{(node.value() + 1) % cluster_.shape().nodes};
  }
  [[nodiscard]] NodeId holder() const {
    const auto& office = cluster_.view_of(NodeId{0})->catalog.office();
    return office ? office->node : NodeId{0};
  }
  [[nodiscard]] bool has_successor(NodeId old) const {
    const auto& office = cluster_.view_of(other_than(old))->catalog.office();
    return office && office->node != old;
  }

  void cut_off(NodeId node, bool cut) {
    for (std::int32_t i = 0; i < cluster_.shape().nodes; ++i) {
      if (NodeId{i} == node) continue;
      const ProcessId other = cluster_.process_of(NodeId{i});
      if (cut) {
        cluster_.cut(cluster_.process_of(node), other);
      } else {
        cluster_.heal(cluster_.process_of(node), other);
      }
    }
  }

  void depose() {
    const NodeId old = holder();
    const bool kills = random_.chance(1, 2);
    const bool pauses = !kills && random_.chance(1, 2);
    // Who still reaches the old one gets nothing done there, but must not be told what is not so.
    const bool strands_client = !kills && random_.chance(1, 2);
    cluster_.simulation().run_turns(random_.below(300));
    if (kills) {
      cluster_.stop(old, Ending::process_kill);
    } else {
      cut_off(old, true);
      if (!strands_client) cluster_.cut(cluster_.process_of(old), client_.process());
      if (pauses) cluster_.simulation().slow_down(old, "coordinator", [] { return 700ms; });
    }
    if (random_.chance(1, 2)) {
      constexpr CommitFault faults[] = {CommitFault::refused_full, CommitFault::failed_unapplied,
                                        CommitFault::failed_yet_applied};
      cluster_.metadata().fail_next_commit(faults[random_.below(3)]);
    }
    if (kills && random_.chance(1, 4)) {
      cluster_.start(old);  // It may take its office again.
      return;
    }
    const std::size_t before = churn_.count_done();
    if (cluster_.run_until([&] { return has_successor(old); }, takeover_max)) {
      ++successions_;
      if (strands_client) {
        cluster_.run_for(draw(random_, 0ms, 3s));
      } else if (!cluster_.run_until([&] { return churn_.count_done() > before; }, 60s)) {
        find("the new coordinator carries nothing out");
      }
    } else {
      find("nobody took over the office");
    }
    if (kills) return cluster_.start(old, random_.chance(1, 2));
    cut_off(old, false);
    cluster_.heal(cluster_.process_of(old), client_.process());
    if (pauses) cluster_.simulation().slow_down(old, "coordinator", nullptr);
  }

  Outcome finish() {
    cluster_.run_for(2s);
    churn_.stop();
    if (!cluster_.run_until([&] { return churn_.is_idle(); }, 60s))
      find("a command was never answered");
    for (std::string& violation : check_listing(cluster_, database, churn_.steps())) {
      load_.history().findings.push_back(std::move(violation));
    }
    load_.finish();
    cluster_.simulation().observe_turns(nullptr);
    for (std::int32_t i = 0; i < cluster_.shape().nodes; ++i) {
      for (std::string& violation :
           checker_.check(cluster_.metadata(), *cluster_.view_of(NodeId{i})))
        load_.history().findings.push_back(std::move(violation));
    }
    Outcome outcome = load_.outcome();
    for (const std::string& why : load_.history().given_up)
      outcome.violations.push_back("a writer gave rows up: " + why);
    outcome.reached["commands done"] = churn_.count_done();
    outcome.reached["successions"] = successions_;
    outcome.reached["epochs"] = checker_.count_epochs();
    return outcome;
  }

  void find(const std::string& what) { load_.history().findings.push_back(what); }

  SimulatedCluster cluster_;
  Random random_;
  AppendLoad load_;
  SimulatedClient& client_;
  CatalogChurn churn_;
  OfficeChecker checker_;
  std::uint64_t successions_ = 0;
};

}  // namespace

Outcome depose_coordinator(std::uint64_t seed) { return Depositions(seed).run(); }

}  // namespace millrace::scenarios
