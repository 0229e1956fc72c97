// Databases and tables that are altered while clients use them.
#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "client/parsed_answer.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

namespace wire = protocol::wire;

protocol::ConfigChange set(const std::string& key, const std::string& value) {
  return {key, value, protocol::config_set};
}
protocol::ConfigChange reset(const std::string& key) { return {key, {}, protocol::config_delete}; }

class AlterSuite : public ClientSuite {
 protected:
  Outcome<void> alter(std::vector<protocol::ConfigChange> configs,
                      std::vector<protocol::AddedColumn> columns = {}) {
    const protocol::AlterTable alteration{database(),         path().table,       false,
                                          std::move(configs), std::move(columns), {}};
    return calls().wait<void>(
        [&](auto done) { calls().client().alter_table(alteration, std::move(done)); });
  }

  /// One call to the leader of bucket 0.
  template <class Answer, class Request>
  Answer ask_leader(protocol::ApiKey api, const Request& request) {
    const auto table = must(calls().describe(path()));
    const auto answer = must(calls().wait<client::Answer>([&](auto done) {
      calls().client().cluster()->ask_node(table->leader_of(BucketIndex{0}).value(), api,
                                           {protocol::serialize(request)}, call_time_max,
                                           std::move(done));
    }));
    return protocol::parse_message<Answer>(answer.body.bytes()).value();
  }
};

constexpr auto int_json = R"({"type":"INTEGER"})";

std::shared_ptr<arrow::RecordBatch> with_nulls(const std::shared_ptr<arrow::RecordBatch>& batch,
                                               const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayVector columns = batch->columns();
  for (int i = batch->num_columns(); i < schema->num_fields(); ++i)
    columns.push_back(
        arrow::MakeArrayOfNull(schema->field(i)->type(), batch->num_rows()).ValueOrDie());
  return arrow::RecordBatch::Make(schema, batch->num_rows(), columns);
}

TEST_F(AlterSuite, AColumnIsAddedWhileWritersAndReadersOfBeforeGoOn) {
  make_table();
  const auto writer_before = calls().appender(path());
  const auto reader_before = calls().scanner(path());
  must(calls().append(*writer_before, rows(0, 10)));
  must(alter({}, {{"delay", int_json, "minutes", protocol::position_last, {}}}));
  const auto table = must(calls().describe(path()));
  EXPECT_EQ(table->schema_id, 2);
  ASSERT_EQ(table->descriptor.schema.columns.size(), 4U);
  EXPECT_EQ(table->descriptor.schema.columns[3].id, 3);
  EXPECT_EQ(table->descriptor.schema.columns[3].comment, "minutes");

  must(calls().append(*writer_before, rows(10, 10)));
  const auto writer_after = calls().appender(path());
  const auto last = with_nulls(rows(20, 10), writer_after->schema());
  must(calls().append(*writer_after, last));

  const auto now = joined(read_rows(calls(), path(), 30)[0]);
  EXPECT_TRUE(now->Equals(*joined({with_nulls(rows(0, 20), writer_after->schema()), last})))
      << now->ToString();
  reader_before->subscribe(BucketIndex{0}, client::from_earliest);
  const auto then = joined(poll_rows(calls(), *reader_before, 30)[0]);
  EXPECT_TRUE(then->Equals(*joined({rows(0, 30)}))) << then->ToString();
}

TEST_F(AlterSuite, AProjectionOfAYoungerColumnGivesNulls) {
  if (ours() == nullptr) GTEST_SKIP() << "Fluss fails such a fetch with code 34";
  make_table();
  must(calls().append(*calls().appender(path()), rows(0, 5)));
  must(alter({}, {{"delay", int_json, {}, protocol::position_last, {}},
                  {"gate", R"({"type":"STRING"})", {}, protocol::position_last, {}}}));
  const auto found = read_rows(calls(), path(), 5, {client::from_earliest}, {4, 0, 3})[0];
  const auto table = joined(found);
  EXPECT_EQ(table->column(0)->null_count(), 5);
  EXPECT_EQ(table->column(2)->null_count(), 5);
  EXPECT_EQ(table->schema()->field(1)->name(), "id");
  EXPECT_EQ(table->column(1)->null_count(), 0);
}

TEST_F(AlterSuite, OptionsAndCustomPropertiesAreSetAndReset) {
  auto wanted = log_table();
  wanted.custom_properties = {{"owner", "a"}, {"team", "b"}};
  make_table(wanted);
  must(alter({set("table.log.tiered.local-segments", "5"), set("owner", "c"), reset("team")}));
  auto table = must(calls().describe(path()));
  EXPECT_EQ(table->descriptor.properties.at("table.log.tiered.local-segments"), "5");
  EXPECT_EQ(table->descriptor.custom_properties, (protocol::Properties{{"owner", "c"}}));
  EXPECT_EQ(table->schema_id, 1);
  must(alter({reset("table.log.tiered.local-segments"), reset("nobody")}));
  table = must(calls().describe(path()));
  EXPECT_FALSE(table->descriptor.properties.contains("table.log.tiered.local-segments"));
}

