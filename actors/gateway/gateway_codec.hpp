#pragma once
#include "actors/gateway/call.hpp"
#include "runtime/envelope.hpp"

namespace millrace::gateway {

/// schemas/replica.capnp: questions out, answers in.
[[nodiscard]] Envelope encode_question(const ReplicaQuestion& question);
[[nodiscard]] Result<ReplicaAnswer> decode_answer(const Envelope& envelope);

/// schemas/coordinator.capnp: commands out, replies in.
[[nodiscard]] Envelope encode_command(const CoordinatorCommand& command);
[[nodiscard]] Result<CoordinatorAnswer> decode_reply(const Envelope& envelope);

}  // namespace millrace::gateway
