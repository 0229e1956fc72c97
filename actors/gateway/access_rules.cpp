#include "actors/gateway/access_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "actors/gateway/make_call.hpp"
#include "actors/gateway/metadata_calls.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;
using protocol::ErrorCode;
using protocol::Operation;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::RequestFrame;
using protocol::Resource;

using enum protocol::Operation;

// In key order. Some of these are not served yet: they are not open when they will be.
constexpr auto rules = std::to_array<AccessRule>({
    {ApiKey::api_versions, any, About::nothing},
    {ApiKey::create_database, create, About::cluster},
    {ApiKey::drop_database, drop, About::database},
    {ApiKey::list_databases, describe, About::by_item},
    {ApiKey::database_exists, describe, About::by_item},
    {ApiKey::create_table, create, About::table},  // Of its database: see resource_of().
    {ApiKey::drop_table, drop, About::table},
    {ApiKey::get_table_info, describe, About::table},
    {ApiKey::list_tables, describe, About::by_item},
    {ApiKey::list_partition_infos, describe, About::table},
    {ApiKey::table_exists, describe, About::by_item},
    {ApiKey::get_table_schema, describe, About::table},
    {ApiKey::get_metadata, describe, About::by_item},
    {ApiKey::produce_log, write, About::by_item},
    {ApiKey::fetch_log, read, About::by_item},
    {ApiKey::put_kv, write, About::table_id_in_2},
    {ApiKey::lookup, write, About::table_id},  // READ is enough without insert_if_not_exists.
    {ApiKey::list_offsets, describe, About::by_item},
    {ApiKey::get_latest_kv_snapshots, describe, About::table},
    {ApiKey::get_kv_snapshot_metadata, describe, About::table_id},
    {ApiKey::get_filesystem_security_token, any, About::nothing},
    {ApiKey::init_writer, write, About::any_table},
    {ApiKey::get_lake_snapshot, describe, About::table},
    {ApiKey::limit_scan, read, About::table_id_in_2},
    {ApiKey::prefix_lookup, read, About::table_id},
    {ApiKey::get_database_info, describe, About::database},
    {ApiKey::create_partition, write, About::table},
    {ApiKey::drop_partition, write, About::table},
    {ApiKey::authenticate, any, About::nothing},
    {ApiKey::create_acls, all, About::by_item},
    {ApiKey::list_acls, describe, About::by_item},
    {ApiKey::drop_acls, all, About::by_item},
    {ApiKey::alter_table, alter, About::table},
    {ApiKey::describe_cluster_configs, describe, About::cluster},
    {ApiKey::alter_cluster_configs, alter, About::cluster},
    {ApiKey::add_server_tag, alter, About::cluster},
    {ApiKey::remove_server_tag, alter, About::cluster},
    {ApiKey::rebalance, write, About::cluster},
    {ApiKey::list_rebalance_progress, describe, About::cluster},
    {ApiKey::cancel_rebalance, write, About::cluster},
    {ApiKey::get_table_stats, read, About::table_id},
    {ApiKey::alter_database, alter, About::database},
    {ApiKey::get_cluster_health, describe, About::cluster},
    {ApiKey::list_remote_log_manifests, describe, About::table_id},
    {ApiKey::list_kv_snapshots, describe, About::table_id},
    {ApiKey::add_server_tag_by_rack, alter, About::cluster},
    {ApiKey::remove_server_tag_by_rack, alter, About::cluster},
});

const AccessRule* find_rule(std::int16_t key) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return static_cast<std::int16_t>(rule.api) == key;
  });
  return found == rules.end() ? nullptr : &*found;
}

bool is_served(std::int16_t key) {
  const auto apis = served_apis();
  return std::any_of(apis.begin(), apis.end(), [&](const protocol::Api& api) {
    return static_cast<std::int16_t>(api.key) == key;
  });
}

ProtocolError denial(const CallContext& context, Operation operation, const std::string& what) {
  return {ErrorCode::authorization_exception,
          fmt::format("Principal {} has no permission to {} {}.",
                      to_string(context.caller.principal), name_of(operation), what)};
}

