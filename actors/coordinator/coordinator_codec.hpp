#pragma once
#include "actors/coordinator/coordinator_machine.hpp"
#include "runtime/envelope.hpp"

namespace millrace::coordinator {

/// schemas/coordinator.capnp: requests and reports in, replies and updates out.
[[nodiscard]] Result<Command> decode_command(const Envelope& envelope);
[[nodiscard]] Result<NodeReported> decode_report(const Envelope& envelope);
[[nodiscard]] Envelope encode_reply(const Reply& reply);
[[nodiscard]] Envelope encode_update(const SendUpdate& update);

/// schemas/metadata_store.capnp: orders out, outcomes in.
[[nodiscard]] Envelope encode_load();
[[nodiscard]] Envelope encode_commit(const Commit& commit);
[[nodiscard]] Envelope encode_snapshot(const StoreSnapshot& snapshot);
/// `loading`: the order that failed was a load. Nothing comes of a snapshot that was stored.
[[nodiscard]] Result<std::optional<Event>> decode_outcome(const Envelope& envelope, bool loading);

}  // namespace millrace::coordinator
