#pragma once
#include "actors/gateway/metadata_calls.hpp"
#include "base/random.hpp"
#include "protocol/acl_wire.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

// A request of each served API that is in order, for tests that damage it.

namespace millrace::gateway {

inline void name_table(wire::PbTablePath& path) {
  path.set_database_name("nyc");
  path.set_table_name("flights");
}

template <class Message>
inline Buffer with_table(Message message = {}) {
  name_table(*message.mutable_table_path());
  return protocol::serialize(message);
}

inline protocol::AclEntry some_acl() {
  return {protocol::table_resource("nyc", "flights"), protocol::user_principal("bob"), "*",
          protocol::Operation::read, protocol::Permission::allow};
}

/// Bob, on a listener where permissions count.
inline const AuthorizerSettings authorizer{.enabled = true};
inline Caller bob() {
  return {"FLUSS", protocol::user_principal("bob"), "host", &authorizer, false};
}

inline Buffer fetch_body() {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(100'000);
  request.set_max_wait_ms(100);
  request.set_min_bytes(1);
  auto* table = request.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(true);
  table->add_projected_fields(1);
  table->set_filter_schema_id(1);
  table->set_filter_predicate(std::string("\x08\x00\x12\x04\x08\x06\x10\x00", 8));
  for (const std::int32_t index : {0, 1}) {
    auto* bucket = table->add_buckets_req();
    bucket->set_bucket_id(index);
    bucket->set_fetch_offset(index);
    bucket->set_max_fetch_bytes(1000);
  }
  return protocol::serialize(request);
}

inline Buffer produce_body() {
  protocol::ProduceRequest request;
  request.table_id = flights.value();
  request.timeout_ms = 1000;
  request.buckets = {{{}, 0, rows_batch(3)}, {{}, 1, rows_batch(2)}};
  return joined(protocol::encode_produce_request(request));
}

/// Of the APIs that create and drop. What is left names a table, or asks for nothing else.
inline Buffer sound_command(ApiKey key) {
  switch (key) {
    case ApiKey::create_database: {
      wire::CreateDatabaseRequest request;
      request.set_database_name("nyc");
      request.set_ignore_if_exists(false);
      return protocol::serialize(request);
    }
    case ApiKey::drop_database: {
      wire::DropDatabaseRequest request;
      request.set_database_name("nyc");
      request.set_ignore_if_not_exists(false);
      request.set_cascade(false);
      return protocol::serialize(request);
    }
    case ApiKey::drop_table: {
      wire::DropTableRequest request;
      request.set_ignore_if_not_exists(false);
      return with_table(std::move(request));
    }
    case ApiKey::create_partition:
    case ApiKey::drop_partition: {
      wire::CreatePartitionRequest request;
      auto* value = request.mutable_partition_spec()->add_partition_key_values();
      value->set_key("carrier");
      value->set_value("UA");
      request.set_ignore_if_not_exists(false);
      return with_table(std::move(request));
    }
    case ApiKey::authenticate: {
      wire::AuthenticateRequest request;
      request.set_protocol("PLAIN");
      request.set_token("token");
      return protocol::serialize(request);
    }
    default:
      return with_table<wire::GetTableInfoRequest>();
  }
}

/// Of the APIs that alter.
inline Buffer sound_alteration(ApiKey key) {
  switch (key) {
    case ApiKey::alter_table: {
      wire::AlterTableRequest request;
      request.set_ignore_if_not_exists(false);
      auto* column = request.add_add_columns();
      column->set_column_name("gate");
      column->set_data_type_json("{}");
      column->set_column_position_type(0);
      return with_table(std::move(request));
    }
    case ApiKey::alter_cluster_configs: {
      wire::AlterClusterConfigsRequest request;
      auto* change = request.add_alter_configs();
      change->set_config_key("k");
      change->set_op_type(1);
      return protocol::serialize(request);
    }
    case ApiKey::add_server_tag:
    case ApiKey::remove_server_tag: {
      wire::AddServerTagRequest request;
      request.add_server_ids(1);
      request.set_server_tag(0);
      return protocol::serialize(request);
    }
    case ApiKey::alter_database: {
      wire::AlterDatabaseRequest request;
      request.set_database_name("nyc");
      request.set_ignore_if_not_exists(false);
      auto* change = request.add_config_changes();
      change->set_config_key("k");
      change->set_config_value("v");
      change->set_op_type(0);
      return protocol::serialize(request);
    }
    default:
      return sound_command(key);
  }
}

/// A request of each served API that is in order.
inline Buffer sound_body(ApiKey key) {
  switch (key) {
    case ApiKey::fetch_log:
      return fetch_body();
    case ApiKey::produce_log:
      return produce_body();
    case ApiKey::list_offsets: {
      wire::ListOffsetsRequest request;
      request.set_follower_server_id(-1);
      request.set_offset_type(2);
      request.set_table_id(flights.value());
      request.set_starttimestamp(99);
      for (const std::int32_t bucket : {0, 1, 2}) request.add_bucket_id(bucket);
      return protocol::serialize(request);
    }
    case ApiKey::get_metadata: {
      wire::MetadataRequest request;
      name_table(*request.add_table_path());
      return protocol::serialize(request);
    }
    case ApiKey::create_table: {
      wire::CreateTableRequest request;
      request.set_table_json(to_json(flights_table().descriptor));
      request.set_ignore_if_exists(false);
      return with_table(std::move(request));
    }
    case ApiKey::api_versions: {
      wire::ApiVersionsRequest request;
      request.set_client_software_name("fluss");
      request.set_client_software_version("0.1.0");
      return protocol::serialize(request);
    }
    case ApiKey::limit_scan: {
      wire::LimitScanRequest request;
      request.set_table_id(flights.value());
      request.set_bucket_id(1);
      request.set_limit(3);
      return protocol::serialize(request);
    }
    case ApiKey::get_table_stats: {
      wire::GetTableStatsRequest request;
      request.set_table_id(flights.value());
      for (const std::int32_t bucket : {0, 1, 2}) {
        request.add_buckets_req()->set_bucket_id(bucket);
      }
      return protocol::serialize(request);
    }
    case ApiKey::create_acls: {
      wire::CreateAclsRequest request;
      protocol::write_acl(*request.add_acl(), some_acl());
      return protocol::serialize(request);
    }
    case ApiKey::list_acls: {
      wire::ListAclsRequest request;
      protocol::write_filter(*request.mutable_acl_filter(), {});
      return protocol::serialize(request);
    }
    case ApiKey::drop_acls: {
      wire::DropAclsRequest request;
      protocol::write_filter(*request.add_acl_filter(), {});
      return protocol::serialize(request);
    }
    case ApiKey::get_table_schema:
      return with_table<wire::GetTableSchemaRequest>();
    default:
      return sound_alteration(key);
  }
}

/// Plays the other side at random until the call is over.
inline void play(CallScript& call, Random& random) {
  for (int turn = 0; !call.over() && turn < 200; ++turn) {
    const bool nothing_asked = call.commands.empty() && call.asked.empty();
    if (nothing_asked || random.chance(1, 20)) {
      call.deadline_passes();
    } else if (!call.commands.empty()) {
      call.coordinator_answers(random.chance(1, 2) ? CoordinatorAnswer{CommandDone{}}
                                                   : CoordinatorAnswer{WriterGranted{3}});
    } else {
      const auto* read = std::get_if<ReadQuestion>(&call.asked.front().question);
      const Offset from = read == nullptr ? 0 : std::max<Offset>(read->from, 0) % 1'000'000;
      switch (random.below(5)) {
        case 0:
          call.answer_next(AppendedAnswer{4});
          break;
        case 1:
          call.answer_next(DataAnswer{from, from + 4, 0, stored(rows_batch(2), from)});
          break;
        case 2:
          call.answer_next(AdvancedAnswer{});
          break;
        case 3:
          call.answer_next(OffsetAnswer{8});
          break;
        default:
          call.answer_next(protocol::ProtocolError{ErrorCode::log_storage_exception, "x"});
      }
    }
  }
  if (!call.over()) call.deadline_passes();
  EXPECT_TRUE(call.over());
}

}  // namespace millrace::gateway
