// What replicas say to each other, to the coordinator, and hear from their tablet.
#include <utility>

#include "actors/replica/replica_codec.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/replication.capnp.h"

namespace millrace::replica {
namespace {

using Message = schemas::ReplicationMessage;
using Answer = schemas::FetchAnswer;
using News = schemas::ReplicaNews;

std::optional<LeaderEpoch> epoch_from(std::int32_t value) {
  if (value < 0) return std::nullopt;
  return LeaderEpoch{value};
}

std::int32_t value_of(std::optional<LeaderEpoch> epoch) { return epoch ? epoch->value() : -1; }

void write(Answer::Builder out, const FetchedRows& rows) {
  out.setEpoch(rows.epoch.value());
  auto in = out.initRows();
  in.setHighWatermark(rows.high_watermark);
  in.setLogStart(rows.log_start);
  auto runs = in.initRuns(static_cast<unsigned>(rows.runs.size()));
  for (unsigned i = 0; i < runs.size(); ++i) {
    runs[i].setEpoch(rows.runs[i].epoch.value());
    runs[i].setStart(rows.runs[i].start);
  }
}

void write(Answer::Builder out, const FetchDiverged& parted) {
  out.setEpoch(parted.epoch.value());
  auto diverged = out.initDiverged();
  diverged.setEpoch(value_of(parted.at));
  diverged.setEnd(parted.end);
}

void write(Answer::Builder out, const FetchTooOld& old) {
  out.setEpoch(old.epoch.value());
  out.setTooOld(old.start);
}

void write(Answer::Builder out, const FetchRefused& /*refused*/) { out.setRefused(); }

Result<FetchReply> read_rows(Answer::Reader answer, const Envelope& envelope) {
  if (envelope.attachments.size() > 1) return fail(Errc::malformed, "rows in several pieces");
  FetchedRows rows;
  rows.epoch = LeaderEpoch{answer.getEpoch()};
  rows.high_watermark = answer.getRows().getHighWatermark();
  rows.log_start = answer.getRows().getLogStart();
  for (const auto one : answer.getRows().getRuns()) {
    const EpochRun run{LeaderEpoch{one.getEpoch()}, one.getStart()};
    if (!rows.runs.empty() && !LeaderEpochs::follows(rows.runs.back(), run)) {
      return fail(Errc::malformed, "leader epochs out of order");
    }
    rows.runs.push_back(run);
  }
  if (!envelope.attachments.empty()) rows.batches = envelope.attachments.front();
  return rows;
}

}  // namespace

bool is_replication(const Envelope& envelope) { return holds<Message>(envelope); }

Result<Event> decode_replication(const Envelope& envelope, Ticket ticket) {
  return open<Message>(envelope, [&](Message::Reader message) -> Result<Event> {
    switch (message.which()) {
      case Message::FETCH: {
        const auto fetch = message.getFetch();
        FetchAsked asked;
        asked.ticket = ticket;
        asked.node = envelope.from.node;
        asked.incarnation = envelope.incarnation;
        asked.epoch = LeaderEpoch{fetch.getEpoch()};
        asked.from = fetch.getFrom();
        asked.last_epoch = epoch_from(fetch.getLastEpoch());
        asked.bytes_max = fetch.getBytesMax();
        if (asked.from < 0) return fail(Errc::malformed, "fetch from below the first row");
        return asked;
      }
      case Message::LEADER_WAITS:
        return LeaderWaits{LeaderEpoch{message.getLeaderWaits()}};
      default:
        return fail(Errc::malformed, "unknown word between replicas");
    }
  });
}

Envelope encode_fetch(const AskLeader& ask) {
  return seal<Message>([&](Message::Builder message) {
    auto fetch = message.initFetch();
    fetch.setEpoch(ask.epoch.value());
    fetch.setFrom(ask.from);
    fetch.setLastEpoch(value_of(ask.last_epoch));
    fetch.setBytesMax(ask.bytes_max);
  });
}

Envelope encode_leader_waits(LeaderEpoch epoch) {
  return seal<Message>([&](Message::Builder message) { message.setLeaderWaits(epoch.value()); });
}

Envelope encode_fetch_reply(const FetchReply& reply) {
  std::vector<Buffer> attachments;
  const auto* rows = std::get_if<FetchedRows>(&reply);
  if (rows != nullptr && !rows->batches.empty()) attachments.push_back(rows->batches);
  Envelope envelope = seal<Answer>(
      [&](Answer::Builder answer) {
        std::visit([&](const auto& one) { write(answer, one); }, reply);
      },
      std::move(attachments));
  envelope.lane = Lane::data;
  return envelope;
}

bool is_fetch_reply(const Envelope& envelope) { return holds<Answer>(envelope); }

Result<FetchReply> decode_fetch_reply(const Envelope& envelope) {
  return open<Answer>(envelope, [&](Answer::Reader answer) -> Result<FetchReply> {
    const LeaderEpoch epoch{answer.getEpoch()};
    switch (answer.which()) {
      case Answer::ROWS:
        return read_rows(answer, envelope);
      case Answer::DIVERGED:
        return FetchDiverged{epoch, epoch_from(answer.getDiverged().getEpoch()),
                             answer.getDiverged().getEnd()};
      case Answer::TOO_OLD:
        if (answer.getTooOld() < 0) return fail(Errc::malformed, "log that starts below 0");
        return FetchTooOld{epoch, answer.getTooOld()};
      case Answer::REFUSED:
        return FetchRefused{};
      default:
        return fail(Errc::malformed, "unknown answer of a leader");
    }
  });
}

bool is_news(const Envelope& envelope) { return holds<News>(envelope); }

Result<Event> decode_news(const Envelope& envelope) {
  return open<News>(envelope, [](News::Reader news) -> Result<Event> {
    switch (news.which()) {
      case News::ASSIGNED: {
        const auto in = news.getAssigned();
        Assigned assigned;
        assigned.leader = NodeId{in.getLeader()};
        assigned.epoch = LeaderEpoch{in.getEpoch()};
        assigned.version = in.getVersion();
        for (const std::int32_t node : in.getReplicas()) {
          assigned.replicas.push_back(NodeId{node});
        }
        for (const std::int32_t node : in.getInSync()) assigned.in_sync.insert(NodeId{node});
        return assigned;
      }
      case News::PEER_RETURNED:
        return PeerReturned{NodeId{news.getPeerReturned()}};
      default:
        return fail(Errc::malformed, "unknown news of the tablet");
    }
  });
}

Envelope encode_proposal(BucketId bucket, const InSyncProposal& proposal) {
  return seal<schemas::CoordinatorRequest>([&](schemas::CoordinatorRequest::Builder request) {
    auto out = request.initProposeInSync();
    out.setTableId(bucket.table.value());
    out.setPartitionId(bucket.partition.value());
    out.setBucket(bucket.bucket.value());
    out.setEpoch(proposal.epoch.value());
    out.setVersion(proposal.version);
    out.setResigns(proposal.resigns);
    auto followers = out.initFollowers(static_cast<unsigned>(proposal.followers.size()));
    unsigned i = 0;
    for (const auto& [node, incarnation] : proposal.followers) {
      followers[i].setNodeId(node.value());
      followers[i].setIncarnation(incarnation.value());
      ++i;
    }
  });
}

bool is_coordinator_answer(const Envelope& envelope) {
  return holds<schemas::CoordinatorReply>(envelope);
}

Result<bool> is_refused(const Envelope& envelope) {
  return open<schemas::CoordinatorReply>(
      envelope, [](schemas::CoordinatorReply::Reader reply) -> Result<bool> {
        switch (reply.which()) {
          case schemas::CoordinatorReply::DONE:
            return false;
          case schemas::CoordinatorReply::REFUSED:
            return true;
          default:
            return fail(Errc::malformed, "unknown answer to a proposal");
        }
      });
}

}  // namespace millrace::replica
