#pragma once
#include <memory>

#include "actors/gateway/call.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// The call that serves a request; an API that is not built gives one that answers error 2.
[[nodiscard]] std::unique_ptr<Call> make_call(const protocol::RequestFrame& request);

}  // namespace millrace::gateway