TEST_F(AlterSuite, WhatCannotBeAlteredIsRefusedByItsCode) {
  make_table();
  const auto column = [&](const std::string& name, const std::string& json) {
    return code_of(alter({}, {{name, json, {}, protocol::position_last, {}}}));
  };
  EXPECT_EQ(code_of(alter({set("table.log.format", "INDEXED")})),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code_of(alter({set("table.log.tiered.local-segments", "0")})),
            ErrorCode::invalid_config_exception);
  EXPECT_EQ(column("d", R"({"type":"INTEGER","nullable":false})"), ErrorCode::unknown_server_error);
  const protocol::AlterTable missing{database(), "missing", false, {set("a", "b")}, {}, {}};
  EXPECT_EQ(code_of(calls().wait<void>(
                [&](auto done) { calls().client().alter_table(missing, std::move(done)); })),
            ErrorCode::table_not_exist);
  EXPECT_EQ(must(calls().describe(path()))->schema_id, 1);
}

TEST_F(AlterSuite, ADatabaseIsAltered) {
  if (ours() == nullptr) GTEST_SKIP() << "ALTER_DATABASE came with Fluss 1.0";
  const auto alter_database = [&](const protocol::AlterDatabase& alteration) {
    return calls().wait<void>(
        [&](auto done) { calls().client().alter_database(alteration, std::move(done)); });
  };
  must(alter_database({database(), false, {set("zone", "EST"), set("a", "b")}, "the city"}));
  must(alter_database({database(), false, {reset("a")}, {}}));
  const auto info = must(calls().database_info(database()));
  EXPECT_EQ(info.descriptor.comment, "the city");
  EXPECT_EQ(info.descriptor.custom_properties, (protocol::Properties{{"zone", "EST"}}));
  EXPECT_EQ(code_of(alter_database({"missing", false, {}, "x"})), ErrorCode::database_not_exist);
  EXPECT_EQ(code_of(alter_database({"missing", true, {}, "x"})), ErrorCode::none);
}

TEST_F(AlterSuite, RowsOfABucketAreCountedByItsServer) {
  make_table();
  must(calls().append(*calls().appender(path()), rows(0, 17)));
  wire::GetTableStatsRequest request;
  request.set_table_id(must(calls().describe(path()))->id.value());
  request.add_buckets_req()->set_bucket_id(0);
  request.add_buckets_req()->set_bucket_id(9);
  const auto stats =
      ask_leader<wire::GetTableStatsResponse>(protocol::ApiKey::get_table_stats, request);
  ASSERT_EQ(stats.buckets_resp_size(), 2);
  EXPECT_EQ(stats.buckets_resp(0).row_count(), 17);
  EXPECT_EQ(protocol::error_code_of(stats.buckets_resp(1).error_code()),
            ErrorCode::unknown_table_or_bucket_exception);
}

TEST_F(AlterSuite, ConfigsTagsAndHealthOfTheClusterAreTold) {
  if (ours() == nullptr) GTEST_SKIP() << "it changes the whole cluster, and that is not ours";
  make_table();
  wire::AlterClusterConfigsRequest alteration;
  auto* change = alteration.add_alter_configs();
  change->set_config_key("kv.snapshot.interval");
  change->set_config_value("5min");
  change->set_op_type(0);
  (void)ask_leader<wire::AlterClusterConfigsResponse>(protocol::ApiKey::alter_cluster_configs,
                                                      alteration);
  const auto source_of = [&](const std::string& key) {
    const auto configs = ask_leader<wire::DescribeClusterConfigsResponse>(
        protocol::ApiKey::describe_cluster_configs, wire::DescribeClusterConfigsRequest{});
    for (const auto& one : configs.configs()) {
      if (one.config_key() == key) return one.config_source() + " " + one.config_value();
    }
    return std::string();
  };
  EXPECT_EQ(source_of("kv.snapshot.interval"), "DYNAMIC_SERVER_CONFIG 5min");
  change->set_op_type(1);
  (void)ask_leader<wire::AlterClusterConfigsResponse>(protocol::ApiKey::alter_cluster_configs,
                                                      alteration);
  EXPECT_EQ(source_of("kv.snapshot.interval"), "");
  EXPECT_TRUE(source_of("data.dir").starts_with("INITIAL_SERVER_CONFIG /"))
      << source_of("data.dir");

  wire::AddServerTagRequest tag;
  tag.add_server_ids(0);
  tag.set_server_tag(1);
  (void)ask_leader<wire::AddServerTagResponse>(protocol::ApiKey::add_server_tag, tag);
  wire::RemoveServerTagRequest untag;
  untag.add_server_ids(0);
  untag.set_server_tag(1);
  (void)ask_leader<wire::RemoveServerTagResponse>(protocol::ApiKey::remove_server_tag, untag);

  const auto health = ask_leader<wire::GetClusterHealthResponse>(
      protocol::ApiKey::get_cluster_health, wire::GetClusterHealthRequest{});
  EXPECT_GE(health.num_leader_replicas(), 1);
  EXPECT_EQ(health.status(), 0);
}

}  // namespace
}  // namespace millrace
