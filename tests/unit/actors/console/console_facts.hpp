#pragma once
#include <string>
#include <utility>
#include <vector>

#include "actors/console/console_source.hpp"

namespace millrace {

// A small node and cluster that the console's tests look at.

inline ActorFacts actor_facts(std::string name, std::string parent) {
  ActorFacts actor;
  actor.name = std::move(name);
  actor.parent = std::move(parent);
  actor.running = true;
  actor.starts = 1;
  return actor;
}

inline NodeFacts node_facts() {
  NodeFacts node;
  node.cluster_id = "c-1";
  node.node = NodeId{1};
  node.incarnation = Incarnation{7};
  node.version = "0.1.0";
  node.now = Instant{} + 10s;
  node.undeliverable = 3;
  node.batches_left_out = 44;
  node.required_actors = {"gateway"};
  return node;
}

inline TableInfo table_info(TableId id, const std::string& name, std::size_t buckets) {
  protocol::Column column;
  column.name = "carrier";
  column.type.root = protocol::TypeRoot::string;
  column.id = 0;
  TableInfo table;
  table.id = id;
  table.database = "nyc";
  table.name = name;
  table.descriptor.schema.columns = {column};
  table.descriptor.schema.highest_field_id = 0;
  table.descriptor.bucket_keys = std::vector<std::string>{};
  table.descriptor.bucket_count = static_cast<std::int32_t>(buckets);
  table.buckets.resize(buckets, {NodeId{0}, LeaderEpoch{2}, {NodeId{0}, NodeId{1}}});
  table.created_at = 1000;
  table.modified_at = 2000;
  return table;
}

inline ClusterView cluster_view() {
  ClusterView view;
  view.revision = Revision{12};
  view.coordinator = NodeId{0};
  view.members[NodeId{0}] = {NodeId{0},           Incarnation{4}, {"h0", 9123},
                             {"127.0.0.1", 9125}, "r1",           true};
  view.members[NodeId{1}] = {NodeId{1}, Incarnation{7}, {"h1", 9123}, {}, "r2", false};
  view.catalog.apply(DatabaseCreated{{"nyc", {}, 0, 0}});
  view.catalog.apply(TableCreated{table_info(TableId{5}, "planes", 1)});
  view.catalog.apply(TableCreated{table_info(TableId{6}, "flights", 3)});
  return view;
}

/// A source that stands still.
class FixedSource final : public ConsoleSource {
 public:
  NodeFacts node() const override { return given_node; }
  std::vector<ActorFacts> actors() const override { return given_actors; }
  std::vector<HandledMessage> flight_of(const std::string& /*actor*/) const override {
    return given_flight;
  }
  std::vector<BudgetFacts> budgets() const override { return given_budgets; }
  const ClusterView& cluster() const override { return given_view; }

  NodeFacts given_node = node_facts();
  std::vector<ActorFacts> given_actors = {actor_facts("gateway", "node"), actor_facts("node", ""),
                                          actor_facts("replica/7/0", "tablet"),
                                          actor_facts("tablet", "node")};
  std::vector<HandledMessage> given_flight;
  std::vector<BudgetFacts> given_budgets = {{"open_logs_of_device", "logs", 1024, 2, 30, 20},
                                            {"requests", "bytes", 1000, 1, 400, 400}};
  ClusterView given_view = cluster_view();
};

}  // namespace millrace
