#pragma once
#include <functional>

#include "protocol/error_code.hpp"

namespace millrace::client {

using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;

/// Called exactly once, on the loop's thread, never from inside the call that it was given to.
/// Errors that arise here carry the protocol's codes too: network_exception when a connection is
/// lost, request_time_out when an answer does not come in time, corrupt_message for garbage.
template <class T>
using Callback = std::function<void(Outcome<T>)>;

/// True when the answer means that what is known about servers and leaders is out of date.
/// Source: Fluss's invalid-metadata class of exceptions.
[[nodiscard]] inline bool is_stale_metadata(ErrorCode code) {
  return code == ErrorCode::network_exception || code == ErrorCode::not_leader_or_follower ||
         code == ErrorCode::unknown_table_or_bucket_exception ||
         code == ErrorCode::leader_not_available_exception;
}

}  // namespace millrace::client
