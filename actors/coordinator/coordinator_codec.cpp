#include "actors/coordinator/coordinator_codec.hpp"

#include <string>
#include <utility>

#include "actors/coordinator/alteration_codec.hpp"
#include "runtime/error_codec.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/link.capnp.h"
#include "schemas/metadata_store.capnp.h"
#include "state/meta/catalog/catalog_codec.hpp"

namespace millrace::coordinator {
namespace {

using Request = schemas::CoordinatorRequest;
using StoreRequest = schemas::MetadataRequest;
using StoreReply = schemas::MetadataReply;

std::string text(capnp::Text::Reader in) { return {in.begin(), in.size()}; }

CreateTable decode_create_table(schemas::CreateTable::Reader in) {
  return {text(in.getDatabase()), text(in.getName()), text(in.getJson()), in.getIgnoreIfExists()};
}

Result<Command> decode_change_acls(const std::vector<Buffer>& attachments) {
  if (attachments.size() != 1) return fail(Errc::malformed, "a change of permissions without them");
  auto delta = decode_delta(attachments.front());
  if (!delta) return wrap(delta.error(), "change of permissions");
  if (auto* created = std::get_if<AclsCreated>(&*delta)) {
    return CreateAcls{std::move(created->entries)};
  }
  if (auto* dropped = std::get_if<AclsDropped>(&*delta)) {
    return DropAcls{std::move(dropped->entries)};
  }
  return fail(Errc::malformed, "a change of permissions that is none");
}

template <class Out>
Out decode_partition(schemas::PartitionCommand::Reader in) {
  Out out{text(in.getDatabase()), text(in.getTable()), {}, in.getIgnore()};
  for (const auto entry : in.getSpec()) {
    out.spec.emplace_back(text(entry.getKey()), text(entry.getValue()));
  }
  return out;
}

void write(schemas::ClusterMember::Builder out, const MemberInfo& member) {
  out.setNodeId(member.node.value());
  out.setIncarnation(member.incarnation.value());
  out.setClientHost(member.client.host);
  out.setClientPort(member.client.port);
  out.setConsoleHost(member.console.host);
  out.setConsolePort(member.console.port);
  out.setRack(member.rack);
  out.setAlive(member.alive);
  out.setAcknowledgedRevision(member.acknowledged.value());
  auto listeners = out.initListeners(static_cast<unsigned>(member.listeners.size()));
  for (unsigned i = 0; i < listeners.size(); ++i) {
    listeners[i].setName(member.listeners[i].name);
    listeners[i].setHost(member.listeners[i].at.host);
    listeners[i].setPort(member.listeners[i].at.port);
  }
}

Result<Loaded> decode_loaded(schemas::Loaded::Reader in, const std::vector<Buffer>& attachments) {
  Loaded loaded{Revision{in.getRevision()}, {}};
  std::size_t next = 0;
  if (in.getHasSnapshot()) {
    if (attachments.empty()) return fail(Errc::malformed, "loaded metadata without its snapshot");
    auto image = decode_catalog(attachments[next++]);
    if (!image) return wrap(image.error(), "metadata snapshot");
    loaded.catalog = std::move(*image);
  }
  for (; next < attachments.size(); ++next) {
    auto delta = decode_delta(attachments[next]);
    if (!delta) return wrap(delta.error(), "metadata delta");
    loaded.catalog.apply(*delta);
  }
  return loaded;
}

Result<std::optional<OfficeEvent>> decode_newer(schemas::Newer::Reader in,
                                                const std::vector<Buffer>& attachments) {
  NewsRead news{Revision{in.getBase()}, Revision{in.getRevision()}, {}, {}};
  for (const Buffer& bytes : attachments) {
    auto delta = decode_delta(bytes);
    if (!delta) return wrap(delta.error(), "metadata delta");
    news.deltas.push_back(std::move(*delta));
  }
  return OfficeEvent{std::move(news)};
}

OfficeEvent failure_of(StoreOrder order, Error error) {
  if (order == StoreOrder::load) return LoadFailed{std::move(error)};
  if (order == StoreOrder::commit) return CommitFailed{std::move(error)};
  return NewsFailed{std::move(error)};
}

}  // namespace

Result<Command> decode_command(const Envelope& envelope) {
  auto alteration = decode_alteration(envelope);
  if (!alteration) return tl::unexpected<Error>(alteration.error());
  if (*alteration) return Command{std::move(**alteration)};
  return open<Request>(envelope, [&](Request::Reader request) -> Result<Command> {
    switch (request.which()) {
      case Request::PROPOSE_IN_SYNC: {
        const auto in = request.getProposeInSync();
        ProposeInSync proposal;
        proposal.bucket = {TableId{in.getTableId()}, BucketIndex{in.getBucket()},
                           PartitionId{in.getPartitionId()}};
        proposal.epoch = LeaderEpoch{in.getEpoch()};
        proposal.version = in.getVersion();
        for (const auto follower : in.getFollowers()) {
          proposal.followers.emplace(NodeId{follower.getNodeId()},
                                     Incarnation{follower.getIncarnation()});
        }
        proposal.resigns = in.getResigns();
        return proposal;
      }
      case Request::CREATE_DATABASE: {
        const auto in = request.getCreateDatabase();
        return CreateDatabase{text(in.getName()), text(in.getJson()), in.getIgnoreIfExists()};
      }
      case Request::DROP_DATABASE: {
        const auto in = request.getDropDatabase();
        return DropDatabase{text(in.getName()), in.getIgnoreIfMissing(), in.getCascade()};
      }
      case Request::CREATE_TABLE:
        return decode_create_table(request.getCreateTable());
      case Request::DROP_TABLE: {
        const auto in = request.getDropTable();
        return DropTable{text(in.getDatabase()), text(in.getName()), in.getIgnoreIfMissing()};
      }
      case Request::CREATE_PARTITION:
        return decode_partition<CreatePartition>(request.getCreatePartition());
      case Request::DROP_PARTITION:
        return decode_partition<DropPartition>(request.getDropPartition());
      case Request::NEW_WRITER:
        return NewWriter{};
      case Request::SYNC:
        return Sync{};
      case Request::CHANGE_ACLS:
        return decode_change_acls(envelope.attachments);
      default:
        return fail(Errc::malformed, "unknown request to the coordinator");
    }
  });
}

bool is_report(const Envelope& envelope) { return holds<schemas::NodeReport>(envelope); }

Result<NodeReported> decode_report(const Envelope& envelope) {
  using Report = schemas::NodeReport;
  return open<Report>(envelope, [&](Report::Reader report) -> Result<NodeReported> {
    NodeReported event;
    event.member.node = envelope.from.node;
    event.member.incarnation = envelope.incarnation;
    event.member.client = {text(report.getClientHost()), report.getClientPort()};
    event.member.console = {text(report.getConsoleHost()), report.getConsolePort()};
    event.member.rack = text(report.getRack());
    for (const auto listener : report.getListeners()) {
      event.member.listeners.push_back(
          {text(listener.getName()), {text(listener.getHost()), listener.getPort()}});
    }
    event.applied = Revision{report.getAppliedRevision()};
    event.members_version = report.getMembersVersion();
    event.disk.start = StartId{report.getStart()};
    if (report.getDisk() == schemas::DiskVerdict::OWN) event.disk.verdict = DiskVerdict::own;
    if (report.getDisk() == schemas::DiskVerdict::FOREIGN) {
      event.disk.verdict = DiskVerdict::foreign;
    }
    return event;
  });
}

Envelope encode_reply(const Reply& reply) {
  using Out = schemas::CoordinatorReply;
  return seal<Out>([&](Out::Builder out) {
    if (const auto* granted = std::get_if<WriterGranted>(&reply)) {
      out.setWriterId(granted->writer.value());
    } else if (const auto* refused = std::get_if<protocol::ProtocolError>(&reply)) {
      auto refusal = out.initRefused();
      refusal.setCode(static_cast<std::int32_t>(refused->code));
      refusal.setMessage(refused->message);
    } else {
      out.setDone();
    }
  });
}

Envelope encode_update(const SendUpdate& update) {
  using Out = schemas::ClusterUpdate;
  std::vector<Buffer> attachments;
  if (update.image) attachments.push_back(encode_catalog(*update.image));
  for (const CatalogDelta& delta : update.deltas) attachments.push_back(encode_delta(delta));
  return seal<Out>(
      [&](Out::Builder out) {
        out.setBase(update.base.value());
        out.setRevision(update.revision.value());
        out.setIsImage(update.image.has_value());
        out.setMembersVersion(update.members_version);
        out.setCoordinatorEpoch(update.epoch.value());
        auto members = out.initMembers(static_cast<unsigned>(update.members.size()));
        for (unsigned i = 0; i < members.size(); ++i) write(members[i], update.members[i]);
      },
      std::move(attachments));
}

bool is_peer_status(const Envelope& envelope) { return holds<schemas::PeerStatus>(envelope); }

Result<std::optional<OfficeEvent>> decode_peer_status(const Envelope& envelope) {
  using Status = schemas::PeerStatus;
  return open<Status>(envelope, [](Status::Reader status) -> Result<std::optional<OfficeEvent>> {
    if (status.getConnected()) return std::nullopt;
    return OfficeEvent{NodeLost{NodeId{status.getNodeId()}}};
  });
}

Envelope encode_load() {
  return seal<StoreRequest>([](StoreRequest::Builder request) { request.setLoad(); });
}

Envelope encode_commit(const Commit& commit) {
  return seal<StoreRequest>(
      [&](StoreRequest::Builder request) { request.setCommit(commit.expected.value()); },
      {encode_delta(commit.delta)});
}

Envelope encode_snapshot(const StoreSnapshot& snapshot) {
  return seal<StoreRequest>(
      [&](StoreRequest::Builder request) { request.setSnapshot(snapshot.revision.value()); },
      {encode_catalog(snapshot.catalog)});
}

Envelope encode_read_news(const ReadNews& read) {
  return seal<StoreRequest>(
      [&](StoreRequest::Builder request) { request.setReadAfter(read.after.value()); });
}

Envelope encode_close_store() {
  return seal<StoreRequest>([](StoreRequest::Builder request) { request.setClose(); });
}

bool is_store_answer(const Envelope& envelope) { return holds<StoreReply>(envelope); }

Result<std::optional<OfficeEvent>> decode_outcome(const Envelope& envelope, StoreOrder order) {
  return open<StoreReply>(
      envelope, [&](StoreReply::Reader reply) -> Result<std::optional<OfficeEvent>> {
        switch (reply.which()) {
          case StoreReply::LOADED: {
            auto loaded = decode_loaded(reply.getLoaded(), envelope.attachments);
            if (!loaded) return tl::unexpected<Error>(loaded.error());
            if (order == StoreOrder::load) return OfficeEvent{std::move(*loaded)};
            return OfficeEvent{NewsRead{{}, loaded->revision, std::move(loaded->catalog), {}}};
          }
          case StoreReply::NEWER:
            return decode_newer(reply.getNewer(), envelope.attachments);
          case StoreReply::COMMITTED:
            return OfficeEvent{Committed{Revision{reply.getCommitted()}}};
          case StoreReply::STORED:
            return std::nullopt;
          case StoreReply::FAILED: {
            const auto failed = reply.getFailed();
            return failure_of(order, {errc_from(failed.getErrc()), text(failed.getMessage())});
          }
          default:
            return fail(Errc::malformed, "unusable answer from the metadata store");
        }
      });
}

}  // namespace millrace::coordinator
