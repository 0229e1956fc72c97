#include "actors/gateway/view_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "actors/gateway/cluster_answers.hpp"
#include "actors/gateway/metadata_answer.hpp"
#include "actors/gateway/view_lookups.hpp"
#include "protocol/api.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;
using Body = std::vector<Buffer>;

// Everybody may know of it. Source: Fluss DATABASE_EXISTS v0.
constexpr std::string_view default_database = "fluss";

Body body_of(const google::protobuf::MessageLite& message) {
  return {protocol::serialize(message)};
}

Outcome<const DatabaseInfo*> find_database(const ClusterView& view, const std::string& name) {
  const DatabaseInfo* database = view.catalog.find_database(name);
  if (database != nullptr) return database;
  return refuse(ErrorCode::database_not_exist, fmt::format("Database {} does not exist.", name));
}

bool may_describe(const CallContext& context, const std::string& database) {
  return may(context, protocol::Operation::describe, protocol::database_resource(database));
}

Outcome<Body> answer(const CallContext& context, const wire::ListDatabasesRequest& request) {
  wire::ListDatabasesResponse response;
  for (const auto& [name, database] : context.view.catalog.databases()) {
    if (!may_describe(context, name)) continue;
    if (!request.include_summary()) {
      response.add_database_name(name);
      continue;
    }
    auto* summary = response.add_database_summary();
    summary->set_database_name(name);
    summary->set_created_time(database.created_at);
    summary->set_table_count(
        static_cast<std::int32_t>(context.view.catalog.tables_of(name).size()));
  }
  return body_of(response);
}

Outcome<Body> answer(const CallContext& context, const wire::DatabaseExistsRequest& request) {
  wire::DatabaseExistsResponse response;
  const std::string& name = request.database_name();
  const bool may_know = name == default_database || may_describe(context, name);
  response.set_exists(may_know && context.view.catalog.find_database(name) != nullptr);
  return body_of(response);
}

Outcome<Body> answer(const ClusterView& view, const wire::GetDatabaseInfoRequest& request) {
  auto database = find_database(view, request.database_name());
  if (!database) return tl::unexpected<ProtocolError>(database.error());
  wire::GetDatabaseInfoResponse response;
  response.set_database_json(protocol::to_json((*database)->descriptor));
  response.set_created_time((*database)->created_at);
  response.set_modified_time((*database)->modified_at);
  return body_of(response);
}

Outcome<Body> answer(const ClusterView& view, const wire::GetTableInfoRequest& request) {
  auto table = find_table(view, request.table_path());
  if (!table) return tl::unexpected<ProtocolError>(table.error());
  wire::GetTableInfoResponse response;
  response.set_table_id((*table)->id.value());
  response.set_schema_id((*table)->schema_id);
  response.set_table_json(protocol::to_json((*table)->descriptor));
  response.set_created_time((*table)->created_at);
  response.set_modified_time((*table)->modified_at);
  return body_of(response);
}

Outcome<Body> answer(const CallContext& context, const wire::ListTablesRequest& request) {
  auto database = find_database(context.view, request.database_name());
  if (!database) return tl::unexpected<ProtocolError>(database.error());
  wire::ListTablesResponse response;
  for (std::string& name : context.view.catalog.tables_of(request.database_name())) {
    if (!may_describe(context, request.database_name(), name)) continue;
    response.add_table_name(std::move(name));
  }
  return body_of(response);
}

Outcome<Body> answer(const CallContext& context, const wire::TableExistsRequest& request) {
  wire::TableExistsResponse response;
  response.set_exists(may_describe(context, request.table_path()) &&
                      find_table(context.view, request.table_path()).has_value());
  return body_of(response);
}

Outcome<Body> answer(const ClusterView& view, const wire::GetTableSchemaRequest& request) {
  auto table = find_table(view, request.table_path());
  if (!table) return tl::unexpected<ProtocolError>(table.error());
  const std::int32_t id = request.has_schema_id() ? request.schema_id() : (*table)->schema_id;
  const protocol::Schema* schema = (*table)->find_schema(id);
  if (schema == nullptr) {
    return refuse(ErrorCode::schema_not_exist, fmt::format("Schema {} does not exist.", id));
  }
  wire::GetTableSchemaResponse response;
  response.set_schema_id(id);
  response.set_schema_json(protocol::to_json(*schema));
  return body_of(response);
}

/// The values asked for, by position of their keys.
Outcome<std::vector<std::optional<std::string>>> wanted_values(const std::vector<std::string>& keys,
                                                               const wire::PbPartitionSpec& spec) {
  std::vector<std::optional<std::string>> wanted(keys.size());
  for (const auto& entry : spec.partition_key_values()) {
    const auto key = std::find(keys.begin(), keys.end(), entry.key());
    if (key == keys.end()) {
      return refuse(ErrorCode::partition_spec_invalid_exception,
                    fmt::format("{} is not a partition key.", protocol::wire_text(entry.key())));
    }
    wanted[static_cast<std::size_t>(key - keys.begin())] = entry.value();
  }
  return wanted;
}

