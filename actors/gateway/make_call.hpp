#pragma once
#include <memory>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// The call that serves a request; an API that is not built gives one that answers error 2.
/// Whether the request may be served is make_admitted_call()'s to say; it serves AUTHENTICATE.
[[nodiscard]] std::unique_ptr<Call> make_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
