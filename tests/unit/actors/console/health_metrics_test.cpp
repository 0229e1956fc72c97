#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "actors/console/health_pages.hpp"
#include "actors/console/metrics_page.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

namespace millrace {
namespace {

TEST(HealthPages, LiveIsThatItAnswers) {
  EXPECT_EQ(live_page(),
            (HttpResponse{200, "application/json", "{\"status\":\"live\",\"checks\":[]}\n"}));
}

TEST(HealthPages, ReadyNeedsAViewAndTheRequiredActors) {
  FixedSource source;
  EXPECT_EQ(ready_page(source.given_node, source.given_actors, source.given_view, false).status,
            200);

  const HttpResponse blind =
      ready_page(source.given_node, source.given_actors, ClusterView{}, false);
  EXPECT_EQ(blind.status, 503);
  EXPECT_EQ(blind.body, R"({"status":"not_ready","checks":[{"name":"cluster_view","ok":false,)"
                        R"("detail":"revision 0, 0 of 0 members alive"}]})"
                        "\n");

  source.given_actors[0].running = false;
  const HttpResponse stopped =
      ready_page(source.given_node, source.given_actors, source.given_view, false);
  EXPECT_EQ(stopped.status, 503);
  EXPECT_NE(stopped.body.find(R"("detail":"not running")"), std::string::npos) << stopped.body;

  source.given_node.required_actors = {"nobody"};
  const HttpResponse missing =
      ready_page(source.given_node, source.given_actors, source.given_view, false);
  EXPECT_EQ(missing.status, 503);
  EXPECT_NE(missing.body.find(R"("detail":"not there")"), std::string::npos) << missing.body;
}

TEST(HealthPages, AnEmptyClusterIsReadyOnceAMemberIsAlive) {
  FixedSource source;
  source.given_view = ClusterView{};
  source.given_view.members[NodeId{1}].alive = true;
  EXPECT_EQ(ready_page(source.given_node, source.given_actors, source.given_view, false).status,
            200);
}

TEST(HealthPages, VerboseListsWhatIsFineToo) {
  const FixedSource source;
  EXPECT_EQ(ready_page(source.given_node, source.given_actors, source.given_view, true).body,
            R"({"status":"ready","checks":[)"
            R"({"name":"cluster_view","ok":true,"detail":"revision 12, 1 of 2 members alive"},)"
            R"({"name":"actor gateway","ok":true,"detail":"running"}]})"
            "\n");
}

TEST(HealthPages, HealthAlsoMindsOtherNodesAndActors) {
  FixedSource source;
  const HttpResponse lost =
      health_page(source.given_node, source.given_actors, source.given_view, false);
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(lost.body, R"({"status":"unhealthy","checks":[{"name":"members_alive","ok":false,)"
                       R"("detail":"1 are not: node 1"}]})"
                       "\n");

  source.given_view.members[NodeId{1}].alive = true;
  EXPECT_EQ(health_page(source.given_node, source.given_actors, source.given_view, false).status,
            200);

  for (ActorFacts& actor : source.given_actors) actor.running = false;
  source.given_node.required_actors = {};
  const HttpResponse stopped =
      health_page(source.given_node, source.given_actors, source.given_view, false);
  EXPECT_NE(stopped.body.find("4 are not: gateway, node, replica/7/0\""), std::string::npos)
      << stopped.body;
}

std::string metrics_of(const FixedSource& source) {
  return metrics_page(source.given_node, source.given_actors, source.given_budgets,
                      source.given_view)
      .body;
}

TEST(MetricsPage, ActorsAreAddedUpByKind) {
  FixedSource source;
  source.given_actors = {actor_facts("replica/7/0", "tablet"), actor_facts("replica/7/1", "tablet"),
                         actor_facts("gateway", "node")};
  source.given_actors[0].handled = 5;
  source.given_actors[1].handled = 6;
  source.given_actors[0].starts = 3;
  source.given_actors[1].running = false;
  source.given_actors[0].waited_p99 = 1s;
  source.given_actors[1].waited_p99 = 1500ms;
  source.given_actors[1].busy = 250ms;
  const std::string text = metrics_of(source);
  const auto has = [&](const std::string& line) {
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line << "\n" << text;
  };
  has("millrace_actor_messages_handled_total{kind=\"replica\"} 11");
  has("millrace_actor_messages_handled_total{kind=\"gateway\"} 0");
  has("millrace_actor_restarts_total{kind=\"replica\"} 2");
  has("millrace_actors_running{kind=\"replica\"} 1");
  has("millrace_actor_mailbox_wait_p99_seconds{kind=\"replica\"} 1.5");
  has("millrace_actor_busy_seconds_total{kind=\"replica\"} 0.25");
  has("millrace_undeliverable_messages_total 3");
  has("millrace_fetch_batches_left_out_total 44");
  has("millrace_build_info{version=\"0.1.0\"} 1");
  has("millrace_node_info{cluster_id=\"c-1\",node=\"1\",incarnation=\"7\"} 1");
  has("millrace_cluster_members 2");
  has("millrace_cluster_members_alive 1");
  has("millrace_tables 2");
  has("millrace_budget_limit{budget=\"open_logs_of_device\",unit=\"logs\"} 1024");
  has("millrace_budget_used{budget=\"open_logs_of_device\",unit=\"logs\"} 30");
  has("millrace_budget_fullest{budget=\"open_logs_of_device\",unit=\"logs\"} 20");
  EXPECT_EQ(text.find("millrace_resident_bytes"), std::string::npos);
  source.given_node.resident_bytes = 4096;
  EXPECT_NE(metrics_of(source).find("\nmillrace_resident_bytes 4096\n"), std::string::npos);
}

TEST(MetricsPage, ManyActorsOfAKindAddNoLines) {
  FixedSource source;
  const std::string before = metrics_of(source);
  for (int i = 0; i < 1000; ++i) {
    source.given_actors.push_back(actor_facts("replica/" + std::to_string(i) + "/1", "tablet"));
  }
  const std::string after = metrics_of(source);
  EXPECT_EQ(std::count(before.begin(), before.end(), '\n'),
            std::count(after.begin(), after.end(), '\n'));
}

// The rules of Prometheus's own lint: every family is described before its samples, counters and
// nothing else end in _total, units are base units.
TEST(MetricsPage, FamiliesAreDescribedAndNamedByTheRules) {
  std::istringstream lines(metrics_of(FixedSource()));
  const std::regex sample(R"re(([a-z][a-z0-9_]*)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? \S+)re");
  std::map<std::string, std::string> types;
  std::set<std::string> helped;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# HELP ")) {
      EXPECT_TRUE(helped.insert(line.substr(7, line.find(' ', 7) - 7)).second) << line;
    } else if (line.starts_with("# TYPE ")) {
      const std::size_t end = line.find(' ', 7);
      types[line.substr(7, end - 7)] = line.substr(end + 1);
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      const std::string name = match[1];
      EXPECT_TRUE(name.starts_with("millrace_")) << line;
      ASSERT_TRUE(types.contains(name)) << line;
      EXPECT_TRUE(helped.contains(name)) << line;
      EXPECT_EQ(types[name] == "counter", name.ends_with("_total")) << line;
      EXPECT_EQ(name.find("milli", 8), std::string::npos) << line;
    }
  }
  EXPECT_EQ(types.size(), helped.size());
  EXPECT_GE(types.size(), 10U);
}

TEST(MetricsPage, LabelValuesAreEscaped) {
  FixedSource source;
  source.given_node.cluster_id = "a\"b\\c\nd";
  EXPECT_NE(metrics_of(source).find(R"(cluster_id="a\"b\\c\nd")"), std::string::npos);
}

}  // namespace
}  // namespace millrace
