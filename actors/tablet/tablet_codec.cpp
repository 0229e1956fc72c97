#include "actors/tablet/tablet_codec.hpp"

#include <string>
#include <utility>

#include "runtime/error_codec.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/device.capnp.h"
#include "schemas/link.capnp.h"
#include "schemas/replication.capnp.h"
#include "state/meta/catalog/catalog_codec.hpp"

namespace millrace::tablet {
namespace {

using Update = schemas::ClusterUpdate;

std::string text(capnp::Text::Reader in) { return {in.begin(), in.size()}; }

MemberInfo read(schemas::ClusterMember::Reader in) {
  MemberInfo member{NodeId{in.getNodeId()},
                    Incarnation{in.getIncarnation()},
                    {text(in.getClientHost()), in.getClientPort()},
                    {text(in.getConsoleHost()), in.getConsolePort()},
                    text(in.getRack()),
                    in.getAlive()};
  member.acknowledged = Revision{in.getAcknowledgedRevision()};
  for (const auto listener : in.getListeners()) {
    member.listeners.push_back(
        {text(listener.getName()), {text(listener.getHost()), listener.getPort()}});
  }
  return member;
}

schemas::DiskVerdict to_wire(DiskVerdict disk) {
  if (disk == DiskVerdict::own) return schemas::DiskVerdict::OWN;
  return disk == DiskVerdict::foreign ? schemas::DiskVerdict::FOREIGN
                                      : schemas::DiskVerdict::UNCHECKED;
}

}  // namespace

bool is_peer_status(const Envelope& envelope) { return holds<schemas::PeerStatus>(envelope); }

Result<std::optional<NodeId>> decode_peer_status(const Envelope& envelope) {
  return open<schemas::PeerStatus>(
      envelope, [](schemas::PeerStatus::Reader status) -> Result<std::optional<NodeId>> {
        if (!status.getConnected()) return std::optional<NodeId>{};
        return std::optional(NodeId{status.getNodeId()});
      });
}

Envelope encode_assigned(const BucketInfo& info) {
  return seal<schemas::ReplicaNews>([&](schemas::ReplicaNews::Builder news) {
    auto assigned = news.initAssigned();
    assigned.setLeader(info.leader.value());
    assigned.setEpoch(info.epoch.value());
    assigned.setVersion(info.version);
    auto replicas = assigned.initReplicas(static_cast<unsigned>(info.replicas.size()));
    for (unsigned i = 0; i < replicas.size(); ++i) replicas.set(i, info.replicas[i].value());
    auto in_sync = assigned.initInSync(static_cast<unsigned>(info.in_sync.size()));
    for (unsigned i = 0; i < in_sync.size(); ++i) in_sync.set(i, info.in_sync[i].value());
  });
}

Envelope encode_returned(NodeId node) {
  return seal<schemas::ReplicaNews>(
      [&](schemas::ReplicaNews::Builder news) { news.setPeerReturned(node.value()); });
}

Result<UpdateArrived> decode_update(const Envelope& envelope) {
  return open<Update>(envelope, [&](Update::Reader in) -> Result<UpdateArrived> {
    UpdateArrived update;
    update.base = Revision{in.getBase()};
    update.revision = Revision{in.getRevision()};
    update.members_version = in.getMembersVersion();
    update.from_epoch = CoordinatorEpoch{in.getCoordinatorEpoch()};
    for (const auto member : in.getMembers()) update.members.push_back(read(member));
    if (in.getIsImage()) {
      if (envelope.attachments.size() != 1) return fail(Errc::malformed, "update without image");
      auto image = decode_catalog(envelope.attachments.front());
      if (!image) return wrap(image.error(), "update");
      update.image = std::move(*image);
      return update;
    }
    for (const Buffer& bytes : envelope.attachments) {
      auto delta = decode_delta(bytes);
      if (!delta) return wrap(delta.error(), "update");
      update.deltas.push_back(std::move(*delta));
    }
    return update;
  });
}

Envelope encode_report(const MemberInfo& self, Revision applied, std::uint64_t members_version,
                       const DiskReport& disk) {
  return seal<schemas::NodeReport>([&](schemas::NodeReport::Builder out) {
    out.setClientHost(self.client.host);
    out.setClientPort(self.client.port);
    out.setConsoleHost(self.console.host);
    out.setConsolePort(self.console.port);
    out.setRack(self.rack);
    out.setAppliedRevision(applied.value());
    out.setMembersVersion(members_version);
    out.setDisk(to_wire(disk.verdict));
    out.setStart(disk.start.value());
    auto listeners = out.initListeners(static_cast<unsigned>(self.listeners.size()));
    for (unsigned i = 0; i < listeners.size(); ++i) {
      listeners[i].setName(self.listeners[i].name);
      listeners[i].setHost(self.listeners[i].at.host);
      listeners[i].setPort(self.listeners[i].at.port);
    }
  });
}

Envelope encode_delete_log(BucketId bucket) {
  using Request = schemas::DeviceRequest;
  return seal<Request>([&](Request::Builder request) {
    request.setTableId(bucket.table.value());
    request.setBucket(bucket.bucket.value());
    request.setPartitionId(bucket.partition.value());
    request.setRemove();
  });
}

bool is_device_answer(const Envelope& envelope) { return holds<schemas::DeviceReply>(envelope); }

Result<std::optional<std::pair<BucketId, Error>>> decode_deleted(const Envelope& envelope) {
  using Reply = schemas::DeviceReply;
  using Deleted = std::optional<std::pair<BucketId, Error>>;
  return open<Reply>(envelope, [](Reply::Reader reply) -> Result<Deleted> {
    if (reply.which() == Reply::REMOVED) return Deleted{};
    if (reply.which() != Reply::FAILED) return fail(Errc::malformed, "no answer to a deletion");
    const BucketId bucket{TableId{reply.getTableId()}, BucketIndex{reply.getBucket()},
                          PartitionId{reply.getPartitionId()}};
    const auto failure = reply.getFailed();
    return Deleted{{bucket, {errc_from(failure.getErrc()), text(failure.getMessage())}}};
  });
}

}  // namespace millrace::tablet
