#pragma once
#include <memory>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// Changes of what is there already, which the coordinator in office decides. Source: Fluss
/// ALTER_TABLE v0, ALTER_DATABASE v0, ALTER_CLUSTER_CONFIGS v0, ADD_SERVER_TAG v0,
/// REMOVE_SERVER_TAG v0.
[[nodiscard]] std::unique_ptr<Call> make_alteration_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
