#pragma once
#include <memory>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// CREATE_ACLS, LIST_ACLS, DROP_ACLS: each item is allowed, and answered, by itself. Without an
/// authorizer all of them are refused with error 47. Source: Fluss ACL APIs v0.
[[nodiscard]] std::unique_ptr<Call> make_acl_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
