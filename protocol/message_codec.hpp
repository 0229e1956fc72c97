#pragma once
#include <google/protobuf/message_lite.h>

#include <cstddef>

#include "base/buffer.hpp"
#include "base/result.hpp"

namespace millrace::protocol {

/// Bound on what parse_message() reads unless the caller says otherwise. Parsed messages can take
/// thirty times the memory of their bytes, so large bodies are for those who know what is in them.
inline constexpr std::size_t message_bytes_max = std::size_t{4} << 20;

/// Fills `message` from `body`. Errors: malformed (also for a missing required field), overloaded.
[[nodiscard]] Status parse_into(google::protobuf::MessageLite& message, Bytes body,
                                std::size_t bytes_max = message_bytes_max);

/// parse_into() a new message.
template <class M>
[[nodiscard]] Result<M> parse_message(Bytes body, std::size_t bytes_max = message_bytes_max) {
  M message;
  if (auto status = parse_into(message, body, bytes_max); !status)
    return tl::unexpected<Error>(status.error());
  return message;
}

/// The bytes of a message. Requires every required field to be set.
[[nodiscard]] Buffer serialize(const google::protobuf::MessageLite& message);

}  // namespace millrace::protocol
