#pragma once
#include <vector>

#include "actors/gateway/call.hpp"
#include "protocol/fluss.pb.h"

namespace millrace::gateway {

/// The servers that the caller's listener reaches, and what the request names: tables that the
/// caller may not know of are left out. Errors: table_not_exist, partition_not_exists,
/// corrupt_message (too much at once). Source: Fluss GET_METADATA v0.
[[nodiscard]] protocol::Outcome<std::vector<Buffer>> answer_metadata(
    const CallContext& context, const protocol::wire::MetadataRequest& request);

}  // namespace millrace::gateway