void write(wire::PbPartitionInfo& out, const std::vector<std::string>& keys,
           const PartitionInfo& partition) {
  out.set_partition_id(partition.id.value());
  out.set_bucket_count(static_cast<std::int32_t>(partition.buckets.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto* entry = out.mutable_partition_spec()->add_partition_key_values();
    entry->set_key(keys[i]);
    entry->set_value(partition.values.at(i));
  }
}

Outcome<Body> answer(const ClusterView& view, const wire::ListPartitionInfosRequest& request) {
  auto found = find_table(view, request.table_path());
  if (!found) return tl::unexpected<ProtocolError>(found.error());
  const TableInfo& table = **found;
  const std::vector<std::string>& keys = table.descriptor.partition_keys;
  if (keys.empty()) {
    return refuse(ErrorCode::table_not_partitioned_exception,
                  fmt::format("Table {}.{} is not partitioned.", table.database, table.name));
  }
  auto wanted = wanted_values(keys, request.partial_partition_spec());
  if (!wanted) return tl::unexpected<ProtocolError>(wanted.error());
  wire::ListPartitionInfosResponse response;
  for (const auto& partition : view.catalog.partitions_of(table.id).all()) {
    const bool matches =
        std::equal(wanted->begin(), wanted->end(), partition->values.begin(),
                   [](const auto& want, const auto& value) { return !want || *want == value; });
    if (matches) write(*response.add_partitions_info(), keys, *partition);
  }
  return body_of(response);
}

Outcome<Body> answer(const CallContext& context, const wire::MetadataRequest& request) {
  return answer_metadata(context, request);
}

template <class Request>
Outcome<Body> parse_and_answer(const CallContext& context, const protocol::RequestFrame& frame) {
  auto request = protocol::parse_message<Request>(frame.body.bytes());
  if (!request) return tl::unexpected<ProtocolError>(to_protocol(request.error()));
  // An answer that depends on who asks takes the whole context.
  if constexpr (requires { answer(context, *request); }) {
    return answer(context, *request);
  } else {
    return answer(context.view, *request);
  }
}

/// For requests that say nothing else.
template <class Request>
std::optional<ProtocolError> why_bad(const protocol::RequestFrame& frame) {
  auto request = protocol::parse_message<Request>(frame.body.bytes());
  if (request) return std::nullopt;
  return to_protocol(request.error());
}

}  // namespace

Outcome<Body> answer_from_view(const CallContext& context, const protocol::RequestFrame& request) {
  switch (static_cast<ApiKey>(request.api_key)) {
    case ApiKey::list_databases:
      return parse_and_answer<wire::ListDatabasesRequest>(context, request);
    case ApiKey::database_exists:
      return parse_and_answer<wire::DatabaseExistsRequest>(context, request);
    case ApiKey::get_database_info:
      return parse_and_answer<wire::GetDatabaseInfoRequest>(context, request);
    case ApiKey::get_table_info:
      return parse_and_answer<wire::GetTableInfoRequest>(context, request);
    case ApiKey::list_tables:
      return parse_and_answer<wire::ListTablesRequest>(context, request);
    case ApiKey::table_exists:
      return parse_and_answer<wire::TableExistsRequest>(context, request);
    case ApiKey::get_table_schema:
      return parse_and_answer<wire::GetTableSchemaRequest>(context, request);
    case ApiKey::list_partition_infos:
      return parse_and_answer<wire::ListPartitionInfosRequest>(context, request);
    case ApiKey::get_metadata:
      return parse_and_answer<wire::MetadataRequest>(context, request);
    case ApiKey::get_filesystem_security_token:
      if (auto bad = why_bad<wire::GetFileSystemSecurityTokenRequest>(request)) {
        return tl::unexpected<ProtocolError>(std::move(*bad));
      }
      return describe_remote_storage();
    case ApiKey::describe_cluster_configs:
      if (auto bad = why_bad<wire::DescribeClusterConfigsRequest>(request)) {
        return tl::unexpected<ProtocolError>(std::move(*bad));
      }
      return describe_cluster_configs(context);
    case ApiKey::get_cluster_health:
      if (auto bad = why_bad<wire::GetClusterHealthRequest>(request)) {
        return tl::unexpected<ProtocolError>(std::move(*bad));
      }
      return describe_cluster_health(context.view);
    default:
      return refuse(ErrorCode::unsupported_version, "not an API that a view answers");
  }
}

bool says_missing(const ProtocolError& error) {
  return error.code == ErrorCode::table_not_exist || error.code == ErrorCode::database_not_exist ||
         error.code == ErrorCode::schema_not_exist || error.code == ErrorCode::partition_not_exists;
}

}  // namespace millrace::gateway
