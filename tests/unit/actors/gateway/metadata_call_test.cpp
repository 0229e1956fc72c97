#include "actors/gateway/metadata_calls.hpp"

#include <set>

#include "protocol/api.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

template <class Message>
void name_table(Message& message, const std::string& table, const std::string& database = "nyc") {
  message.set_database_name(database);
  message.set_table_name(table);
}

wire::MetadataRequest metadata_of(const std::vector<std::string>& tables) {
  wire::MetadataRequest request;
  for (const std::string& table : tables) name_table(*request.add_table_path(), table);
  return request;
}

wire::GetTableInfoRequest info_of(const std::string& table) {
  wire::GetTableInfoRequest request;
  name_table(*request.mutable_table_path(), table);
  return request;
}

TEST(Metadata, ListsAliveMembersAndTheCoordinator) {
  const CallScript call(cluster(), ApiKey::get_metadata, metadata_of({}));
  const auto response = call.response<wire::MetadataResponse>();
  EXPECT_EQ(response.coordinator_server().node_id(), 0);
  ASSERT_EQ(response.tablet_servers_size(), 2);
  EXPECT_EQ(response.tablet_servers(0).host(), "h0");
  EXPECT_EQ(response.tablet_servers(1).port(), 9123);
  EXPECT_EQ(response.tablet_servers(1).rack(), "r1");
  EXPECT_FALSE(response.tablet_servers(0).has_rack());
  EXPECT_EQ(response.table_metadata_size(), 0);  // Only what was asked for.
}

TEST(Metadata, ATableHasAllItsBucketsLeaderlessWhereTheNodeIsDown) {
  const CallScript call(cluster(), ApiKey::get_metadata, metadata_of({"flights"}));
  const auto response = call.response<wire::MetadataResponse>();
  ASSERT_EQ(response.table_metadata_size(), 1);
  const auto& table = response.table_metadata(0);
  EXPECT_EQ(table.table_path().table_name(), "flights");
  EXPECT_EQ(table.table_id(), 5);
  EXPECT_EQ(table.schema_id(), 1);
  EXPECT_EQ(protocol::parse_table_json(table.table_json()), flights_table().descriptor);
  EXPECT_EQ(table.created_time(), 1000);
  EXPECT_EQ(table.modified_time(), 2000);
  ASSERT_EQ(table.bucket_metadata_size(), 4);
  for (int i = 0; i < 4; ++i) {
    const auto& bucket = table.bucket_metadata(i);
    EXPECT_EQ(bucket.bucket_id(), i);
    EXPECT_EQ(bucket.has_leader_id(), i != 2);
    EXPECT_EQ(bucket.leader_epoch(), 3);
    EXPECT_EQ(bucket.replica_id_size(), 1);
  }
}

TEST(Metadata, OneUnknownTableFailsTheWholeRequest) {
  CallScript call(cluster(), ApiKey::get_metadata, metadata_of({"flights", "nope"}));
  EXPECT_FALSE(call.over());  // First this node catches up with the coordinator.
  ASSERT_EQ(call.commands.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<SyncCommand>(call.commands[0]));
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.error(), ErrorCode::table_not_exist);
}

TEST(Metadata, WhatTheNodeDidNotKnowYetIsFoundAfterCatchingUp) {
  CallScript call(cluster(), ApiKey::get_metadata, metadata_of({"planes"}));
  TableInfo table = flights_table();
  table.id = TableId{6};
  table.name = "planes";
  call.learn(TableCreated{table});
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.response<wire::MetadataResponse>().table_metadata(0).table_id(), 6);
}

TEST(Metadata, ACoordinatorThatIsAwayDoesNotHoldTheAnswerForLong) {
  CallScript call(cluster(), ApiKey::get_table_info, info_of("nope"));
  EXPECT_LE(*call.deadline, Duration(2s));
  call.deadline_passes();
  EXPECT_EQ(call.error(), ErrorCode::request_time_out);
}

