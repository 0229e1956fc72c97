#include "protocol/error_code.hpp"

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "base/check.hpp"

namespace millrace::protocol {
namespace {

struct Entry {
  std::string_view name;
  std::string_view message;
  bool retriable;
};

constexpr std::int32_t first_code = -1;

/// Row i describes code first_code + i.
constexpr auto entries = std::to_array<Entry>({
    {"UNKNOWN_SERVER_ERROR", "The server failed in an unexpected way.", false},
    {"NONE", "No error.", false},
    {"NETWORK_EXCEPTION", "The connection to the server was lost.", true},
    {"UNSUPPORTED_VERSION", "The server does not support this API or version.", false},
    {"CORRUPT_MESSAGE", "The message is damaged.", true},
    {"DATABASE_NOT_EXIST", "The database does not exist.", false},
    {"DATABASE_NOT_EMPTY", "The database is not empty.", false},
    {"DATABASE_ALREADY_EXIST", "The database already exists.", false},
    {"TABLE_NOT_EXIST", "The table does not exist.", false},
    {"TABLE_ALREADY_EXIST", "The table already exists.", false},
    {"SCHEMA_NOT_EXIST", "The schema does not exist.", true},
    {"LOG_STORAGE_EXCEPTION", "The log storage failed.", true},
    {"KV_STORAGE_EXCEPTION", "The key-value storage failed.", true},
    {"NOT_LEADER_OR_FOLLOWER", "The server is not the leader or a follower of the bucket.", true},
    {"RECORD_TOO_LARGE_EXCEPTION", "The record batch is larger than the server accepts.", false},
    {"CORRUPT_RECORD_EXCEPTION", "The record batch is damaged.", true},
    {"INVALID_TABLE_EXCEPTION", "The table is invalid or not supported.", false},
    {"INVALID_DATABASE_EXCEPTION", "The database is invalid.", false},
    {"INVALID_REPLICATION_FACTOR",
     "The replication factor is not positive or exceeds the live servers.", false},
    {"INVALID_REQUIRED_ACKS", "The required acknowledgements must be 0, 1 or -1.", false},
    {"LOG_OFFSET_OUT_OF_RANGE_EXCEPTION", "The log offset is out of range.", false},
    {"NON_PRIMARY_KEY_TABLE_EXCEPTION", "The table has no primary key.", false},
    {"UNKNOWN_TABLE_OR_BUCKET_EXCEPTION", "The table or bucket is unknown to the server.", true},
    {"INVALID_UPDATE_VERSION_EXCEPTION", "The update version is invalid.", false},
    {"INVALID_COORDINATOR_EXCEPTION", "The coordinator is not valid.", false},
    {"FENCED_LEADER_EPOCH_EXCEPTION", "The leader epoch is fenced.", false},
    {"REQUEST_TIME_OUT", "The request timed out.", true},
    {"STORAGE_EXCEPTION", "The storage failed.", true},
    {"OPERATION_NOT_ATTEMPTED_EXCEPTION", "The operation was not attempted.", false},
    {"NOT_ENOUGH_REPLICAS_AFTER_APPEND_EXCEPTION",
     "The batch was appended to fewer in-sync replicas than required.", true},
    {"NOT_ENOUGH_REPLICAS_EXCEPTION", "There are fewer in-sync replicas than required.", true},
    {"SECURITY_TOKEN_EXCEPTION", "The security token could not be obtained.", false},
    {"OUT_OF_ORDER_SEQUENCE_EXCEPTION", "The batch sequence is out of order.", false},
    {"DUPLICATE_SEQUENCE_EXCEPTION", "The batch sequence is a duplicate.", false},
    {"UNKNOWN_WRITER_ID_EXCEPTION", "The writer id is unknown.", false},
    {"INVALID_COLUMN_PROJECTION", "The column projection is invalid.", false},
    {"INVALID_TARGET_COLUMN", "The target columns are invalid.", false},
    {"PARTITION_NOT_EXISTS", "The partition does not exist.", false},
    {"TABLE_NOT_PARTITIONED_EXCEPTION", "The table is not partitioned.", false},
    {"INVALID_TIMESTAMP_EXCEPTION", "The timestamp is invalid.", false},
    {"INVALID_CONFIG_EXCEPTION", "The configuration is invalid.", false},
    {"LAKE_STORAGE_NOT_CONFIGURED_EXCEPTION", "No lake storage is configured.", false},
    {"KV_SNAPSHOT_NOT_EXIST", "The key-value snapshot does not exist.", false},
    {"PARTITION_ALREADY_EXISTS", "The partition already exists.", false},
    {"PARTITION_SPEC_INVALID_EXCEPTION", "The partition spec is invalid.", false},
    {"LEADER_NOT_AVAILABLE_EXCEPTION", "The bucket has no leader.", true},
    {"PARTITION_MAX_NUM_EXCEPTION", "The table has too many partitions.", false},
    {"AUTHENTICATE_EXCEPTION", "The authentication failed.", false},
    {"SECURITY_DISABLED_EXCEPTION", "Security is disabled.", false},
    {"AUTHORIZATION_EXCEPTION", "The caller is not authorized.", false},
    {"BUCKET_MAX_NUM_EXCEPTION", "The table has too many buckets.", false},
    {"FENCED_TIERING_EPOCH_EXCEPTION", "The tiering epoch is fenced.", false},
    {"RETRIABLE_AUTHENTICATE_EXCEPTION", "The authentication failed and may be retried.", false},
    {"INVALID_SERVER_RACK_INFO_EXCEPTION", "The rack of the server is invalid.", false},
    {"LAKE_SNAPSHOT_NOT_EXIST", "The lake snapshot does not exist.", false},
    {"LAKE_TABLE_ALREADY_EXIST", "The lake table already exists.", false},
    {"INELIGIBLE_REPLICA_EXCEPTION", "The replica is not eligible.", false},
    {"INVALID_ALTER_TABLE_EXCEPTION", "The alteration of the table is invalid.", false},
    {"DELETION_DISABLED_EXCEPTION", "Deletion is disabled for the table.", false},
    {"SERVER_NOT_EXIST_EXCEPTION", "The server does not exist.", false},
    {"SEVER_TAG_ALREADY_EXIST_EXCEPTION", "The server already has another tag.", false},
    {"SEVER_TAG_NOT_EXIST_EXCEPTION", "The server does not have this tag.", false},
    {"REBALANCE_FAILURE_EXCEPTION", "The rebalance failed.", false},
    {"NO_REBALANCE_IN_PROGRESS_EXCEPTION", "No rebalance is in progress.", false},
    {"INVALID_PRODUCER_ID_EXCEPTION", "The producer id is invalid.", false},
    {"CONFIG_EXCEPTION", "The cluster configuration is invalid.", false},
    {"NOT_COORDINATOR_LEADER_EXCEPTION", "The coordinator is not in office.", false},
    {"SCANNER_EXPIRED", "The scanner has expired.", false},
    {"UNKNOWN_SCANNER_ID", "The scanner id is unknown.", false},
    {"INVALID_SCAN_REQUEST", "The scan request is invalid.", false},
    {"TOO_MANY_SCANNERS", "There are too many scanners.", false},
    {"DISK_WRITE_LOCKED", "The disk is too full to accept writes.", true},
    {"INSUFFICIENT_KV_LEADER_REPLICA_CAPACITY", "The cluster cannot hold more key-value leaders.",
     false},
    {"STORAGE_BACKPRESSURE_EXCEPTION", "The storage is overloaded.", true},
    {"HISTORICAL_PARTITION_THROTTLED", "Requests to historical partitions are throttled.", true},
    {"INVALID_BUCKET_ROUTING", "The bucket count used for routing is not the table's.", false},
});

static_assert(std::ssize(entries) ==
                  static_cast<std::int32_t>(ErrorCode::invalid_bucket_routing) - first_code + 1,
              "one row per code");

bool is_known(std::int32_t number) {
  return number >= first_code && number < first_code + static_cast<std::int32_t>(entries.size());
}

const Entry& entry_of(ErrorCode code) {
  const auto number = static_cast<std::int32_t>(code);
  CHECK(is_known(number));
  return entries[static_cast<std::size_t>(number - first_code)];
}

/// Length of the UTF-8 sequence that `text` starts with, 0 if it is not valid.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    // Neither overlong forms nor surrogates.
    const bool second = tail(1, first == 0xe0 ? 0xa0U : 0x80U, first == 0xed ? 0x9fU : 0xbfU);
    return second && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    // Neither overlong forms nor code points past U+10FFFF.
    const bool second = tail(1, first == 0xf0 ? 0x90U : 0x80U, first == 0xf4 ? 0x8fU : 0xbfU);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

constexpr std::size_t wire_text_bytes_max = 2048;

}  // namespace

ErrorCode error_code_of(std::int32_t number) {
  return is_known(number) ? static_cast<ErrorCode>(number) : ErrorCode::unknown_server_error;
}

std::string_view name_of(ErrorCode code) { return entry_of(code).name; }

std::string_view default_message(ErrorCode code) { return entry_of(code).message; }

bool is_retriable(ErrorCode code) { return entry_of(code).retriable; }

tl::unexpected<ProtocolError> refuse(ErrorCode code, std::string message) {
  return tl::unexpected<ProtocolError>(ProtocolError{code, std::move(message)});
}

std::string wire_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const std::size_t written = length == 0 ? 1 : length;
    if (out.size() + written > wire_text_bytes_max) break;
    if (length == 0) {
      out.push_back('?');
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(written);
  }
  return out;
}

}  // namespace millrace::protocol
