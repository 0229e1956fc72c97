#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"

// PRODUCE_LOG requests without copying records. Source: Fluss PRODUCE_LOG v0.

namespace millrace::protocol {

struct ProduceBucket {
  std::optional<std::int64_t> partition_id;
  std::int32_t bucket_id = 0;
  Buffer records;  ///< Log batches; after parsing, a slice of the request body.
};

struct ProduceRequest {
  std::int32_t acks = -1;  ///< 0, 1 or -1; anything else is parsed too, and the server's to refuse.
  std::int64_t table_id = 0;
  std::int32_t timeout_ms = 0;
  std::vector<ProduceBucket> buckets;
};

/// No table has more buckets, so no honest request does.
inline constexpr std::size_t produce_buckets_max = 128'000;

/// Errors: malformed.
[[nodiscard]] Result<ProduceRequest> parse_produce_request(const Buffer& body);

/// The body of a request, as pieces: the records are the buffers given, not copies.
[[nodiscard]] std::vector<Buffer> encode_produce_request(const ProduceRequest& request);

}  // namespace millrace::protocol