TEST(Metadata, ANodeThatKnowsNobodyAsksBeforeItAnswers) {
  CallScript call(ClusterView{}, ApiKey::get_metadata, metadata_of({}));
  EXPECT_FALSE(call.over());
  call.deadline_passes();
  EXPECT_TRUE(call.over());
}

TEST(Views, DatabasesAreListedByNameOrWithTheirSummary) {
  wire::ListDatabasesRequest request;
  auto response = CallScript(cluster(), ApiKey::list_databases, request)
                      .response<wire::ListDatabasesResponse>();
  EXPECT_EQ(response.database_name_size(), 1);
  EXPECT_EQ(response.database_summary_size(), 0);
  request.set_include_summary(true);
  response = CallScript(cluster(), ApiKey::list_databases, request)
                 .response<wire::ListDatabasesResponse>();
  EXPECT_EQ(response.database_name_size(), 0);
  ASSERT_EQ(response.database_summary_size(), 1);
  EXPECT_EQ(response.database_summary(0).table_count(), 1);
  EXPECT_EQ(response.database_summary(0).created_time(), 10);
}

TEST(Views, TablesAndDatabasesAreDescribed) {
  const auto info = CallScript(cluster(), ApiKey::get_table_info, info_of("flights"))
                        .response<wire::GetTableInfoResponse>();
  EXPECT_EQ(info.table_id(), 5);
  EXPECT_EQ(info.modified_time(), 2000);
  wire::GetDatabaseInfoRequest database;
  database.set_database_name("nyc");
  EXPECT_EQ(CallScript(cluster(), ApiKey::get_database_info, database)
                .response<wire::GetDatabaseInfoResponse>()
                .modified_time(),
            20);
  wire::ListTablesRequest tables;
  tables.set_database_name("nyc");
  EXPECT_EQ(CallScript(cluster(), ApiKey::list_tables, tables)
                .response<wire::ListTablesResponse>()
                .table_name(0),
            "flights");
  tables.set_database_name("nowhere");
  CallScript missing(cluster(), ApiKey::list_tables, tables);
  missing.coordinator_answers(CommandDone{});
  EXPECT_EQ(missing.error(), ErrorCode::database_not_exist);
}

TEST(Views, SchemasAreFoundById) {
  wire::GetTableSchemaRequest request;
  name_table(*request.mutable_table_path(), "flights");
  const auto latest = CallScript(cluster(), ApiKey::get_table_schema, request)
                          .response<wire::GetTableSchemaResponse>();
  EXPECT_EQ(latest.schema_id(), 1);
  EXPECT_EQ(protocol::parse_schema_json(latest.schema_json()), flights_table().descriptor.schema);
  request.set_schema_id(2);
  CallScript unknown(cluster(), ApiKey::get_table_schema, request);
  unknown.coordinator_answers(CommandDone{});
  EXPECT_EQ(unknown.error(), ErrorCode::schema_not_exist);
  wire::ListPartitionInfosRequest partitions;
  name_table(*partitions.mutable_table_path(), "flights");
  EXPECT_EQ(CallScript(cluster(), ApiKey::list_partition_infos, partitions).error(),
            ErrorCode::table_not_partitioned_exception);
}

TEST(Views, NoIsSaidAfterCatchingUpOnly) {
  wire::TableExistsRequest request;
  name_table(*request.mutable_table_path(), "planes");
  CallScript call(cluster(), ApiKey::table_exists, request);
  EXPECT_FALSE(call.over());
  call.coordinator_answers(CommandDone{});
  EXPECT_FALSE(call.response<wire::TableExistsResponse>().exists());
}

TEST(Commands, ReachTheCoordinatorAsTheyWereSent) {
  wire::CreateTableRequest create;
  name_table(*create.mutable_table_path(), "planes");
  create.set_table_json("{}");
  create.set_ignore_if_exists(true);
  CallScript call(cluster(), ApiKey::create_table, create);
  const auto& command = std::get<CreateTableCommand>(call.commands.at(0));
  EXPECT_EQ(command.database, "nyc");
  EXPECT_EQ(command.name, "planes");
  EXPECT_EQ(command.json, "{}");
  EXPECT_TRUE(command.ignore_if_exists);
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.error(), ErrorCode::none);
  EXPECT_TRUE(call.body().empty());
}

