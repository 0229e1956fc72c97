#pragma once
#include "actors/gateway/call.hpp"
#include "runtime/envelope.hpp"

namespace millrace::gateway {

/// schemas/transport.capnp: for decode_transport().
[[nodiscard]] bool is_transport_news(const Envelope& envelope);

/// schemas/replica.capnp: questions out, answers in.
[[nodiscard]] Envelope encode_question(const ReplicaQuestion& question);
[[nodiscard]] bool is_replica_answer(const Envelope& envelope);
[[nodiscard]] Result<ReplicaAnswer> decode_answer(const Envelope& envelope);

/// schemas/coordinator.capnp: commands out, replies in.
[[nodiscard]] Envelope encode_command(const CoordinatorCommand& command);
[[nodiscard]] Result<CoordinatorAnswer> decode_reply(const Envelope& envelope);

}  // namespace millrace::gateway
