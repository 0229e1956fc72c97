// Partitions as clients see them: who is listed, where their buckets are, what may be asked of
// them.
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

constexpr PartitionId friday{20};
constexpr PartitionId sunday{21};

/// Table flights, partitioned by carrier and id; its partitions' bucket 0 leads here, 1 elsewhere.
ClusterView partitioned_cluster() {
  TableInfo table = flights_table();
  table.descriptor.partition_keys = {"carrier", "id"};
  table.descriptor.bucket_count = 2;
  table.buckets.clear();
  ClusterView view = cluster(table);
  const std::vector<BucketInfo> buckets = {{self, LeaderEpoch{0}, {self}},
                                           {NodeId{2}, LeaderEpoch{0}, {NodeId{2}}}};
  view.catalog.apply(PartitionCreated{{friday, flights, {"UA", "5"}, buckets, 1}});
  view.catalog.apply(PartitionCreated{{sunday, flights, {"UA", "7"}, buckets, 1}});
  return view;
}

template <class Path>
void name_flights(Path& path) {
  path.set_database_name("nyc");
  path.set_table_name("flights");
}

wire::MetadataRequest metadata_of(const std::vector<std::string>& partitions) {
  wire::MetadataRequest request;
  name_flights(*request.add_table_path());
  for (const std::string& name : partitions) {
    auto* path = request.add_partitions_path();
    name_flights(*path);
    path->set_partition_name(name);
  }
  return request;
}

TEST(PartitionCalls, MetadataOfAPartitionHasItsBuckets) {
  wire::MetadataRequest request = metadata_of({"UA$7"});
  request.add_partitions_id(friday.value());
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, request);
  const auto response = call.response<wire::MetadataResponse>();
  EXPECT_EQ(response.table_metadata(0).bucket_metadata_size(), 0);
  ASSERT_EQ(response.partition_metadata_size(), 2);
  const auto& first = response.partition_metadata(1);
  EXPECT_EQ(first.table_id(), flights.value());
  EXPECT_EQ(first.partition_id(), sunday.value());
  EXPECT_EQ(first.partition_name(), "UA$7");
  EXPECT_EQ(first.bucket_count(), 2);
  ASSERT_EQ(first.bucket_metadata_size(), 2);  // All, although node 2 is away.
  EXPECT_EQ(first.bucket_metadata(0).leader_id(), self.value());
  EXPECT_FALSE(first.bucket_metadata(1).has_leader_id());
  EXPECT_EQ(response.partition_metadata(0).partition_name(), "UA$5");
}

TEST(PartitionCalls, PartitionsAreNotVolunteered) {
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, metadata_of({}));
  EXPECT_EQ(call.response<wire::MetadataResponse>().partition_metadata_size(), 0);
}

TEST(PartitionCalls, OneUnknownPartitionFailsTheWholeRequestAfterCatchingUp) {
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, metadata_of({"UA$7", "UA$8"}));
  ASSERT_EQ(call.commands.size(), 1U);
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.error(), ErrorCode::partition_not_exists);

  wire::MetadataRequest by_id = metadata_of({});
  by_id.add_partitions_id(22);
  CallScript unknown_id(partitioned_cluster(), ApiKey::get_metadata, by_id);
  unknown_id.coordinator_answers(CommandDone{});
  EXPECT_EQ(unknown_id.error(), ErrorCode::partition_not_exists);

  wire::MetadataRequest elsewhere = metadata_of({"UA$7"});
  elsewhere.mutable_partitions_path(0)->set_table_name("nope");
  CallScript no_table(partitioned_cluster(), ApiKey::get_metadata, elsewhere);
  no_table.coordinator_answers(CommandDone{});
  EXPECT_EQ(no_table.error(), ErrorCode::partition_not_exists);
}

TEST(PartitionCalls, WhatIsNamedTwiceIsAnsweredOnce) {
  wire::MetadataRequest request = metadata_of({"UA$7", "UA$7"});
  request.add_partitions_id(friday.value());
  request.add_partitions_id(friday.value());
  name_flights(*request.add_table_path());
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, request);
  const auto response = call.response<wire::MetadataResponse>();
  EXPECT_EQ(response.table_metadata_size(), 1);
  EXPECT_EQ(response.partition_metadata_size(), 2);
}

TEST(PartitionCalls, TooManyNamesAreRefused) {
  wire::MetadataRequest request;
  for (int i = 0; i <= 100'000; ++i) request.add_partitions_id(i);
  EXPECT_EQ(CallScript(partitioned_cluster(), ApiKey::get_metadata, request).error(),
            ErrorCode::corrupt_message);
}

TEST(PartitionCalls, AnIdIsLookedForInTheTablesNamed) {
  wire::MetadataRequest request;
  request.add_partitions_id(friday.value());
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, request);
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.error(), ErrorCode::partition_not_exists);
}

