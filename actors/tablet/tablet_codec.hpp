#pragma once
#include <optional>
#include <utility>

#include "actors/tablet/tablet_machine.hpp"
#include "runtime/envelope.hpp"

namespace millrace::tablet {

/// schemas/link.capnp: a peer came or went.
[[nodiscard]] bool is_peer_status(const Envelope& envelope);
/// The peer that can be reached again; nothing: one cannot any more.
[[nodiscard]] Result<std::optional<NodeId>> decode_peer_status(const Envelope& envelope);
/// schemas/replication.capnp: to this node's replicas.
[[nodiscard]] Envelope encode_assigned(const BucketInfo& info);
[[nodiscard]] Envelope encode_returned(NodeId node);
/// schemas/coordinator.capnp: updates in, reports out.
[[nodiscard]] Result<UpdateArrived> decode_update(const Envelope& envelope);
[[nodiscard]] Envelope encode_report(const MemberInfo& self, Revision applied,
                                     std::uint64_t members_version, const DiskReport& disk = {});
/// schemas/device.capnp.
[[nodiscard]] Envelope encode_delete_log(BucketId bucket);
[[nodiscard]] bool is_device_answer(const Envelope& envelope);
/// The bucket whose log could not be deleted, and why; nothing if it was.
[[nodiscard]] Result<std::optional<std::pair<BucketId, Error>>> decode_deleted(
    const Envelope& envelope);

}  // namespace millrace::tablet
