// Every error code of the protocol: provoked, or said why no table of this build can give it. A
// code that begins to be given moves from the second list to the first, together with what provokes
// it.
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <map>

#include "client/parsed_answer.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/produce_request.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"
#include "scenarios/workloads/value_rows.hpp"

namespace millrace::scenarios {
namespace {

namespace wire = protocol::wire;
using client::Callback;
using client::Outcome;
using protocol::ApiKey;
using protocol::ErrorCode;

template <class T>
ErrorCode code_of(const Outcome<T>& outcome) {
  return outcome ? ErrorCode::none : outcome.error().code;
}

/// What an append looks like but for what is wrong with it.
struct Append {
  std::int32_t acks = -1;
  std::int32_t bucket = 0;
  std::int16_t schema_id = 1;
  WriterId writer = no_writer;
  std::int32_t sequence = -1;
  bool damaged = false;
  bool to_a_follower = false;
};

/// Two nodes and a client; the table d.t has a bucket on each.
class Bench {
 public:
  Bench() : client_(cluster_.add_client()) {
    EXPECT_TRUE(cluster_.run_until_whole(10s));
    EXPECT_EQ(create_database("d"), ErrorCode::none);
    EXPECT_EQ(create_table(value_table(2, "NONE")), ErrorCode::none);
    table_ = blocking_
                 .wait<client::TablePtr>([&](const Callback<client::TablePtr>& done) {
                   client_.api().describe_table({"d", "t"}, done);
                 })
                 .value();
  }

  template <class T>
  ErrorCode wait(const std::function<void(client::Client&, const Callback<T>&)>& start) {
    return code_of(blocking_.wait<T>([&](const Callback<T>& done) { start(client_.api(), done); }));
  }
  ErrorCode create_database(const std::string& name) {
    return wait<void>([&](auto& api, auto& done) { api.create_database(name, false, done); });
  }
  ErrorCode create_table(const protocol::TableDescriptor& table, const std::string& name = "t") {
    return wait<void>([&](auto& api, auto& done) {
      api.create_table({"d", name}, table, false, done);
    });
  }

  /// Of a table that is partitioned by a number, made when it is first needed.
  ErrorCode create_partition(const std::string& value) {
    auto table = value_table(1, "NONE");
    table.partition_keys = {"writer"};
    (void)create_table(table, "parts");
    return wait<void>([&](auto& api, auto& done) {
      api.create_partition({"d", "parts"}, {{"writer", value}}, false, done);
    });
  }

  /// The answer of bucket 0's leader; an error frame is the outcome's error.
  Outcome<client::Answer> ask(ApiKey api, std::vector<Buffer> body, bool of_a_follower = false) {
    const NodeId leader = table_->leader_of(BucketIndex{0}).value();
    const NodeId node = of_a_follower ? NodeId{1 - leader.value()} : leader;
    return blocking_.wait<client::Answer>([&](const Callback<client::Answer>& done) {
      client_.api().cluster()->ask_node(node, api, std::move(body), 20s, done);
    });
  }
  template <class Message>
  Outcome<client::Answer> ask(ApiKey api, const Message& message) {
    return ask(api, {protocol::serialize(message)});
  }
  /// The error of the first bucket in an answer.
  template <class Response>
  static ErrorCode in_bucket(const Outcome<client::Answer>& answer) {
    if (!answer) return answer.error().code;
    const auto message = protocol::parse_message<Response>(answer->body.bytes()).value();
    const auto error = client::error_in_entry(first_of(message));
    return error ? error->code : ErrorCode::none;
  }

