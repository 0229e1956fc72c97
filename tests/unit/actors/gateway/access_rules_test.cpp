#include "actors/gateway/access_rules.hpp"

#include <algorithm>
#include <functional>

#include "actors/gateway/metadata_calls.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

using protocol::Operation;
using protocol::Resource;

using enum protocol::Operation;

const AuthorizerSettings authorizer{.enabled = true};

Caller bob() { return {"FLUSS", protocol::user_principal("bob"), "10.0.0.1", &authorizer, false}; }

const Resource flights_resource = protocol::table_resource("nyc", "flights");
const Resource nyc = protocol::database_resource("nyc");
const Resource whole_cluster = protocol::cluster_resource();

/// The cluster where bob may do one thing.
ClusterView allowing(Operation operation, const Resource& resource) {
  ClusterView view = cluster();
  view.catalog.apply(AclsCreated{
      {{resource, protocol::user_principal("bob"), "*", operation, protocol::Permission::allow}}});
  return view;
}

template <class Message>
protocol::RequestFrame about_table(ApiKey key, Message message = {}) {
  message.mutable_table_path()->set_database_name("nyc");
  message.mutable_table_path()->set_table_name("flights");
  return frame(key, protocol::serialize(message));
}

protocol::RequestFrame about_database(ApiKey key) {
  wire::AboutDatabase message;
  message.set_database_name("nyc");
  return frame(key, protocol::serialize(message));
}

protocol::RequestFrame about_id(ApiKey key) {
  wire::AboutTableId message;
  message.set_table_id(flights.value());
  return frame(key, protocol::serialize(message));
}

protocol::RequestFrame about_id_in_2(ApiKey key) {
  wire::AboutScannedTableId message;
  message.set_table_id(flights.value());
  return frame(key, protocol::serialize(message));
}

protocol::RequestFrame about_tables(ApiKey key, int count) {
  wire::AboutTables message;
  for (int i = 0; i < count; ++i) {
    message.add_table_path()->set_database_name("nyc");
    message.mutable_table_path(i)->set_table_name(i + 1 == count ? "flights" : "nope");
  }
  return frame(key, protocol::serialize(message));
}

ErrorCode code_of(const ClusterView& view, const protocol::RequestFrame& request,
                  const Caller& caller = bob()) {
  const auto denied = why_denied(CallContext{self, view, Instant{}, caller}, request);
  return denied ? denied->code : ErrorCode::none;
}

struct Rule {
  protocol::RequestFrame request;
  Operation operation;
  Resource resource;
};

// What each request needs, beside the table of the protocol; one line per API that is refused
// whole.
const std::vector<Rule>& matrix() {
  using enum protocol::ApiKey;
  static const std::vector<Rule> rules = {
      {about_database(create_database), create, whole_cluster},
      {about_database(drop_database), drop, nyc},
      {about_database(get_database_info), describe, nyc},
      {about_database(alter_database), alter, nyc},
      {about_table<wire::AboutTable>(create_table), create, nyc},
      {about_table<wire::AboutTable>(drop_table), drop, flights_resource},
      {about_table<wire::AboutTable>(get_table_info), describe, flights_resource},
      {about_table<wire::AboutTable>(list_partition_infos), describe, flights_resource},
      {about_table<wire::AboutTable>(get_table_schema), describe, flights_resource},
      {about_table<wire::AboutTable>(create_partition), write, flights_resource},
      {about_table<wire::AboutTable>(drop_partition), write, flights_resource},
      {about_table<wire::AboutTable>(alter_table), alter, flights_resource},
      {about_id_in_2(limit_scan), read, flights_resource},
      {about_id_in_2(put_kv), write, flights_resource},
      {about_id(prefix_lookup), read, flights_resource},
      {about_id(get_table_stats), read, flights_resource},
      {about_tables(init_writer, 2), write, flights_resource},
      {frame(describe_cluster_configs, {}), describe, whole_cluster},
      {frame(alter_cluster_configs, {}), alter, whole_cluster},
      {frame(add_server_tag, {}), alter, whole_cluster},
      {frame(remove_server_tag, {}), alter, whole_cluster},
      {frame(rebalance, {}), write, whole_cluster},
      {frame(get_cluster_health, {}), describe, whole_cluster},
  };
  return rules;
}

