#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace millrace::protocol {

/// What a request asks for. Source: Fluss API keys of client 1.0.0.
enum class ApiKey : std::int16_t {
  api_versions = 1000,
  create_database = 1001,
  drop_database = 1002,
  list_databases = 1003,
  database_exists = 1004,
  create_table = 1005,
  drop_table = 1006,
  get_table_info = 1007,
  list_tables = 1008,
  list_partition_infos = 1009,
  table_exists = 1010,
  get_table_schema = 1011,
  get_metadata = 1012,
  update_metadata = 1013,
  produce_log = 1014,
  fetch_log = 1015,
  put_kv = 1016,
  lookup = 1017,
  notify_leader_and_isr = 1018,
  stop_replica = 1019,
  adjust_isr = 1020,
  list_offsets = 1021,
  commit_kv_snapshot = 1022,
  get_latest_kv_snapshots = 1023,
  get_kv_snapshot_metadata = 1024,
  get_filesystem_security_token = 1025,
  init_writer = 1026,
  commit_remote_log_manifest = 1027,
  notify_remote_log_offsets = 1028,
  notify_kv_snapshot_offset = 1029,
  commit_lake_table_snapshot = 1030,
  notify_lake_table_offset = 1031,
  get_lake_snapshot = 1032,
  limit_scan = 1033,
  prefix_lookup = 1034,
  get_database_info = 1035,
  create_partition = 1036,
  drop_partition = 1037,
  authenticate = 1038,
  create_acls = 1039,
  list_acls = 1040,
  drop_acls = 1041,
  lake_tiering_heartbeat = 1042,
  controlled_shutdown = 1043,
  alter_table = 1044,
  describe_cluster_configs = 1045,
  alter_cluster_configs = 1046,
  add_server_tag = 1047,
  remove_server_tag = 1048,
  rebalance = 1049,
  list_rebalance_progress = 1050,
  cancel_rebalance = 1051,
  prepare_lake_table_snapshot = 1052,
  register_producer_offsets = 1053,
  get_producer_offsets = 1054,
  delete_producer_offsets = 1055,
  acquire_kv_snapshot_lease = 1056,
  release_kv_snapshot_lease = 1057,
  drop_kv_snapshot_lease = 1058,
  get_table_stats = 1059,
  alter_database = 1060,
  scan_kv = 1061,
  get_cluster_health = 1062,
  list_remote_log_manifests = 1063,
  list_kv_snapshots = 1064,
  add_server_tag_by_rack = 1065,
  remove_server_tag_by_rack = 1066,
};

struct Api {
  ApiKey key;
  std::string_view name;  ///< The protocol's name, "FETCH_LOG".
  std::int16_t version_min;
  std::int16_t version_max;
};

/// Every API of the protocol in key order, private ones between servers too. The versions are those
/// whose rules this code follows; which APIs a build serves is the gateway's own list.
[[nodiscard]] std::span<const Api> all_apis();

/// Empty for a key that the protocol does not have.
[[nodiscard]] std::optional<Api> find_api(std::int16_t key);

}  // namespace millrace::protocol
