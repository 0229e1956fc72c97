#include "protocol/api.hpp"

#include <array>
#include <cstddef>

namespace millrace::protocol {
namespace {

constexpr auto apis = std::to_array<Api>({
    {ApiKey::api_versions, "API_VERSIONS", 0, 0},
    {ApiKey::create_database, "CREATE_DATABASE", 0, 0},
    {ApiKey::drop_database, "DROP_DATABASE", 0, 0},
    {ApiKey::list_databases, "LIST_DATABASES", 0, 0},
    {ApiKey::database_exists, "DATABASE_EXISTS", 0, 0},
    {ApiKey::create_table, "CREATE_TABLE", 0, 0},
    {ApiKey::drop_table, "DROP_TABLE", 0, 0},
    {ApiKey::get_table_info, "GET_TABLE_INFO", 0, 0},
    {ApiKey::list_tables, "LIST_TABLES", 0, 0},
    {ApiKey::list_partition_infos, "LIST_PARTITION_INFOS", 0, 0},
    {ApiKey::table_exists, "TABLE_EXISTS", 0, 0},
    {ApiKey::get_table_schema, "GET_TABLE_SCHEMA", 0, 0},
    {ApiKey::get_metadata, "GET_METADATA", 0, 0},
    {ApiKey::update_metadata, "UPDATE_METADATA", 0, 0},
    {ApiKey::produce_log, "PRODUCE_LOG", 0, 0},
    {ApiKey::fetch_log, "FETCH_LOG", 0, 0},
    {ApiKey::put_kv, "PUT_KV", 0, 2},
    {ApiKey::lookup, "LOOKUP", 0, 1},
    {ApiKey::notify_leader_and_isr, "NOTIFY_LEADER_AND_ISR", 0, 0},
    {ApiKey::stop_replica, "STOP_REPLICA", 0, 0},
    {ApiKey::adjust_isr, "ADJUST_ISR", 0, 0},
    {ApiKey::list_offsets, "LIST_OFFSETS", 0, 0},
    {ApiKey::commit_kv_snapshot, "COMMIT_KV_SNAPSHOT", 0, 0},
    {ApiKey::get_latest_kv_snapshots, "GET_LATEST_KV_SNAPSHOTS", 0, 0},
    {ApiKey::get_kv_snapshot_metadata, "GET_KV_SNAPSHOT_METADATA", 0, 0},
    {ApiKey::get_filesystem_security_token, "GET_FILESYSTEM_SECURITY_TOKEN", 0, 0},
    {ApiKey::init_writer, "INIT_WRITER", 0, 0},
    {ApiKey::commit_remote_log_manifest, "COMMIT_REMOTE_LOG_MANIFEST", 0, 0},
    {ApiKey::notify_remote_log_offsets, "NOTIFY_REMOTE_LOG_OFFSETS", 0, 0},
    {ApiKey::notify_kv_snapshot_offset, "NOTIFY_KV_SNAPSHOT_OFFSET", 0, 0},
    {ApiKey::commit_lake_table_snapshot, "COMMIT_LAKE_TABLE_SNAPSHOT", 0, 0},
    {ApiKey::notify_lake_table_offset, "NOTIFY_LAKE_TABLE_OFFSET", 0, 0},
    {ApiKey::get_lake_snapshot, "GET_LAKE_SNAPSHOT", 0, 0},
    {ApiKey::limit_scan, "LIMIT_SCAN", 0, 0},
    {ApiKey::prefix_lookup, "PREFIX_LOOKUP", 0, 1},
    {ApiKey::get_database_info, "GET_DATABASE_INFO", 0, 0},
    {ApiKey::create_partition, "CREATE_PARTITION", 0, 0},
    {ApiKey::drop_partition, "DROP_PARTITION", 0, 0},
    {ApiKey::authenticate, "AUTHENTICATE", 0, 0},
    {ApiKey::create_acls, "CREATE_ACLS", 0, 0},
    {ApiKey::list_acls, "LIST_ACLS", 0, 0},
    {ApiKey::drop_acls, "DROP_ACLS", 0, 0},
    {ApiKey::lake_tiering_heartbeat, "LAKE_TIERING_HEARTBEAT", 0, 0},
    {ApiKey::controlled_shutdown, "CONTROLLED_SHUTDOWN", 0, 0},
    {ApiKey::alter_table, "ALTER_TABLE", 0, 0},
    {ApiKey::describe_cluster_configs, "DESCRIBE_CLUSTER_CONFIGS", 0, 0},
    {ApiKey::alter_cluster_configs, "ALTER_CLUSTER_CONFIGS", 0, 0},
    {ApiKey::add_server_tag, "ADD_SERVER_TAG", 0, 0},
    {ApiKey::remove_server_tag, "REMOVE_SERVER_TAG", 0, 0},
    {ApiKey::rebalance, "REBALANCE", 0, 0},
    {ApiKey::list_rebalance_progress, "LIST_REBALANCE_PROGRESS", 0, 0},
    {ApiKey::cancel_rebalance, "CANCEL_REBALANCE", 0, 0},
    {ApiKey::prepare_lake_table_snapshot, "PREPARE_LAKE_TABLE_SNAPSHOT", 0, 0},
    {ApiKey::register_producer_offsets, "REGISTER_PRODUCER_OFFSETS", 0, 0},
    {ApiKey::get_producer_offsets, "GET_PRODUCER_OFFSETS", 0, 0},
    {ApiKey::delete_producer_offsets, "DELETE_PRODUCER_OFFSETS", 0, 0},
    {ApiKey::acquire_kv_snapshot_lease, "ACQUIRE_KV_SNAPSHOT_LEASE", 0, 0},
    {ApiKey::release_kv_snapshot_lease, "RELEASE_KV_SNAPSHOT_LEASE", 0, 0},
    {ApiKey::drop_kv_snapshot_lease, "DROP_KV_SNAPSHOT_LEASE", 0, 0},
    {ApiKey::get_table_stats, "GET_TABLE_STATS", 0, 0},
    {ApiKey::alter_database, "ALTER_DATABASE", 0, 0},
    {ApiKey::scan_kv, "SCAN_KV", 0, 0},
    {ApiKey::get_cluster_health, "GET_CLUSTER_HEALTH", 0, 0},
    {ApiKey::list_remote_log_manifests, "LIST_REMOTE_LOG_MANIFESTS", 0, 0},
    {ApiKey::list_kv_snapshots, "LIST_KV_SNAPSHOTS", 0, 0},
    {ApiKey::add_server_tag_by_rack, "ADD_SERVER_TAG_BY_RACK", 0, 0},
    {ApiKey::remove_server_tag_by_rack, "REMOVE_SERVER_TAG_BY_RACK", 0, 0},
});

constexpr auto first_key = static_cast<std::int16_t>(apis.front().key);

constexpr bool keys_are_dense() {
  for (std::size_t i = 0; i < apis.size(); ++i) {
    if (static_cast<std::size_t>(apis[i].key) != static_cast<std::size_t>(first_key) + i)
      return false;
  }
  return true;
}
static_assert(keys_are_dense(), "find_api() indexes by key");

}  // namespace

std::span<const Api> all_apis() { return apis; }

std::optional<Api> find_api(std::int16_t key) {
  const int index = key - first_key;
  if (index < 0 || index >= static_cast<int>(apis.size())) return std::nullopt;
  return apis[static_cast<std::size_t>(index)];
}

}  // namespace millrace::protocol