  ErrorCode append(const Append& how) {
    const auto rows = value_rows(protocol::to_arrow(table_->descriptor.schema), {1, next_++}, 1);
    Buffer batch = protocol::encode_batch(*rows, {.schema_id = how.schema_id,
                                                  .compression = {},
                                                  .writer = how.writer,
                                                  .sequence = how.sequence})
                       .value();
    if (how.damaged) {
      std::string bytes(batch.text());
      bytes.back() = static_cast<char>(bytes.back() ^ 1);
      batch = Buffer::from(std::move(bytes));
    }
    protocol::ProduceRequest request{how.acks, table_->id.value(), 5000, {}};
    request.buckets.push_back({std::nullopt, how.bucket, batch});
    return in_bucket<wire::ProduceLogResponse>(
        ask(ApiKey::produce_log, protocol::encode_produce_request(request), how.to_a_follower));
  }
  ErrorCode fetch(Offset from, std::optional<std::int32_t> column = std::nullopt) {
    wire::FetchLogRequest request;
    request.set_follower_server_id(-1);
    request.set_max_bytes(1 << 20);
    auto* table = request.add_tables_req();
    table->set_table_id(table_->id.value());
    table->set_projection_pushdown_enabled(column.has_value());
    if (column) table->add_projected_fields(*column);
    auto* bucket = table->add_buckets_req();
    bucket->set_bucket_id(0);
    bucket->set_fetch_offset(from);
    bucket->set_max_fetch_bytes(1 << 20);
    return in_bucket<wire::FetchLogResponse>(ask(ApiKey::fetch_log, request));
  }
  ErrorCode list_offsets(std::int32_t type, EpochMillis timestamp = 0) {
    wire::ListOffsetsRequest request;
    request.set_follower_server_id(-1);
    request.set_offset_type(type);
    request.set_table_id(table_->id.value());
    request.add_bucket_id(0);
    request.set_starttimestamp(timestamp);
    return in_bucket<wire::ListOffsetsResponse>(ask(ApiKey::list_offsets, request));
  }
  WriterId new_writer() {
    return blocking_
        .wait<WriterId>([&](const Callback<WriterId>& done) {
          client_.api().init_writer({"d", "t"}, done);
        })
        .value();
  }
  /// Asks node 1 for what only node 0 can give.
  ErrorCode new_writer_without_coordinator() {
    cluster_.cut(cluster_.process_of(NodeId{0}), cluster_.process_of(NodeId{1}));
    const auto answer = blocking_.wait<client::Answer>([&](const Callback<client::Answer>& done) {
      client_.api().cluster()->ask_node(NodeId{1}, ApiKey::init_writer,
                                        {protocol::serialize(wire::InitWriterRequest())}, 20s,
                                        done);
    });
    cluster_.heal(cluster_.process_of(NodeId{0}), cluster_.process_of(NodeId{1}));
    EXPECT_TRUE(cluster_.run_until_whole(20s));
    return code_of(answer);
  }
  /// Every disk of bucket 0's leader.
  void each_disk(const std::function<void(SimulatedDisk&)>& visit) {
    for (const std::int32_t device : {0, 1}) {
      visit(cluster_.disk(table_->leader_of(BucketIndex{0}).value(), device));
    }
  }
  void run_for(Duration span) { cluster_.run_for(span); }

 private:
  static const auto& first_of(const wire::ProduceLogResponse& m) { return m.buckets_resp(0); }
  static const auto& first_of(const wire::ListOffsetsResponse& m) { return m.buckets_resp(0); }
  static const auto& first_of(const wire::FetchLogResponse& m) {
    return m.tables_resp(0).buckets_resp(0);
  }

