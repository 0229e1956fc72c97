// Calls that change what is there, and calls that tell what it has come to.
#include "actors/gateway/alteration_calls.hpp"

#include "actors/coordinator/coordinator_codec.hpp"
#include "actors/gateway/gateway_codec.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

wire::AlterTableRequest alter_flights() {
  wire::AlterTableRequest request;
  request.mutable_table_path()->set_database_name("nyc");
  request.mutable_table_path()->set_table_name("flights");
  request.set_ignore_if_not_exists(false);
  return request;
}

/// What the coordinator was asked, and that it arrives there as it was sent.
template <class Alteration>
Alteration commanded(const CallScript& call) {
  EXPECT_EQ(call.commands.size(), 1U);
  const auto sent = std::get<protocol::Alteration>(call.commands.at(0));
  const auto arrived = coordinator::decode_command(encode_command(call.commands.at(0)));
  EXPECT_TRUE(arrived.has_value() && std::get<protocol::Alteration>(*arrived) == sent);
  return std::get<Alteration>(sent);
}

TEST(Alterations, ATableIsAlteredAsItWasSent) {
  wire::AlterTableRequest request = alter_flights();
  auto* column = request.add_add_columns();
  column->set_column_name("gate");
  column->set_data_type_json("{}");
  column->set_comment("");
  column->set_column_position_type(3);
  column->set_agg_function_type("sum");
  auto* change = request.add_config_changes();
  change->set_config_key(std::string("a\0b", 3));
  change->set_op_type(2);
  CallScript call(cluster(), ApiKey::alter_table, request);
  EXPECT_EQ(commanded<protocol::AlterTable>(call),
            (protocol::AlterTable{"nyc",
                                  "flights",
                                  false,
                                  {{std::string("a\0b", 3), {}, 2}},
                                  {{"gate", "{}", "", 3, "sum"}},
                                  ""}));
  call.coordinator_answers(CommandDone{});
  EXPECT_TRUE(call.body().empty());
  EXPECT_EQ(call.error(), ErrorCode::none);
}

TEST(Alterations, WhatNoServerDoesIsNamed) {
  wire::AlterTableRequest request = alter_flights();
  request.add_drop_columns()->set_column_name("id");
  EXPECT_EQ(commanded<protocol::AlterTable>(CallScript(cluster(), ApiKey::alter_table, request))
                .other_change,
            "DROP COLUMN");
  request = alter_flights();
  auto* rename = request.add_rename_columns();
  rename->set_old_column_name("id");
  rename->set_new_column_name("nr");
  EXPECT_EQ(commanded<protocol::AlterTable>(CallScript(cluster(), ApiKey::alter_table, request))
                .other_change,
            "RENAME COLUMN");
  request = alter_flights();
  request.add_modify_columns()->set_column_name("id");
  EXPECT_EQ(commanded<protocol::AlterTable>(CallScript(cluster(), ApiKey::alter_table, request))
                .other_change,
            "MODIFY COLUMN");
  request = alter_flights();
  request.mutable_modify_bucket_count()->set_new_bucket_count(9);
  EXPECT_EQ(CallScript(cluster(), ApiKey::alter_table, request).error(),
            ErrorCode::unsupported_version);
}

TEST(Alterations, DatabasesConfigsAndTagsAreAlteredAsTheyWereSent) {
  wire::AlterDatabaseRequest database;
  database.set_database_name("nyc");
  database.set_ignore_if_not_exists(true);
  auto* change = database.add_config_changes();
  change->set_config_key("k");
  change->set_config_value("v");
  change->set_op_type(0);
  const auto altered =
      commanded<protocol::AlterDatabase>(CallScript(cluster(), ApiKey::alter_database, database));
  EXPECT_EQ(altered, (protocol::AlterDatabase{"nyc", true, {{"k", "v", 0}}, {}}));
  database.set_comment("");
  EXPECT_EQ(
      commanded<protocol::AlterDatabase>(CallScript(cluster(), ApiKey::alter_database, database))
          .comment,
      "");
  wire::AlterClusterConfigsRequest configs;
  *configs.add_alter_configs() = *change;
  EXPECT_EQ(commanded<protocol::AlterClusterConfigs>(
                CallScript(cluster(), ApiKey::alter_cluster_configs, configs))
                .configs,
            altered.configs);
  wire::AddServerTagRequest tag;
  tag.add_server_ids(1);
  tag.add_server_ids(-2);
  tag.set_server_tag(1);
  EXPECT_EQ(commanded<protocol::TagServers>(CallScript(cluster(), ApiKey::add_server_tag, tag)),
            (protocol::TagServers{{1, -2}, 1, false}));
  wire::RemoveServerTagRequest untag;
  untag.add_server_ids(4);
  untag.set_server_tag(0);
  EXPECT_EQ(
      commanded<protocol::TagServers>(CallScript(cluster(), ApiKey::remove_server_tag, untag)),
      (protocol::TagServers{{4}, 0, true}));
}