TEST(AccessRules, EachRequestNeedsItsOperationOnItsResource) {
  for (const Rule& rule : matrix()) {
    SCOPED_TRACE(rule.request.api_key);
    EXPECT_EQ(code_of(cluster(), rule.request), ErrorCode::authorization_exception);
    EXPECT_EQ(code_of(allowing(rule.operation, rule.resource), rule.request), ErrorCode::none);
    for (const Operation other : {read, write, create, drop, alter, describe}) {
      const bool implied = rule.operation == describe;
      if (other == rule.operation || implied) continue;
      EXPECT_EQ(code_of(allowing(other, rule.resource), rule.request),
                ErrorCode::authorization_exception)
          << name_of(other);
    }
    EXPECT_EQ(code_of(allowing(all, protocol::table_resource("nyc", "planes")), rule.request),
              ErrorCode::authorization_exception);
  }
}

TEST(AccessRules, EveryServedApiHasARule) {
  for (const protocol::Api& api : served_apis()) {
    const auto rules = access_rules();
    EXPECT_EQ(std::count_if(rules.begin(), rules.end(),
                            [&](const AccessRule& rule) { return rule.api == api.key; }),
              1)
        << api.name;
  }
}

TEST(AccessRules, NobodyIsAskedWithoutAnAuthorizerOrInside) {
  Caller nobody = bob();
  nobody.authorizer = nullptr;
  Caller inside = bob();
  inside.passes_all = true;
  for (const Rule& rule : matrix()) {
    EXPECT_EQ(code_of(cluster(), rule.request, nobody), ErrorCode::none);
    EXPECT_EQ(code_of(cluster(), rule.request, inside), ErrorCode::none);
  }
}

TEST(AccessRules, AWriterNeedsATableToWriteTo) {
  const ClusterView view = allowing(all, whole_cluster);
  EXPECT_EQ(code_of(view, about_tables(ApiKey::init_writer, 0)),
            ErrorCode::authorization_exception);
}

TEST(AccessRules, AnUnknownTableIsTheCallsToTell) {
  wire::AboutTableId message;
  message.set_table_id(99);
  EXPECT_EQ(code_of(cluster(), frame(ApiKey::get_table_stats, protocol::serialize(message))),
            ErrorCode::none);
}

TEST(AccessRules, ANodeThatKnowsNobodySaysRetry) {
  EXPECT_EQ(code_of(ClusterView{}, about_database(ApiKey::get_database_info)),
            ErrorCode::request_time_out);
}

TEST(AccessRules, ADenialNamesWhoAndWhat) {
  const ClusterView view = cluster();
  const Caller caller = bob();
  const auto denied = why_denied(CallContext{self, view, Instant{}, caller},
                                 about_table<wire::AboutTable>(ApiKey::drop_table));
  ASSERT_TRUE(denied.has_value());
  EXPECT_EQ(denied->message, "Principal User:bob has no permission to DROP TABLE nyc.flights.");
}

// ---- What the calls look at by themselves.

wire::ListOffsetsRequest offsets_request() {
  wire::ListOffsetsRequest request;
  request.set_follower_server_id(-1);
  request.set_offset_type(1);
  request.set_table_id(flights.value());
  request.add_bucket_id(0);
  request.add_bucket_id(1);
  return request;
}

TEST(AccessByItem, OffsetsAreDeniedBucketByBucket) {
  const CallScript denied(cluster(), ApiKey::list_offsets, offsets_request(), bob());
  const auto response = denied.response<wire::ListOffsetsResponse>();
  ASSERT_EQ(response.buckets_resp_size(), 2);
  for (const auto& bucket : response.buckets_resp()) EXPECT_EQ(bucket.error_code(), 48);
  const CallScript served(allowing(describe, flights_resource), ApiKey::list_offsets,
                          offsets_request(), bob());
  EXPECT_EQ(served.asked.size(), 2U);
}

TEST(AccessByItem, AppendsAreDeniedBucketByBucket) {
  protocol::ProduceRequest request;
  request.table_id = flights.value();
  request.timeout_ms = 1000;
  request.buckets = {{{}, 0, rows_batch(3)}, {{}, 1, rows_batch(2)}};
  const auto body = joined(protocol::encode_produce_request(request));
  const CallScript denied(allowing(read, flights_resource), frame(ApiKey::produce_log, body),
                          bob());
  EXPECT_TRUE(denied.asked.empty());
  const auto response = denied.response<wire::ProduceLogResponse>();
  ASSERT_EQ(response.buckets_resp_size(), 2);
  for (const auto& bucket : response.buckets_resp()) EXPECT_EQ(bucket.error_code(), 48);
  const CallScript served(allowing(write, flights_resource), frame(ApiKey::produce_log, body),
                          bob());
  EXPECT_EQ(served.asked.size(), 2U);
}

