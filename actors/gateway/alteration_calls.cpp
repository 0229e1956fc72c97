#include "actors/gateway/alteration_calls.hpp"

#include <utility>

#include "actors/gateway/metadata_calls.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::Alteration;
using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::refuse;
using protocol::RequestFrame;

template <class Changes>
std::vector<protocol::ConfigChange> configs_of(const Changes& in) {
  std::vector<protocol::ConfigChange> changes;
  for (const wire::PbAlterConfig& change : in) {
    protocol::ConfigChange& out = changes.emplace_back();
    out.key = change.config_key();
    if (change.has_config_value()) out.value = change.config_value();
    out.operation = change.op_type();
  }
  return changes;
}

protocol::AddedColumn column_of(const wire::PbAddColumn& in) {
  protocol::AddedColumn out{
      in.column_name(), in.data_type_json(), {}, in.column_position_type(), in.agg_function_type()};
  if (in.has_comment()) out.comment = in.comment();
  return out;
}

Outcome<Alteration> alteration_of(const wire::AlterTableRequest& in) {
  if (in.has_modify_bucket_count()) {
    return refuse(ErrorCode::unsupported_version,
                  "The bucket count cannot be changed: that belongs to ALTER_TABLE v1.");
  }
  protocol::AlterTable out;
  out.database = in.table_path().database_name();
  out.name = in.table_path().table_name();
  out.ignore_if_missing = in.ignore_if_not_exists();
  out.configs = configs_of(in.config_changes());
  for (const wire::PbAddColumn& column : in.add_columns()) {
    out.added_columns.push_back(column_of(column));
  }
  if (in.drop_columns_size() > 0) out.other_change = "DROP COLUMN";
  if (in.rename_columns_size() > 0) out.other_change = "RENAME COLUMN";
  if (in.modify_columns_size() > 0) out.other_change = "MODIFY COLUMN";
  return out;
}

Outcome<Alteration> alteration_of(const wire::AlterDatabaseRequest& in) {
  protocol::AlterDatabase out{
      in.database_name(), in.ignore_if_not_exists(), configs_of(in.config_changes()), {}};
  if (in.has_comment()) out.comment = in.comment();
  return out;
}

Outcome<Alteration> alteration_of(const wire::AlterClusterConfigsRequest& in) {
  return protocol::AlterClusterConfigs{configs_of(in.alter_configs())};
}

Outcome<Alteration> alteration_of(const wire::AddServerTagRequest& in) {
  return protocol::TagServers{
      {in.server_ids().begin(), in.server_ids().end()}, in.server_tag(), false};
}

Outcome<Alteration> alteration_of(const wire::RemoveServerTagRequest& in) {
  return protocol::TagServers{
      {in.server_ids().begin(), in.server_ids().end()}, in.server_tag(), true};
}

template <class Request>
std::unique_ptr<Call> parse(const RequestFrame& frame) {
  auto request = protocol::parse_message<Request>(frame.body.bytes());
  if (!request) return make_finished_call(RespondError{to_protocol(request.error())});
  auto alteration = alteration_of(*request);
  if (!alteration) return make_finished_call(RespondError{alteration.error()});
  return make_command_call(std::move(*alteration));
}

}  // namespace

std::unique_ptr<Call> make_alteration_call(const RequestFrame& request) {
  switch (static_cast<ApiKey>(request.api_key)) {
    case ApiKey::alter_table:
      return parse<wire::AlterTableRequest>(request);
    case ApiKey::alter_database:
      return parse<wire::AlterDatabaseRequest>(request);
    case ApiKey::alter_cluster_configs:
      return parse<wire::AlterClusterConfigsRequest>(request);
    case ApiKey::add_server_tag:
      return parse<wire::AddServerTagRequest>(request);
    default:
      return parse<wire::RemoveServerTagRequest>(request);
  }
}

}  // namespace millrace::gateway