TEST(PartitionCalls, APartitionThatTheNodeHearsOfMeanwhileIsFound) {
  CallScript call(partitioned_cluster(), ApiKey::get_metadata, metadata_of({"AA$1"}));
  EXPECT_FALSE(call.over());
  call.learn(PartitionCreated{{PartitionId{30}, flights, {"AA", "1"}, {}, 1}});
  call.coordinator_answers(CommandDone{});
  EXPECT_EQ(call.response<wire::MetadataResponse>().partition_metadata(0).partition_id(), 30);
}

wire::ListPartitionInfosRequest list_of(
    const std::vector<std::pair<std::string, std::string>>& spec) {
  wire::ListPartitionInfosRequest request;
  name_flights(*request.mutable_table_path());
  for (const auto& [key, value] : spec) {
    auto* entry = request.mutable_partial_partition_spec()->add_partition_key_values();
    entry->set_key(key);
    entry->set_value(value);
  }
  return request;
}

TEST(PartitionCalls, ListsPartitionsThatHaveTheValues) {
  const auto ids = [](const wire::ListPartitionInfosRequest& request) {
    CallScript call(partitioned_cluster(), ApiKey::list_partition_infos, request);
    EXPECT_FALSE(call.over()) << "the newest partitions may not be known here yet";
    call.coordinator_answers(CommandDone{});
    std::vector<std::int64_t> found;
    const auto response = call.response<wire::ListPartitionInfosResponse>();
    for (const auto& one : response.partitions_info()) {
      found.push_back(one.partition_id());
      EXPECT_EQ(one.bucket_count(), 2);
      EXPECT_EQ(one.partition_spec().partition_key_values(0).key(), "carrier");
      EXPECT_EQ(one.partition_spec().partition_key_values(1).key(), "id");
    }
    return found;
  };
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(ids(list_of({})), (Ids{20, 21}));
  EXPECT_EQ(ids(list_of({{"carrier", "UA"}})), (Ids{20, 21}));
  EXPECT_EQ(ids(list_of({{"id", "7"}})), Ids{21});
  EXPECT_EQ(ids(list_of({{"id", "7"}, {"carrier", "AA"}})), Ids{});
  EXPECT_EQ(
      CallScript(partitioned_cluster(), ApiKey::list_partition_infos, list_of({{"delay", "7"}}))
          .error(),
      ErrorCode::partition_spec_invalid_exception);
}

TEST(PartitionCalls, CommandsReachTheCoordinatorWithTheirSpec) {
  wire::CreatePartitionRequest create;
  name_flights(*create.mutable_table_path());
  auto* entry = create.mutable_partition_spec()->add_partition_key_values();
  entry->set_key("carrier");
  entry->set_value("AA");
  create.set_ignore_if_not_exists(true);
  CallScript created(partitioned_cluster(), ApiKey::create_partition, create);
  ASSERT_EQ(created.commands.size(), 1U);
  const auto& command = std::get<CreatePartitionCommand>(created.commands[0]);
  EXPECT_EQ(command.table, "flights");
  EXPECT_EQ(command.spec, (PartitionSpec{{"carrier", "AA"}}));
  EXPECT_TRUE(command.ignore_if_exists);
  created.coordinator_answers(CommandDone{});
  EXPECT_TRUE(created.body().empty());

  wire::DropPartitionRequest drop;
  *drop.mutable_table_path() = create.table_path();
  *drop.mutable_partition_spec() = create.partition_spec();
  drop.set_ignore_if_not_exists(false);
  CallScript dropped(partitioned_cluster(), ApiKey::drop_partition, drop);
  EXPECT_FALSE(std::get<DropPartitionCommand>(dropped.commands.at(0)).ignore_if_missing);
  dropped.coordinator_answers(protocol::ProtocolError{ErrorCode::partition_not_exists, "no"});
  EXPECT_EQ(dropped.error(), ErrorCode::partition_not_exists);
}

TEST(PartitionCalls, AppendsGoToTheBucketOfThePartition) {
  protocol::ProduceRequest request;
  request.table_id = flights.value();
  request.timeout_ms = 1000;
  const auto add = [&](std::optional<std::int64_t> partition, std::int32_t bucket) {
    request.buckets.push_back({partition, bucket, rows_batch(1)});
  };
  add(friday.value(), 0);
  add(sunday.value(), 0);  // Not the same bucket.
  add(friday.value(), 1);
  add(std::nullopt, 0);  // The table as a whole has no buckets.
  add(99, 0);
  CallScript call(partitioned_cluster(),
                  frame(ApiKey::produce_log, joined(protocol::encode_produce_request(request))));
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_EQ(call.asked[0].bucket, (BucketId{flights, BucketIndex{0}, friday}));
  EXPECT_EQ(call.asked[1].bucket, (BucketId{flights, BucketIndex{0}, sunday}));
  call.answer_next(AppendedAnswer{5});
  call.answer_next(AppendedAnswer{6});
  const auto response = call.response<wire::ProduceLogResponse>();
  ASSERT_EQ(response.buckets_resp_size(), 5);
  EXPECT_EQ(response.buckets_resp(1).partition_id(), sunday.value());
  EXPECT_EQ(response.buckets_resp(1).base_offset(), 6);
  const auto code = [&](int i) {
    return protocol::error_code_of(response.buckets_resp(i).error_code());
  };
  EXPECT_EQ(code(2), ErrorCode::not_leader_or_follower);
  EXPECT_EQ(code(3), ErrorCode::unknown_table_or_bucket_exception);
  EXPECT_FALSE(response.buckets_resp(3).has_partition_id());
  EXPECT_EQ(code(4), ErrorCode::unknown_table_or_bucket_exception);
}

