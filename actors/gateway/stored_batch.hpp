#pragma once
#include <optional>

#include "actors/gateway/call.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::gateway {

/// What a client is told of stored bytes that are no batches: they were some when they came.
[[nodiscard]] protocol::ProtocolError damaged(const Error& error);

/// Why a batch of a bucket cannot be served, for what its own checksum does not tell.
[[nodiscard]] std::optional<protocol::ProtocolError> why_damaged(const CallContext& context,
                                                                 const BucketId& bucket,
                                                                 const protocol::LogBatch& batch);

}  // namespace millrace::gateway