template <class Message>
Outcome<Message> parse(const RequestFrame& request) {
  auto message = protocol::parse_message<Message>(request.body.bytes());
  if (!message) return tl::unexpected<ProtocolError>(to_protocol(message.error()));
  return std::move(*message);
}

Resource resource_of(const AccessRule& rule, const wire::PbTablePath& path) {
  if (rule.api == ApiKey::create_table) return protocol::database_resource(path.database_name());
  return protocol::table_resource(path.database_name(), path.table_name());
}

/// What the request is about; several where one is enough. Nothing of an unknown table.
Outcome<std::vector<Resource>> resources_of(const CallContext& context, const AccessRule& rule,
                                            const RequestFrame& request) {
  const auto of_id = [&](auto message) -> Outcome<std::vector<Resource>> {
    if (!message) return tl::unexpected<ProtocolError>(message.error());
    const auto table = context.view.catalog.find_table(TableId{message->table_id()});
    if (!table) return std::vector<Resource>{};
    return std::vector{protocol::table_resource(table->database, table->name)};
  };
  switch (rule.about) {
    case About::cluster:
      return std::vector{protocol::cluster_resource()};
    case About::database: {
      auto message = parse<wire::AboutDatabase>(request);
      if (!message) return tl::unexpected<ProtocolError>(message.error());
      return std::vector{protocol::database_resource(message->database_name())};
    }
    case About::table: {
      auto message = parse<wire::AboutTable>(request);
      if (!message) return tl::unexpected<ProtocolError>(message.error());
      return std::vector{resource_of(rule, message->table_path())};
    }
    case About::any_table: {
      auto message = parse<wire::AboutTables>(request);
      if (!message) return tl::unexpected<ProtocolError>(message.error());
      std::vector<Resource> resources;
      for (const auto& path : message->table_path()) resources.push_back(resource_of(rule, path));
      return resources;
    }
    case About::table_id:
      return of_id(parse<wire::AboutTableId>(request));
    case About::table_id_in_2:
      return of_id(parse<wire::AboutScannedTableId>(request));
    default:
      return std::vector<Resource>{};
  }
}

}  // namespace

std::span<const AccessRule> access_rules() { return rules; }

std::optional<ProtocolError> why_denied(const CallContext& context, Operation operation,
                                        const Resource& resource) {
  if (may(context, operation, resource)) return std::nullopt;
  if (context.view.members.empty()) {
    // Whoever has heard of nobody has not heard of permissions either.
    return ProtocolError{ErrorCode::request_time_out, "This server has just started; retry."};
  }
  return denial(context, operation, to_string(resource));
}

std::optional<ProtocolError> why_denied(const CallContext& context, TableId id,
                                        Operation operation) {
  if (context.caller.authorizer == nullptr) return std::nullopt;
  const auto table = context.view.catalog.find_table(id);
  if (!table) return std::nullopt;
  return why_denied(context, operation, protocol::table_resource(table->database, table->name));
}

std::optional<ProtocolError> why_denied(const CallContext& context, const RequestFrame& request) {
  if (context.caller.authorizer == nullptr || context.caller.passes_all) return std::nullopt;
  const AccessRule* rule = find_rule(request.api_key);
  if (rule == nullptr) {
    if (!is_served(request.api_key)) return std::nullopt;  // Which the call will say.
    return denial(context, Operation::any, fmt::format("API {}", request.api_key));
  }
  const auto resources = resources_of(context, *rule, request);
  if (!resources) return resources.error();
  std::optional<ProtocolError> denied;
  for (const Resource& resource : *resources) {
    denied = why_denied(context, rule->operation, resource);
    if (!denied) return std::nullopt;
  }
  if (rule->about == About::any_table && resources->empty()) {
    return denial(context, rule->operation, "without naming a table");
  }
  return denied;
}

std::unique_ptr<Call> make_admitted_call(Authenticator& authenticator, const CallContext& context,
                                         const RequestFrame& request) {
  if (auto answer = authenticator.answer(request)) return make_finished_call(std::move(*answer));
  if (auto denied = why_denied(context, request)) {
    return make_finished_call(RespondError{std::move(*denied)});
  }
  return make_call(request);
}

}  // namespace millrace::gateway
