#pragma once
#include <vector>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// The answer to a read-only request as far as `view` knows. Errors that a newer view might mend
/// (something does not exist) are told like any other: the caller decides whether to look again.
[[nodiscard]] protocol::Outcome<std::vector<Buffer>> answer_from_view(
    const CallContext& context, const protocol::RequestFrame& request);

/// Whether an error says that something does not exist.
[[nodiscard]] bool says_missing(const protocol::ProtocolError& error);

}  // namespace millrace::gateway
