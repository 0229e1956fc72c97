#include "actors/gateway/make_call.hpp"

#include <fmt/format.h>

#include "actors/gateway/acl_calls.hpp"
#include "actors/gateway/alteration_calls.hpp"
#include "actors/gateway/log_calls.hpp"
#include "actors/gateway/metadata_calls.hpp"

namespace millrace::gateway {

std::unique_ptr<Call> make_call(const protocol::RequestFrame& request) {
  using protocol::ApiKey;
  switch (static_cast<ApiKey>(request.api_key)) {
    case ApiKey::api_versions:
      return make_handshake_call(request);
    case ApiKey::list_databases:
    case ApiKey::database_exists:
    case ApiKey::get_database_info:
    case ApiKey::get_table_info:
    case ApiKey::list_tables:
    case ApiKey::table_exists:
    case ApiKey::get_table_schema:
    case ApiKey::list_partition_infos:
    case ApiKey::get_metadata:
    case ApiKey::describe_cluster_configs:
    case ApiKey::get_cluster_health:
    case ApiKey::get_filesystem_security_token:
      return make_view_call(request);
    case ApiKey::create_database:
    case ApiKey::drop_database:
    case ApiKey::create_table:
    case ApiKey::drop_table:
    case ApiKey::create_partition:
    case ApiKey::drop_partition:
    case ApiKey::init_writer:
      return make_coordinator_call(request);
    case ApiKey::create_acls:
    case ApiKey::list_acls:
    case ApiKey::drop_acls:
      return make_acl_call(request);
    case ApiKey::alter_table:
    case ApiKey::alter_database:
    case ApiKey::alter_cluster_configs:
    case ApiKey::add_server_tag:
    case ApiKey::remove_server_tag:
      return make_alteration_call(request);
    case ApiKey::produce_log:
      return make_produce_call(request);
    case ApiKey::fetch_log:
      return make_fetch_call(request);
    case ApiKey::list_offsets:
      return make_offsets_call(request);
    case ApiKey::limit_scan:
      return make_limit_scan_call(request);
    case ApiKey::get_table_stats:
      return make_table_stats_call(request);
    default:
      return make_finished_call(
          RespondError{{protocol::ErrorCode::unsupported_version,
                        fmt::format("API {} is not supported by this server.", request.api_key)}});
  }
}

}  // namespace millrace::gateway
