#pragma once
#include "actors/coordinator/office_machine.hpp"
#include "runtime/envelope.hpp"

namespace millrace::coordinator {

/// schemas/coordinator.capnp: requests and reports in, replies and updates out.
[[nodiscard]] Result<Command> decode_command(const Envelope& envelope);
[[nodiscard]] bool is_report(const Envelope& envelope);
[[nodiscard]] Result<NodeReported> decode_report(const Envelope& envelope);
[[nodiscard]] Envelope encode_reply(const Reply& reply);
[[nodiscard]] Envelope encode_update(const SendUpdate& update);

/// schemas/link.capnp. Nothing comes of a peer that connects: its own report will tell.
[[nodiscard]] bool is_peer_status(const Envelope& envelope);
[[nodiscard]] Result<std::optional<OfficeEvent>> decode_peer_status(const Envelope& envelope);

/// schemas/metadata_store.capnp: orders out, outcomes in.
[[nodiscard]] Envelope encode_load();
[[nodiscard]] Envelope encode_commit(const Commit& commit);
[[nodiscard]] Envelope encode_snapshot(const StoreSnapshot& snapshot);
[[nodiscard]] Envelope encode_read_news(const ReadNews& read);
[[nodiscard]] Envelope encode_close_store();
[[nodiscard]] bool is_store_answer(const Envelope& envelope);
/// What was ordered: a failure does not say.
enum class StoreOrder { load, commit, read_news };
/// Nothing comes of a snapshot that was stored.
[[nodiscard]] Result<std::optional<OfficeEvent>> decode_outcome(const Envelope& envelope,
                                                                StoreOrder order);

}  // namespace millrace::coordinator
