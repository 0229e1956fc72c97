#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace millrace::protocol {

/// What a server answers when it cannot do what was asked. The enumerators are the protocol's own
/// names in lower case ("sever" is spelt so there). Codes from 64 on are unknown to clients older
/// than 1.0 and become unknown_server_error in them. Source: Fluss error codes of client 1.0.0.
enum class ErrorCode : std::int32_t {
  unknown_server_error = -1,
  none = 0,
  network_exception = 1,
  unsupported_version = 2,
  corrupt_message = 3,
  database_not_exist = 4,
  database_not_empty = 5,
  database_already_exist = 6,
  table_not_exist = 7,
  table_already_exist = 8,
  schema_not_exist = 9,
  log_storage_exception = 10,
  kv_storage_exception = 11,
  not_leader_or_follower = 12,
  record_too_large_exception = 13,
  corrupt_record_exception = 14,
  invalid_table_exception = 15,
  invalid_database_exception = 16,
  invalid_replication_factor = 17,
  invalid_required_acks = 18,
  log_offset_out_of_range_exception = 19,
  non_primary_key_table_exception = 20,
  unknown_table_or_bucket_exception = 21,
  invalid_update_version_exception = 22,
  invalid_coordinator_exception = 23,
  fenced_leader_epoch_exception = 24,
  request_time_out = 25,
  storage_exception = 26,
  operation_not_attempted_exception = 27,
  not_enough_replicas_after_append_exception = 28,
  not_enough_replicas_exception = 29,
  security_token_exception = 30,
  out_of_order_sequence_exception = 31,
  duplicate_sequence_exception = 32,
  unknown_writer_id_exception = 33,
  invalid_column_projection = 34,
  invalid_target_column = 35,
  partition_not_exists = 36,
  table_not_partitioned_exception = 37,
  invalid_timestamp_exception = 38,
  invalid_config_exception = 39,
  lake_storage_not_configured_exception = 40,
  kv_snapshot_not_exist = 41,
  partition_already_exists = 42,
  partition_spec_invalid_exception = 43,
  leader_not_available_exception = 44,
  partition_max_num_exception = 45,
  authenticate_exception = 46,
  security_disabled_exception = 47,
  authorization_exception = 48,
  bucket_max_num_exception = 49,
  fenced_tiering_epoch_exception = 50,
  retriable_authenticate_exception = 51,
  invalid_server_rack_info_exception = 52,
  lake_snapshot_not_exist = 53,
  lake_table_already_exist = 54,
  ineligible_replica_exception = 55,
  invalid_alter_table_exception = 56,
  deletion_disabled_exception = 57,
  server_not_exist_exception = 58,
  sever_tag_already_exist_exception = 59,
  sever_tag_not_exist_exception = 60,
  rebalance_failure_exception = 61,
  no_rebalance_in_progress_exception = 62,
  invalid_producer_id_exception = 63,
  config_exception = 64,
  not_coordinator_leader_exception = 65,
  scanner_expired = 66,
  unknown_scanner_id = 67,
  invalid_scan_request = 68,
  too_many_scanners = 69,
  disk_write_locked = 70,
  insufficient_kv_leader_replica_capacity = 71,
  storage_backpressure_exception = 72,
  historical_partition_throttled = 73,
  invalid_bucket_routing = 74,
};

/// The code of a number on the wire; unknown numbers give unknown_server_error, as in clients.
[[nodiscard]] ErrorCode error_code_of(std::int32_t number);

/// The protocol's name, "TABLE_NOT_EXIST".
[[nodiscard]] std::string_view name_of(ErrorCode code);

/// One sentence for people, for when nothing more precise is known.
[[nodiscard]] std::string_view default_message(ErrorCode code);

/// True when clients send the request again by themselves, without asking the application.
[[nodiscard]] bool is_retriable(ErrorCode code);

/// An outcome that a client shall see. Never a secret in the message, never a whole row.
struct ProtocolError {
  ErrorCode code = ErrorCode::unknown_server_error;
  std::string message;

  friend bool operator==(const ProtocolError&, const ProtocolError&) = default;
};

template <class T>
using Outcome = tl::expected<T, ProtocolError>;

/// A protocol error as a value that converts to any Outcome.
[[nodiscard]] tl::unexpected<ProtocolError> refuse(ErrorCode code, std::string message);

/// Text that may go into a string field of a message: at most 2048 bytes, and every byte that is
/// not part of valid UTF-8 replaced by '?', because some clients drop a whole answer over one.
[[nodiscard]] std::string wire_text(std::string_view text);

}  // namespace millrace::protocol
