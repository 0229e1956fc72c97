#include "apps/launcher/up_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/launcher/cluster_text.hpp"

namespace millrace {
namespace {

using Words = std::vector<std::string>;

Configuration configured(std::vector<std::pair<std::string, std::string>> values) {
  std::vector<Setting> flags;
  for (auto& [name, value] : values) flags.push_back({name, value, {SourceKind::flag, "--set"}});
  auto outcome = load_configuration({std::nullopt, {}, flags});
  EXPECT_TRUE(outcome.usable());
  return outcome.configuration;
}

LauncherOptions plan(int hosts, const Configuration& configuration,
                     std::optional<int> base_port = std::nullopt) {
  return plan_cluster({hosts, "/cluster", "/bin/millrace-node", base_port, {"--set=a=b"}},
                      configuration, "id");
}

bool has(const HostPlan& host, const std::string& argument) {
  return std::ranges::find(host.agent_arguments, argument) != host.agent_arguments.end();
}

bool mentions(const HostPlan& host, const std::string& text) {
  return std::ranges::any_of(host.agent_arguments, [&](const std::string& argument) {
    return argument.find(text) != std::string::npos;
  });
}

TEST(UpPlan, EachHostHasItsPlaceAndPortsFromTheKernel) {
  const LauncherOptions options = plan(3, Configuration());
  ASSERT_EQ(options.hosts.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const HostPlan& host = options.hosts[static_cast<std::size_t>(i)];
    EXPECT_EQ(host.agent_arguments.front(), "agent");
    EXPECT_TRUE(has(host, "--host=" + std::to_string(i)));
    EXPECT_TRUE(has(host, "--dir=/cluster/host-" + std::to_string(i)));
    EXPECT_TRUE(has(host, "--set=bind.listeners=FLUSS://127.0.0.1:0"));
    EXPECT_TRUE(has(host, "--set=millrace.link.listener=127.0.0.1:0"));
    EXPECT_TRUE(has(host, "--set=millrace.http.listener=127.0.0.1:0"));
    EXPECT_TRUE(has(host, "--set=millrace.metadata.dir=/cluster/metadata"));
    EXPECT_TRUE(has(host, "--set=millrace.coordinator.node=0"));
    EXPECT_TRUE(has(host, "--set=millrace.coordinator.candidates=0,1,2"));
    EXPECT_TRUE(has(host, "--set=millrace.cluster.id=id"));
    EXPECT_FALSE(mentions(host, "--prefer-ports"));
    // What `up` decides comes last, so that it wins.
    EXPECT_LT(std::ranges::find(host.agent_arguments, "--set=a=b"),
              std::ranges::find(host.agent_arguments, "--set=millrace.cluster.id=id"));
  }
}

TEST(UpPlan, SeveralNodesKeepTheHostsOfTheConfigurationButNotItsPorts) {
  const Configuration configuration =
      configured({{"bind.listeners", "FLUSS://10.0.0.1:9123,CLIENT://10.0.0.2:9200"},
                  {"advertised.listeners", "FLUSS://example.org:9123"},
                  {"millrace.metadata.dir", "/elsewhere"}});
  const LauncherOptions several = plan(2, configuration);
  EXPECT_TRUE(has(several.hosts[1], "--set=bind.listeners=FLUSS://10.0.0.1:0,CLIENT://10.0.0.2:0"));
  EXPECT_TRUE(has(several.hosts[1], "--set=advertised.listeners="));
  EXPECT_FALSE(mentions(several.hosts[1], "metadata.dir"));
  const LauncherOptions single = plan(1, configuration);
  EXPECT_FALSE(mentions(single.hosts[0], "bind.listeners"));
  EXPECT_FALSE(mentions(single.hosts[0], "advertised.listeners"));
  EXPECT_TRUE(has(single.hosts[0], "--set=millrace.link.listener=127.0.0.1:0"));
}

TEST(UpPlan, BasePortCountsTenPerHost) {
  const LauncherOptions options = plan(2, Configuration(), 9000);
  EXPECT_TRUE(has(options.hosts[0], "--prefer-ports=client=9000,link=9001,http=9002"));
  EXPECT_TRUE(has(options.hosts[1], "--prefer-ports=client=9010,link=9011,http=9012"));
}

ClusterMap two_members() {
  return {Revision(2),
          {{NodeId(0), "host-0", Incarnation(1), "FLUSS://127.0.0.1:1,CLIENT://127.0.0.1:9",
            "127.0.0.1:2", "", true},
           {NodeId(1), "host-1", Incarnation(1), "FLUSS://[::1]:3", "127.0.0.1:4", "127.0.0.1:5",
            true}}};
}

TEST(ClusterText, NamesWhereToBegin) {
  ClusterMap map = two_members();
  EXPECT_EQ(bootstrap_text(map), "127.0.0.1:1,[::1]:3");
  EXPECT_EQ(console_text(map), "http://127.0.0.1:5/");
  map.members[1].alive = false;
  EXPECT_EQ(bootstrap_text(map), "127.0.0.1:1");
  EXPECT_EQ(console_text(map), "");
}

TEST(ClusterText, OneLineForTheServiceManager) {
  ClusterMap map = two_members();
  EXPECT_EQ(status_line(map),
            "hosts 2, bootstrap 127.0.0.1:1,[::1]:3, console http://127.0.0.1:5/");
  map.members[1].http_listener = "";
  EXPECT_EQ(status_line(map), "hosts 2, bootstrap 127.0.0.1:1,[::1]:3");
}

TEST(ClusterText, TableAndJsonSayTheSame) {
  EXPECT_EQ(cluster_text("/cluster", "id", two_members(), OutputFormat::table),
            "cluster    2 hosts in /cluster\nbootstrap  127.0.0.1:1,[::1]:3\n"
            "console    http://127.0.0.1:5/\n");
  const std::string json = cluster_text("/cluster", "id", two_members(), OutputFormat::json);
  EXPECT_NE(json.find("\"bootstrap\":\"127.0.0.1:1,[::1]:3\""), std::string::npos);
  EXPECT_NE(json.find("\"cluster_id\":\"id\""), std::string::npos);
}

}  // namespace
}  // namespace millrace
