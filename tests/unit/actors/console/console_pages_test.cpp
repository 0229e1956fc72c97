#include "actors/console/console_pages.hpp"

#include <gtest/gtest.h>

#include "actors/console/page_json.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

namespace millrace {
namespace {

std::vector<std::string> names_in(const std::string& page, const std::string& list) {
  std::vector<std::string> names;
  const Json parsed = Json::parse(page);
  for (const Json& entry : parsed[list]) names.push_back(entry["name"]);
  return names;
}

using Names = std::vector<std::string>;

TEST(ConsolePages, TheMemoryPageHasEveryBudgetAndNullForWhatIsNotKnown) {
  FixedSource source;
  auto page = Json::parse(memory_page(source.given_node, source.given_budgets));
  EXPECT_EQ(page["node"], 1);
  EXPECT_TRUE(page["resident_bytes"].is_null());
  ASSERT_EQ(page["budgets"].size(), 2U);
  EXPECT_EQ(page["budgets"][0], Json::parse(R"({"name":"open_logs_of_device","unit":"logs",)"
                                            R"("limit":1024,"holders":2,"used":30,"fullest":20})"));
  source.given_node.resident_bytes = 123;
  page = Json::parse(memory_page(source.given_node, {}));
  EXPECT_EQ(page["resident_bytes"], 123);
  EXPECT_TRUE(page["budgets"].is_array());
}

TEST(ConsolePages, NodesNameTheCoordinatorAndThisNode) {
  EXPECT_EQ(nodes_page(node_facts(), cluster_view()),
            R"({"cluster_id":"c-1","node":1,"incarnation":7,"version":"0.1.0","revision":12,)"
            R"("coordinator":0,"standbys":0,"nodes":[)"
            R"({"id":0,"incarnation":4,"client":{"host":"h0","port":9123},)"
            R"("console":{"host":"127.0.0.1","port":9125},"rack":"r1","alive":true,)"
            R"("coordinator":true,"self":false},)"
            R"({"id":1,"incarnation":7,"client":{"host":"h1","port":9123},)"
            R"("console":{"host":"","port":0},"rack":"r2","alive":false,)"
            R"("coordinator":false,"self":true}]})"
            "\n");
}

TEST(ConsolePages, LivingCandidatesThatAreNotInOfficeStandBy) {
  ClusterView view = cluster_view();
  view.candidates = {NodeId{0}, NodeId{1}, NodeId{2}};
  EXPECT_NE(nodes_page(node_facts(), view).find(R"("standbys":0)"), std::string::npos);
  view.members[NodeId{1}].alive = true;
  EXPECT_NE(nodes_page(node_facts(), view).find(R"("standbys":1)"), std::string::npos);
}

TEST(ConsolePages, ANodeThatKnowsNothingYetStillHasEveryKey) {
  EXPECT_EQ(nodes_page(node_facts(), ClusterView{}),
            R"({"cluster_id":"c-1","node":1,"incarnation":7,"version":"0.1.0","revision":0,)"
            R"("coordinator":null,"standbys":0,"nodes":[]})"
            "\n");
}

TEST(ConsolePages, AnActorHasAllItsCountersInSeconds) {
  ActorFacts actor = actor_facts("replica/7/0", "tablet");
  actor.starts = 2;
  actor.received = 10;
  actor.handled = 8;
  actor.dropped = 1;
  actor.mailbox_depth = 2;
  actor.busy = 1500ms;
  actor.waited_p50 = 250ms;
  actor.waited_p99 = 500ms;
  actor.waited_max = 2s;
  actor.last_error = "epoch went back: 7 -> 5";
  EXPECT_EQ(actors_page({actor}, {}),
            R"({"total":1,"offset":0,"limit":100,"actors":[{"name":"replica/7/0",)"
            R"("parent":"tablet","running":true,"starts":2,"received":10,"handled":8,"dropped":1,)"
            R"("mailbox_depth":2,"busy_seconds":1.5,"waited_p50_seconds":0.25,)"
            R"("waited_p99_seconds":0.5,"waited_max_seconds":2.0,)"
            R"("last_error":"epoch went back: 7 -> 5"}]})"
            "\n");
}

TEST(ConsolePages, ActorsAreSortedFilteredAndCutHere) {
  std::vector<ActorFacts> actors = {actor_facts("a", ""), actor_facts("b", ""),
                                    actor_facts("c", ""), actor_facts("bb", "")};
  actors[0].waited_p99 = 1s;
  actors[1].waited_p99 = 3s;
  actors[2].waited_p99 = 2s;
  actors[2].mailbox_depth = 9;
  actors[0].handled = 5;
  EXPECT_EQ(names_in(actors_page(actors, {}), "actors"), (Names{"b", "c", "a", "bb"}));
  EXPECT_EQ(names_in(actors_page(actors, {.sort = ActorOrder::mailbox}), "actors"),
            (Names{"c", "a", "b", "bb"}));
  EXPECT_EQ(names_in(actors_page(actors, {.sort = ActorOrder::handled}), "actors"),
            (Names{"a", "b", "bb", "c"}));
  const PageQuery by_name{.offset = 1, .limit = 2, .sort = ActorOrder::name};
  EXPECT_EQ(names_in(actors_page(actors, by_name), "actors"), (Names{"b", "bb"}));
  const std::string filtered = actors_page(actors, {.limit = 1, .filter = "b"});
  EXPECT_EQ(names_in(filtered, "actors"), (Names{"b"}));
  EXPECT_EQ(Json::parse(filtered)["total"], 2);
  EXPECT_EQ(names_in(actors_page(actors, {.offset = 99}), "actors"), Names{});
}

TEST(ConsolePages, AnActorPageCarriesItsFlightRecorder) {
  HandledMessage message;
  message.handled_at = Instant{} + 8s;
  message.schema = 0xa7d3c25e1f60b984;
  message.from = "0:gateway";
  message.bytes = 96;
  message.waited = 500ms;
  message.dropped = true;
  const auto page = Json::parse(actor_page(node_facts(), actor_facts("tablet", "node"), {message}));
  EXPECT_EQ(page["node"], 1);
  EXPECT_EQ(page["actor"]["name"], "tablet");
  EXPECT_EQ(page["flight"].dump(),
            R"([{"age_seconds":2.0,"schema":"0xa7d3c25e1f60b984","from":"0:gateway","bytes":96,)"
            R"("waited_seconds":0.5,"worked_seconds":0.0,"dropped":true}])");
}

TEST(ConsolePages, BytesThatAreNoTextDoNotBreakAPage) {
  ActorFacts actor = actor_facts("a", "");
  actor.last_error = "bad request: \xff\xfe\"\n";
  const auto page = Json::parse(actors_page({actor}, {}));
  EXPECT_EQ(page["actors"][0]["last_error"], "bad request: \xef\xbf\xbd\xef\xbf\xbd\"\n");
}

TEST(ConsolePages, TheTreeNestsChildrenUnderParents) {
  std::vector<ActorFacts> actors = FixedSource().actors();
  actors[2].running = false;
  EXPECT_EQ(tree_page(node_facts(), actors, {}),
            R"({"node":1,"total":4,"children_total":1,"children":[{"name":"node","running":true,)"
            R"("starts":1,"mailbox_depth":0,"last_error":"","children_total":2,"children":[)"
            R"({"name":"gateway","running":true,"starts":1,"mailbox_depth":0,"last_error":"",)"
            R"("children_total":0,"children":[]},)"
            R"({"name":"tablet","running":true,"starts":1,"mailbox_depth":0,"last_error":"",)"
            R"("children_total":1,"children":[{"name":"replica/7/0","running":false,"starts":1,)"
            R"("mailbox_depth":0,"last_error":"","children_total":0,"children":[]}]}]}]})"
            "\n");
}

TEST(ConsolePages, ALargeFamilyShowsThoseThatDoNotRunFirst) {
  std::vector<ActorFacts> actors = {actor_facts("tablet", "")};
  for (int i = 10; i < 30; ++i) {
    actors.push_back(actor_facts("replica/" + std::to_string(i) + "/0", "tablet"));
  }
  actors.back().running = false;
  const auto page = Json::parse(tree_page(node_facts(), actors, {.limit = 2}));
  const Json& tablet = page["children"][0];
  EXPECT_EQ(tablet["children_total"], 20);
  ASSERT_EQ(tablet["children"].size(), 2U);
  EXPECT_EQ(tablet["children"][0]["name"], "replica/29/0");
  EXPECT_EQ(tablet["children"][1]["name"], "replica/10/0");
}

TEST(ConsolePages, ParentsThatMakeACircleDoNotHangTheTree) {
  const auto page = Json::parse(tree_page(
      node_facts(), {actor_facts("a", "b"), actor_facts("b", "a"), actor_facts("c", "c")}, {}));
  EXPECT_EQ(page["total"], 3);
  ASSERT_EQ(page["children"].size(), 1U);
  EXPECT_EQ(page["children"][0]["name"], "c");
}

TEST(ConsolePages, TablesAreListedByName) {
  EXPECT_EQ(tables_page(cluster_view(), {}),
            R"({"revision":12,"total":2,"offset":0,"limit":100,"tables":[)"
            R"({"database":"nyc","name":"flights","id":6,"bucket_count":3,"kind":"log"},)"
            R"({"database":"nyc","name":"planes","id":5,"bucket_count":1,"kind":"log"}]})"
            "\n");
  EXPECT_EQ(names_in(tables_page(cluster_view(), {.offset = 1}), "tables"), (Names{"planes"}));
  EXPECT_EQ(names_in(tables_page(cluster_view(), {.filter = "nyc.fl"}), "tables"),
            (Names{"flights"}));
}

TEST(ConsolePages, ATableTellsItsDescriptorAndWhoHoldsItsBuckets) {
  const TableInfo table = table_info(TableId{6}, "flights", 3);
  const auto page = Json::parse(table_page(table, {.offset = 1, .limit = 1}));
  EXPECT_EQ(page["descriptor"].dump(), protocol::to_json(table.descriptor));
  EXPECT_EQ(page["buckets"].dump(),
            R"([{"bucket":1,"leader":0,"leader_epoch":2,"replicas":[0,1]}])");
  std::vector<std::string> keys;
  for (const auto& [key, value] : page.items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"database", "name", "id", "kind", "schema_id",
                                      "created_at_millis", "modified_at_millis", "descriptor",
                                      "bucket_count", "total", "offset", "limit", "buckets"}));
}

TEST(ConsolePages, AKeyMakesAPrimaryKeyTable) {
  TableInfo table = table_info(TableId{6}, "flights", 1);
  table.descriptor.schema.primary_key = {"carrier"};
  EXPECT_EQ(Json::parse(table_page(table, {}))["kind"], "primary_key");
}

}  // namespace
}  // namespace millrace
