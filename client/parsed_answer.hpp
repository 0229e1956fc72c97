#pragma once
#include <utility>

#include "client/callback.hpp"
#include "client/connection.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::client {

/// Turns the wait for a message into a wait for the bytes of its answer.
template <class Message>
[[nodiscard]] Callback<Answer> parsed(Callback<Message> done) {
  return [done = std::move(done)](Outcome<Answer> answer) {
    if (!answer) return done(tl::unexpected(answer.error()));
    auto message = protocol::parse_message<Message>(answer->body.bytes());
    if (!message) return done(refuse(ErrorCode::corrupt_message, message.error().message));
    done(std::move(*message));
  };
}

/// Forwards success and failure of an answer that says nothing else.
template <class Message>
[[nodiscard]] Callback<Answer> done_when(Callback<void> done) {
  return parsed<Message>([done = std::move(done)](Outcome<Message> message) {
    if (!message) return done(tl::unexpected(message.error()));
    done({});
  });
}

/// The error fields of a bucket's entry; "present" counts, and some servers send 0 for success.
template <class Entry>
[[nodiscard]] std::optional<ProtocolError> error_in_entry(const Entry& entry) {
  if (!entry.has_error_code() || entry.error_code() == 0) return std::nullopt;
  const ErrorCode code = protocol::error_code_of(entry.error_code());
  if (entry.error_message().empty()) return ProtocolError{code, std::string(default_message(code))};
  return ProtocolError{code, entry.error_message()};
}

}  // namespace millrace::client