  SimulatedCluster cluster_{1, {.nodes = 2}};
  client::Blocking blocking_ = cluster_.blocking();
  SimulatedClient& client_;
  client::TablePtr table_;
  std::int64_t next_ = 0;
};

protocol::TableDescriptor table_with(const std::string& key, const std::string& value) {
  auto table = value_table(1, "NONE");
  table.properties[key] = value;
  return table;
}

ErrorCode on_a_full_disk(Bench& bench) {
  bench.each_disk([](SimulatedDisk& disk) { disk.set_free_bytes(0); });
  const ErrorCode code = bench.append({});
  bench.each_disk([](SimulatedDisk& disk) { disk.set_free_bytes(std::nullopt); });
  return code;
}

ErrorCode on_a_failed_disk(Bench& bench) {
  bench.each_disk([](SimulatedDisk& disk) { disk.fail_writes(FaultLength::once); });
  const ErrorCode code = bench.append({});
  bench.each_disk([](SimulatedDisk& disk) { disk.clear_faults(); });
  bench.run_for(2s);
  return code;
}

ErrorCode of_an_unknown_partition(Bench& bench) {
  wire::MetadataRequest request;
  request.add_partitions_id(99);
  return code_of(bench.ask(ApiKey::get_metadata, request));
}

ErrorCode of_partitions_of_a_plain_table(Bench& bench) {
  wire::ListPartitionInfosRequest request;
  request.mutable_table_path()->set_database_name("d");
  request.mutable_table_path()->set_table_name("t");
  return code_of(bench.ask(ApiKey::list_partition_infos, request));
}

ErrorCode of_a_handshake(Bench& bench) {
  wire::AuthenticateRequest request;
  request.set_protocol("PLAIN");
  request.set_token("x");
  return code_of(bench.ask(ApiKey::authenticate, request));
}

ErrorCode of_one_partition_too_many(Bench& bench) {
  const std::int32_t most = coordinator::TableDefaults{}.partition_count_max;
  ErrorCode code = ErrorCode::none;
  for (std::int32_t i = 0; i <= most && code == ErrorCode::none; ++i) {
    code = bench.create_partition(std::to_string(1000 + i));
  }
  return code;
}

ErrorCode of_an_alteration(Bench& bench) {
  const protocol::AlterTable alteration{
      "d", "t", false, {{"table.log.format", "INDEXED", protocol::config_set}}, {}, {}};
  return bench.wait<void>([&](auto& api, auto& done) { api.alter_table(alteration, done); });
}

ErrorCode of_a_config(Bench& bench) {
  wire::AlterClusterConfigsRequest request;
  auto* change = request.add_alter_configs();
  change->set_config_key("default.bucket.number");
  change->set_config_value("2");
  change->set_op_type(protocol::config_set);
  return code_of(bench.ask(ApiKey::alter_cluster_configs, request));
}

ErrorCode add_tag(Bench& bench, std::int32_t server, std::int32_t tag) {
  wire::AddServerTagRequest request;
  request.add_server_ids(server);
  request.set_server_tag(tag);
  return code_of(bench.ask(ApiKey::add_server_tag, request));
}

ErrorCode remove_tag(Bench& bench, std::int32_t server, std::int32_t tag) {
  wire::RemoveServerTagRequest request;
  request.add_server_ids(server);
  request.set_server_tag(tag);
  return code_of(bench.ask(ApiKey::remove_server_tag, request));
}

/// Server 1 has tag 0 meanwhile.
ErrorCode while_tagged(Bench& bench, ErrorCode (*call)(Bench&, std::int32_t, std::int32_t)) {
  EXPECT_EQ(add_tag(bench, 1, 0), ErrorCode::none);
  const ErrorCode code = call(bench, 1, 1);
  EXPECT_EQ(remove_tag(bench, 1, 0), ErrorCode::none);
  return code;
}

using Provoke = std::function<ErrorCode(Bench&)>;

const std::map<ErrorCode, Provoke>& given() {
  using enum ErrorCode;
  constexpr std::int32_t unknown_type = 7;
  constexpr std::int32_t by_timestamp = 2;
  static const std::map<ErrorCode, Provoke> codes = {
      {unknown_server_error, [](Bench& b) { return b.list_offsets(unknown_type); }},
      {unsupported_version, [](Bench& b) { return code_of(b.ask(ApiKey::put_kv, {})); }},
      {corrupt_message,
       [](Bench& b) { return code_of(b.ask(ApiKey::fetch_log, {Buffer::from("\xff\xff")})); }},
      {database_not_exist,
       [](Bench& b) {
         return b.wait<client::DatabaseInfo>(
             [](auto& api, auto& done) { api.database_info("nowhere", done); });
       }},
      {database_not_empty,
       [](Bench& b) {
         return b.wait<void>(
             [](auto& api, auto& done) { api.drop_database("d", false, false, done); });
       }},
      {database_already_exist, [](Bench& b) { return b.create_database("d"); }},
      {table_not_exist,
       [](Bench& b) {
         return b.wait<void>([](auto& api, auto& done) {
           api.drop_table({"d", "nothing"}, false, done);
         });
       }},
      {table_already_exist, [](Bench& b) { return b.create_table(value_table(2, "NONE")); }},
      {schema_not_exist, [](Bench& b) { return b.append({.schema_id = 9}); }},
      {log_storage_exception, on_a_failed_disk},
      {not_leader_or_follower, [](Bench& b) { return b.append({.to_a_follower = true}); }},
      {corrupt_record_exception, [](Bench& b) { return b.append({.damaged = true}); }},
      {invalid_table_exception,
       [](Bench& b) { return b.create_table(value_table(1, "NONE"), "a b"); }},
      {invalid_database_exception, [](Bench& b) { return b.create_database("a b"); }},
      {invalid_replication_factor,
       [](Bench& b) { return b.create_table(table_with("table.replication.factor", "3"), "u"); }},
      {invalid_required_acks, [](Bench& b) { return b.append({.acks = 2}); }},
      {log_offset_out_of_range_exception, [](Bench& b) { return b.fetch(1000); }},
      {unknown_table_or_bucket_exception, [](Bench& b) { return b.append({.bucket = 2}); }},
      {request_time_out, [](Bench& b) { return b.new_writer_without_coordinator(); }},
      {storage_exception, on_a_full_disk},
      {out_of_order_sequence_exception,
       [](Bench& b) { return b.append({.writer = b.new_writer(), .sequence = 1}); }},
      {invalid_column_projection, [](Bench& b) { return b.fetch(0, 99); }},
      {partition_not_exists, of_an_unknown_partition},
      {table_not_partitioned_exception, of_partitions_of_a_plain_table},
      {invalid_timestamp_exception,
       [](Bench& b) { return b.list_offsets(by_timestamp, std::int64_t{1} << 60); }},
      {invalid_config_exception,
       [](Bench& b) { return b.create_table(table_with("table.no.such", "1"), "u"); }},
      {partition_already_exists,
       [](Bench& b) {
         (void)b.create_partition("7");
         return b.create_partition("7");
       }},
      {partition_spec_invalid_exception, [](Bench& b) { return b.create_partition("a/b"); }},
      {partition_max_num_exception, of_one_partition_too_many},
      {authenticate_exception, of_a_handshake},
      {invalid_alter_table_exception, of_an_alteration},
      {server_not_exist_exception, [](Bench& b) { return add_tag(b, 9, 0); }},
      {sever_tag_already_exist_exception, [](Bench& b) { return while_tagged(b, add_tag); }},
      {sever_tag_not_exist_exception, [](Bench& b) { return while_tagged(b, remove_tag); }},
      {config_exception, of_a_config},
      {bucket_max_num_exception,
       [](Bench& b) { return b.create_table(value_table(5000, "NONE"), "u"); }},
  };
  return codes;
}

const std::map<ErrorCode, const char*>& not_given() {
  using enum ErrorCode;
  constexpr auto no_keys = "primary-key tables are not built";
  constexpr auto one_replica = "a bucket has one replica";
  constexpr auto no_lake = "tiering and lakes are not built";
  constexpr auto no_security = "authentication and authorization are not built";
  constexpr auto no_administration = "the API that gives it is not built";
  static const std::map<ErrorCode, const char*> codes = {
      {none, "no error"},
      {network_exception, "clients make it of a broken connection"},
      {kv_storage_exception, no_keys},
      {record_too_large_exception,
       "a LIMIT_SCAN of more than 64 MB; appends that fit a request fit"},
      {non_primary_key_table_exception, no_keys},
      {invalid_update_version_exception, one_replica},
      {invalid_coordinator_exception, one_replica},
      {fenced_leader_epoch_exception, one_replica},
      {operation_not_attempted_exception, one_replica},
      {not_enough_replicas_after_append_exception, one_replica},
      {not_enough_replicas_exception, one_replica},
      {security_token_exception, no_lake},
      {duplicate_sequence_exception, "a repeated batch is answered as a success"},
      {unknown_writer_id_exception, "the protocol's servers never send it"},
      {invalid_target_column, no_keys},
      {lake_storage_not_configured_exception, no_lake},
      {kv_snapshot_not_exist, no_keys},
      {leader_not_available_exception, "12 is given instead, which every client mends by itself"},
      {security_disabled_exception, no_security},
      {authorization_exception, no_security},
      {fenced_tiering_epoch_exception, no_lake},
      {retriable_authenticate_exception, no_security},
      {invalid_server_rack_info_exception, one_replica},
      {lake_snapshot_not_exist, no_lake},
      {lake_table_already_exist, no_lake},
      {ineligible_replica_exception, one_replica},
      {deletion_disabled_exception, no_keys},
      {rebalance_failure_exception, no_administration},
      {no_rebalance_in_progress_exception, no_administration},
      {invalid_producer_id_exception, no_administration},
      {not_coordinator_leader_exception, "any node passes a call on to the coordinator"},
      {scanner_expired, no_keys},
      {unknown_scanner_id, no_keys},
      {invalid_scan_request, no_keys},
      {too_many_scanners, no_keys},
      {disk_write_locked, "older clients do not know it: 26 is given instead"},
      {insufficient_kv_leader_replica_capacity, no_keys},
      {storage_backpressure_exception, no_keys},
      {historical_partition_throttled, no_keys},
      {invalid_bucket_routing, "a table's bucket count never changes"},
  };
  return codes;
}

TEST(ErrorCodes, EachIsGivenWhenItShould) {
  spdlog::set_level(spdlog::level::off);
  Bench bench;
  for (const auto& [code, provoke] : given()) {
    const ErrorCode found = provoke(bench);
    EXPECT_EQ(found, code) << name_of(code) << " was " << name_of(found);
    // And whatever it was is over.
    EXPECT_EQ(bench.append({}), ErrorCode::none) << "after " << name_of(code);
  }
}

TEST(ErrorCodes, EveryOneIsProvokedOrExplained) {
  constexpr std::int32_t beyond_all = 1000;
  std::size_t known = 0;
  for (std::int32_t number = -1; number < beyond_all; ++number) {
    const ErrorCode code = protocol::error_code_of(number);
    if (static_cast<std::int32_t>(code) != number) continue;
    ++known;
    EXPECT_NE(given().contains(code), not_given().contains(code)) << name_of(code);
  }
  EXPECT_EQ(known, given().size() + not_given().size());
}

}  // namespace
}  // namespace millrace::scenarios
