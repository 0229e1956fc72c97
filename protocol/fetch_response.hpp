#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/error_code.hpp"

// FETCH_LOG responses without copying records. Source: Fluss FETCH_LOG v0.

namespace millrace::protocol {

/// A bucket's answer on the serving side. With `error` set nothing else of the answer is sent.
struct FetchedBucket {
  std::optional<std::int64_t> partition_id;
  std::int32_t bucket_id = 0;
  std::optional<ProtocolError> error;
  std::int64_t high_watermark = 0;
  std::int64_t log_start_offset = 0;
  std::vector<Buffer> records;  ///< Log batches, cut anywhere; sent one after the other.
  /// Where to go on if the batches in front of it were left out by a filter.
  std::optional<std::int64_t> filtered_end_offset = {};
};

struct FetchedTable {
  std::int64_t table_id = 0;
  std::vector<FetchedBucket> buckets;
};

/// The body of a response, as pieces: the records are the buffers given, not copies.
[[nodiscard]] std::vector<Buffer> encode_fetch_response(const std::vector<FetchedTable>& tables);

/// A bucket's answer on the asking side.
struct ReceivedBucket {
  std::optional<std::int64_t> partition_id;
  std::int32_t bucket_id = 0;
  std::optional<ProtocolError> error;
  std::optional<std::int64_t> high_watermark;
  std::optional<std::int64_t> log_start_offset;
  bool is_remote = false;  ///< The rows asked for lie in remote segments only.
  Buffer records;          ///< A slice of the response body.
  std::optional<std::int64_t> filtered_end_offset;
};

struct ReceivedTable {
  std::int64_t table_id = 0;
  std::vector<ReceivedBucket> buckets;
};

/// Errors: malformed.
[[nodiscard]] Result<std::vector<ReceivedTable>> parse_fetch_response(const Buffer& body);

}  // namespace millrace::protocol