TEST(Commands, RefusalsAndSilenceAreAnswered) {
  wire::DropDatabaseRequest drop;
  drop.set_database_name("nyc");
  drop.set_ignore_if_not_exists(false);
  drop.set_cascade(true);
  CallScript refused(cluster(), ApiKey::drop_database, drop);
  EXPECT_TRUE(std::get<DropDatabaseCommand>(refused.commands.at(0)).cascade);
  refused.coordinator_answers(
      protocol::ProtocolError{ErrorCode::database_not_empty, "it is not empty"});
  EXPECT_EQ(refused.error(), ErrorCode::database_not_empty);
  CallScript silent(cluster(), ApiKey::drop_database, drop);
  silent.deadline_passes();
  EXPECT_EQ(silent.error(), ErrorCode::request_time_out);
}

TEST(Commands, AWriterIdIsPassedOn) {
  CallScript call(cluster(), ApiKey::init_writer, wire::InitWriterRequest{});
  call.coordinator_answers(WriterGranted{1234});
  EXPECT_EQ(call.response<wire::InitWriterResponse>().writer_id(), 1234);
}

wire::ApiVersionsRequest hello() {
  wire::ApiVersionsRequest request;
  request.set_client_software_name("fluss");
  request.set_client_software_version("0.1.0");
  return request;
}

TEST(Handshake, ListsWhatIsServedWithoutAServerType) {
  const auto response =
      CallScript(cluster(), ApiKey::api_versions, hello()).response<wire::ApiVersionsResponse>();
  EXPECT_FALSE(response.has_server_type());
  std::vector<std::int32_t> keys;
  for (const auto& api : response.api_versions()) {
    keys.push_back(api.api_key());
    EXPECT_LE(api.min_version(), api.max_version());
  }
  EXPECT_EQ(keys, (std::vector<std::int32_t>{1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008,
                                             1009, 1010, 1011, 1012, 1014, 1015, 1021, 1025, 1026,
                                             1033, 1035, 1036, 1037, 1038, 1039, 1040, 1041, 1044,
                                             1045, 1046, 1047, 1048, 1059, 1060, 1062}));
}

TEST(Handshake, TakesPlaintextInAnyCaseAndNothingElse) {
  wire::AuthenticateRequest request;
  request.set_token("");
  for (const char* name : {"PLAINTEXT", "plaintext", "PlainText"}) {
    request.set_protocol(name);
    const auto response =
        CallScript(cluster(), ApiKey::authenticate, request).response<wire::AuthenticateResponse>();
    EXPECT_FALSE(response.has_challenge());
  }
  for (const char* name : {"PLAIN", "", "PLAINTEXTS"}) {
    request.set_protocol(name);
    EXPECT_EQ(CallScript(cluster(), ApiKey::authenticate, request).error(),
              ErrorCode::authenticate_exception);
  }
}

TEST(Handshake, WhatIsNotBuiltIsAnswered) {
  std::set<std::int16_t> served;
  for (const protocol::Api& api : served_apis()) served.insert(static_cast<std::int16_t>(api.key));
  std::vector<std::int16_t> others{0, -1, 999, 32767};
  for (const protocol::Api& api : protocol::all_apis()) {
    if (!served.contains(static_cast<std::int16_t>(api.key))) {
      others.push_back(static_cast<std::int16_t>(api.key));
    }
  }
  EXPECT_GT(others.size(), 30U);
  for (const std::int16_t key : others) {
    EXPECT_EQ(CallScript(cluster(), frame(static_cast<ApiKey>(key), Buffer::from("x"))).error(),
              ErrorCode::unsupported_version)
        << key;
  }
}

}  // namespace
}  // namespace millrace::gateway