TEST(Alterations, OldSchemasAreToldByTheirIds) {
  ClusterView view = cluster();
  TableAltered fact{flights, 2, flights_table().descriptor, 3000};
  protocol::append_column(fact.descriptor.schema,
                          {"gate", *protocol::parse_sql_type("STRING"), {}, -1, {}});
  view.catalog.apply(fact);
  wire::GetTableSchemaRequest request;
  request.mutable_table_path()->set_database_name("nyc");
  request.mutable_table_path()->set_table_name("flights");
  for (const std::int32_t id : {1, 2}) {
    request.set_schema_id(id);
    const auto response = CallScript(view, ApiKey::get_table_schema, request)
                              .response<wire::GetTableSchemaResponse>();
    EXPECT_EQ(response.schema_id(), id);
    EXPECT_EQ(protocol::parse_schema_json(response.schema_json()),
              id == 1 ? flights_table().descriptor.schema : fact.descriptor.schema);
  }
  request.clear_schema_id();
  EXPECT_EQ(CallScript(view, ApiKey::get_table_schema, request)
                .response<wire::GetTableSchemaResponse>()
                .schema_id(),
            2);
}

TEST(ClusterAnswers, ConfigsAreToldWithWhatOverridesThem) {
  ClusterView view = cluster();
  view.catalog.apply(ClusterConfigsChanged{{{"kv.snapshot.interval", "1min"}, {"new", "x"}}});
  const auto response =
      CallScript(view, ApiKey::describe_cluster_configs, wire::DescribeClusterConfigsRequest{})
          .response<wire::DescribeClusterConfigsResponse>();
  std::map<std::string, std::string> configs;
  for (const auto& one : response.configs()) {
    configs[one.config_key()] = one.config_source() + " " + one.config_value();
  }
  EXPECT_EQ(response.configs_size(), 3);
  EXPECT_EQ(configs["data.dir"], "INITIAL_SERVER_CONFIG /d");
  EXPECT_EQ(configs["kv.snapshot.interval"], "DYNAMIC_SERVER_CONFIG 1min");
  EXPECT_EQ(configs["new"], "DYNAMIC_SERVER_CONFIG x");
}

TEST(ClusterAnswers, RemoteFilesNeedNoToken) {
  const auto token = CallScript(cluster(), ApiKey::get_filesystem_security_token,
                                wire::GetFileSystemSecurityTokenRequest{})
                         .response<wire::GetFileSystemSecurityTokenResponse>();
  EXPECT_EQ(token.schema(), "file");
  EXPECT_TRUE(token.has_token());
  EXPECT_TRUE(token.token().empty());
  EXPECT_FALSE(token.has_expiration_time());
}

TEST(ClusterAnswers, ABucketWithoutALivingLeaderMakesItRed) {
  const auto health_of = [](const ClusterView& view) {
    return CallScript(view, ApiKey::get_cluster_health, wire::GetClusterHealthRequest{})
        .response<wire::GetClusterHealthResponse>();
  };
  ClusterView view = cluster();
  auto health = health_of(view);
  EXPECT_EQ(health.num_replicas(), 4);
  EXPECT_EQ(health.in_sync_replicas(), 3);
  EXPECT_EQ(health.num_leader_replicas(), 4);
  EXPECT_EQ(health.active_leader_replicas(), 3);
  EXPECT_EQ(health.status(), 2);
  view.members[NodeId{2}].alive = true;
  EXPECT_EQ(health_of(view).status(), 0);
  view.members[NodeId{2}].alive = false;
  view.catalog.apply(TableDropped{flights});
  TableInfo planes = flights_table();
  planes.buckets = {{NodeId{1}, LeaderEpoch{0}, {NodeId{1}, NodeId{2}}, 0, {NodeId{1}, NodeId{2}}}};
  view.catalog.apply(TableCreated{planes});
  EXPECT_EQ(health_of(view).status(), 1);
}

}  // namespace
}  // namespace millrace::gateway
