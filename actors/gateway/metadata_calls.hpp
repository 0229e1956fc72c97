#pragma once
#include <memory>
#include <span>

#include "actors/gateway/call.hpp"
#include "protocol/api.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// The APIs that this build serves, in key order; any other key is answered with error 2.
[[nodiscard]] std::span<const protocol::Api> served_apis();

/// The handshake. Source: Fluss API_VERSIONS v0.
[[nodiscard]] std::unique_ptr<Call> make_handshake_call(const protocol::RequestFrame& request);

/// Answers out of this node's view: databases, tables, schemas, metadata. What the view misses is
/// looked up again after the node has caught up with the coordinator, before "unknown" is said.
/// Source: Fluss GET_METADATA v0 and the read-only admin APIs.
[[nodiscard]] std::unique_ptr<Call> make_view_call(const protocol::RequestFrame& request);

/// Asks the coordinator in office, and answers when it has: with nothing, or a writer's id.
[[nodiscard]] std::unique_ptr<Call> make_command_call(CoordinatorCommand command);

/// Changes that the coordinator in office decides, and INIT_WRITER.
[[nodiscard]] std::unique_ptr<Call> make_coordinator_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