TEST(AccessByItem, AFetchDeniesTheBucketsOfItsTable) {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(1000);
  auto* table = request.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(false);
  auto* bucket = table->add_buckets_req();
  bucket->set_bucket_id(0);
  bucket->set_fetch_offset(0);
  bucket->set_max_fetch_bytes(1000);
  const CallScript denied(allowing(write, flights_resource), ApiKey::fetch_log, request, bob());
  EXPECT_TRUE(denied.asked.empty());
  const auto response = denied.response<wire::FetchLogResponse>();
  EXPECT_EQ(response.tables_resp(0).buckets_resp(0).error_code(), 48);
  const CallScript served(allowing(read, nyc), ApiKey::fetch_log, request, bob());
  EXPECT_EQ(served.asked.size(), 1U);
}

TEST(AccessByItem, ListsShowWhatMayBeDescribed) {
  wire::ListDatabasesRequest databases;
  EXPECT_EQ(CallScript(cluster(), ApiKey::list_databases, databases, bob())
                .response<wire::ListDatabasesResponse>()
                .database_name_size(),
            0);
  EXPECT_EQ(CallScript(allowing(read, nyc), ApiKey::list_databases, databases, bob())
                .response<wire::ListDatabasesResponse>()
                .database_name_size(),
            1);
  wire::ListTablesRequest tables;
  tables.set_database_name("nyc");
  EXPECT_EQ(CallScript(cluster(), ApiKey::list_tables, tables, bob())
                .response<wire::ListTablesResponse>()
                .table_name_size(),
            0);
  EXPECT_EQ(CallScript(allowing(write, flights_resource), ApiKey::list_tables, tables, bob())
                .response<wire::ListTablesResponse>()
                .table_name_size(),
            1);
}

TEST(AccessByItem, WhatMayNotBeDescribedDoesNotExist) {
  wire::TableExistsRequest table;
  table.mutable_table_path()->set_database_name("nyc");
  table.mutable_table_path()->set_table_name("flights");
  CallScript denied(cluster(), ApiKey::table_exists, table, bob());
  denied.coordinator_answers(CommandDone{});
  EXPECT_FALSE(denied.response<wire::TableExistsResponse>().exists());
  EXPECT_TRUE(CallScript(allowing(describe, flights_resource), ApiKey::table_exists, table, bob())
                  .response<wire::TableExistsResponse>()
                  .exists());
  wire::DatabaseExistsRequest database;
  database.set_database_name("fluss");
  ClusterView view = cluster();
  view.catalog.apply(DatabaseCreated{{"fluss", {}, 10, 20}});
  EXPECT_TRUE(CallScript(view, ApiKey::database_exists, database, bob())
                  .response<wire::DatabaseExistsResponse>()
                  .exists());
  database.set_database_name("nyc");
  CallScript other(view, ApiKey::database_exists, database, bob());
  other.coordinator_answers(CommandDone{});
  EXPECT_FALSE(other.response<wire::DatabaseExistsResponse>().exists());
}

TEST(AccessByItem, MetadataLeavesOutWhatMayNotBeDescribed) {
  wire::MetadataRequest request;
  auto* path = request.add_table_path();
  path->set_database_name("nyc");
  path->set_table_name("flights");
  const auto tables_for = [&](ClusterView view) {
    return CallScript(std::move(view), ApiKey::get_metadata, request, bob())
        .response<wire::MetadataResponse>()
        .table_metadata_size();
  };
  EXPECT_EQ(tables_for(cluster()), 0);
  EXPECT_EQ(tables_for(allowing(describe, flights_resource)), 1);
}

TEST(Listeners, MetadataStaysOnTheListenerItCameInOn) {
  ClusterView view = cluster();
  for (auto& [node, member] : view.members) {
    member.listeners = {
        {"FLUSS", member.client},
        {"CLIENT", {member.client.host, static_cast<std::uint16_t>(7000 + node.value())}}};
  }
  view.members.at(NodeId{1}).listeners.pop_back();  // It has no such listener.
  Caller caller;
  caller.listener = "CLIENT";
  const auto response = CallScript(view, ApiKey::get_metadata, wire::MetadataRequest(), caller)
                            .response<wire::MetadataResponse>();
  ASSERT_EQ(response.tablet_servers_size(), 1);
  EXPECT_EQ(response.tablet_servers(0).port(), 7000);
  EXPECT_EQ(response.coordinator_server().port(), 7000);
  caller.listener = "FLUSS";
  EXPECT_EQ(CallScript(view, ApiKey::get_metadata, wire::MetadataRequest(), caller)
                .response<wire::MetadataResponse>()
                .tablet_servers_size(),
            2);
}

}  // namespace
}  // namespace millrace::gateway