TEST(PartitionCalls, AFetchAndOffsetsNameThePartition) {
  wire::FetchLogRequest fetch;
  fetch.set_follower_server_id(-1);
  fetch.set_max_bytes(1 << 20);
  auto* table = fetch.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(false);
  auto* bucket = table->add_buckets_req();
  bucket->set_partition_id(sunday.value());
  bucket->set_bucket_id(0);
  bucket->set_fetch_offset(0);
  bucket->set_max_fetch_bytes(1 << 20);
  CallScript fetched(partitioned_cluster(), ApiKey::fetch_log, fetch);
  ASSERT_EQ(fetched.asked.size(), 1U);
  EXPECT_EQ(fetched.asked[0].bucket.partition, sunday);
  fetched.answer_next(DataAnswer{0, 3, 0, stored(rows_batch(3), 0)});
  const auto tables = protocol::parse_fetch_response(fetched.body()).value();
  EXPECT_EQ(tables.at(0).buckets.at(0).partition_id, sunday.value());

  wire::ListOffsetsRequest offsets;
  offsets.set_follower_server_id(-1);
  offsets.set_offset_type(1);
  offsets.set_table_id(flights.value());
  offsets.set_partition_id(friday.value());
  offsets.add_bucket_id(0);
  CallScript listed(partitioned_cluster(), ApiKey::list_offsets, offsets);
  ASSERT_EQ(listed.asked.size(), 1U);
  EXPECT_EQ(listed.asked[0].bucket.partition, friday);
}

TEST(PartitionCalls, ATableWithoutPartitionsHasNone) {
  wire::ListOffsetsRequest offsets;
  offsets.set_follower_server_id(-1);
  offsets.set_offset_type(1);
  offsets.set_table_id(flights.value());
  offsets.set_partition_id(0);
  offsets.add_bucket_id(0);
  CallScript call(cluster(), ApiKey::list_offsets, offsets);
  EXPECT_EQ(protocol::error_code_of(
                call.response<wire::ListOffsetsResponse>().buckets_resp(0).error_code()),
            ErrorCode::unknown_table_or_bucket_exception);
}

TEST(PartitionCalls, TheLastRowsAndRowCountsAreThoseOfThePartition) {
  const ClusterView view = partitioned_cluster();
  wire::LimitScanRequest scan;
  scan.set_table_id(flights.value());
  scan.set_partition_id(sunday.value());
  scan.set_bucket_id(0);
  scan.set_limit(3);
  EXPECT_EQ(CallScript(view, ApiKey::limit_scan, scan).asked.at(0).bucket,
            (BucketId{flights, BucketIndex{0}, sunday}));
  scan.clear_partition_id();  // The table itself has no buckets.
  EXPECT_EQ(CallScript(view, ApiKey::limit_scan, scan).error(),
            ErrorCode::unknown_table_or_bucket_exception);

  wire::GetTableStatsRequest stats;
  stats.set_table_id(flights.value());
  for (const PartitionId partition : {sunday, friday, PartitionId{99}}) {
    auto* bucket = stats.add_buckets_req();
    bucket->set_partition_id(partition.value());
    bucket->set_bucket_id(0);
  }
  stats.add_buckets_req()->set_bucket_id(0);
  CallScript counted(view, ApiKey::get_table_stats, stats);
  ASSERT_EQ(counted.asked.size(), 2U);
  EXPECT_EQ(counted.asked[0].bucket.partition, sunday);
  EXPECT_EQ(counted.asked[1].bucket.partition, friday);
  counted.answer_next(DataAnswer{0, 7, 2, {}});
  counted.answer_next(DataAnswer{0, 3, 0, {}});
  const auto response = counted.response<wire::GetTableStatsResponse>();
  EXPECT_EQ(response.buckets_resp(0).partition_id(), sunday.value());
  EXPECT_EQ(response.buckets_resp(0).row_count(), 5);
  EXPECT_EQ(response.buckets_resp(1).row_count(), 3);
  EXPECT_EQ(response.buckets_resp(2).error_code(), 21);
  EXPECT_EQ(response.buckets_resp(2).partition_id(), 99);
  EXPECT_EQ(response.buckets_resp(3).error_code(), 21);
}

TEST(PartitionCalls, HealthCountsTheBucketsOfPartitions) {
  CallScript call(partitioned_cluster(), ApiKey::get_cluster_health,
                  wire::GetClusterHealthRequest{});
  const auto health = call.response<wire::GetClusterHealthResponse>();
  EXPECT_EQ(health.num_leader_replicas(), 4);
  EXPECT_EQ(health.active_leader_replicas(), 2);
  EXPECT_EQ(health.status(), 2);
}

}  // namespace
}  // namespace millrace::gateway
