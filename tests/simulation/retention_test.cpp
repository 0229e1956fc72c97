// What is altered about old rows holds for the rows that are there already.
#include <gtest/gtest.h>

#include "client/appender.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

namespace wire = protocol::wire;
using client::Callback;

const client::TablePath path{"d", "t"};

ClusterShape impatient() {
  ClusterShape shape{.nodes = 2};
  shape.replicas.retention_check_interval = 100ms;
  return shape;
}

/// Two nodes, one table with one row of one segment.
class Retention : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.run_until_whole(10s));
    done([&](const auto& told) { api().create_database("d", false, told); });
    done([&](const auto& told) { api().create_table(path, value_table(1, "NONE"), false, told); });
    const auto appender = blocking_.wait<std::shared_ptr<client::Appender>>(
        [&](const auto& opened) { client::Appender::open(api(), path, {}, opened); });
    ASSERT_TRUE(appender.has_value());
    const auto appended = blocking_.wait<client::Appended>([&](const auto& told) {
      ASSERT_TRUE(
          (*appender)->append(value_rows((*appender)->schema(), {1, 0}, 1), told).has_value());
    });
    ASSERT_TRUE(appended.has_value());
  }

  void alter(const std::string& key, const std::string& value) {
    const protocol::AlterTable alteration{
        path.database, path.table, false, {{key, value, protocol::config_set}}, {}, {}};
    done([&](const auto& told) { api().alter_table(alteration, told); });
  }
  void configure(const std::string& key, const std::string& value) {
    wire::AlterClusterConfigsRequest request;
    auto* change = request.add_alter_configs();
    change->set_config_key(key);
    change->set_config_value(value);
    change->set_op_type(protocol::config_set);
    const auto answer = blocking_.wait<client::Answer>([&](const auto& told) {
      api().cluster()->ask_node(NodeId{1}, protocol::ApiKey::alter_cluster_configs,
                                {protocol::serialize(request)}, 20s, told);
    });
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
  }
  Offset log_start() {
    cluster_.run_for(5s);
    const auto starts = blocking_.wait<std::vector<client::BucketOffset>>([&](const auto& told) {
      api().list_offsets(path, client::OffsetQuery{client::OffsetQuery::Kind::earliest}, told);
    });
    return starts.value().at(0).offset.value();
  }

 private:
  client::Client& api() { return client_.api(); }
  void done(const std::function<void(const Callback<void>&)>& start) {
    const auto outcome = blocking_.wait<void>(start);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  }

  SimulatedCluster cluster_{1, impatient()};
  client::Blocking blocking_ = cluster_.blocking();
  SimulatedClient& client_ = cluster_.add_client();
};

TEST_F(Retention, FollowsTheTableAndTheClustersConfigs) {
  EXPECT_EQ(log_start(), 0);
  alter("table.log.ttl", "1s");
  EXPECT_EQ(log_start(), 0);  // The segment in use stays.
  configure("log.retention.roll-active-segment.enabled", "true");
  EXPECT_EQ(log_start(), 1);
}

TEST_F(Retention, EndsWithTheOption) {
  configure("log.retention.roll-active-segment.enabled", "true");
  alter("table.log.ttl", "0s");
  EXPECT_EQ(log_start(), 0);
}

}  // namespace
}  // namespace millrace::scenarios
