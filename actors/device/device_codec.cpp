#include "actors/device/device_codec.hpp"

#include <utility>

#include "schemas/device.capnp.h"

namespace millrace::device {
namespace {

using Request = schemas::DeviceRequest;
using Reply = schemas::DeviceReply;

/// Errors: malformed, if the runs are not in order.
Result<std::vector<EpochRun>> decode_runs(capnp::List<schemas::EpochRun>::Reader in) {
  std::vector<EpochRun> runs;
  for (const auto one : in) {
    const EpochRun run{LeaderEpoch{one.getEpoch()}, one.getStart()};
    if (!runs.empty() && !LeaderEpochs::follows(runs.back(), run)) {
      return fail(Errc::malformed, "leader epochs out of order");
    }
    runs.push_back(run);
  }
  return runs;
}

Result<Order> decode_append(Request::Reader request, const std::vector<Buffer>& attachments) {
  AppendBatches append;
  append.durable = request.getDurable();
  std::size_t next = 0;
  for (const auto head : request.getAppend()) {
    StampedBatch& batch = append.batches.emplace_back();
    batch.summary = {head.getBase(), head.getLast(), head.getTimestampMillis(),
                     WriterId{head.getWriterId()}, head.getSequence()};
    if (head.getPieces() > attachments.size() - next) {
      return fail(Errc::malformed, "append names more pieces than it carries");
    }
    for (std::uint32_t i = 0; i < head.getPieces(); ++i) {
      batch.pieces.push_back(attachments[next++]);
    }
  }
  if (next != attachments.size()) return fail(Errc::malformed, "append with pieces left over");
  auto runs = decode_runs(request.getRuns());
  if (!runs) return tl::unexpected<Error>(runs.error());
  append.runs = std::move(*runs);
  return append;
}

void write(Reply::Builder out, const LogOpened& outcome) {
  auto opened = out.initOpened();
  opened.setStart(outcome.start);
  opened.setEnd(outcome.end);
  opened.setMaxTimestampMillis(outcome.max_timestamp);
  auto recent = opened.initRecent(static_cast<unsigned>(outcome.recent.size()));
  for (unsigned i = 0; i < recent.size(); ++i) {
    const BatchSummary& batch = outcome.recent[i];
    recent[i].setBase(batch.base);
    recent[i].setLast(batch.last);
    recent[i].setTimestampMillis(batch.timestamp);
    recent[i].setWriterId(batch.writer.value());
    recent[i].setSequence(batch.sequence);
  }
  const auto& runs = outcome.epochs.runs();
  auto epochs = opened.initEpochs(static_cast<unsigned>(runs.size()));
  for (unsigned i = 0; i < epochs.size(); ++i) {
    epochs[i].setEpoch(runs[i].epoch.value());
    epochs[i].setStart(runs[i].start);
  }
}

void write(Reply::Builder out, const EpochHasBegun&) { out.setEpochBegun(); }

void write(Reply::Builder out, const BatchesAppended&) { out.setAppended(); }
void write(Reply::Builder out, const RangeRead&) { out.setData(); }
void write(Reply::Builder out, const TimestampFound& outcome) { out.setOffset(outcome.offset); }
void write(Reply::Builder out, const LogRemoved&) { out.setRemoved(); }
void write(Reply::Builder out, const LogExpired& outcome) { out.setExpired(outcome.start); }

void write(Reply::Builder out, const OrderFailed& outcome) {
  auto failed = out.initFailed();
  failed.setErrc(static_cast<std::uint16_t>(outcome.error.code));
  failed.setMessage(outcome.error.message);
  failed.setEnd(outcome.end);
}

}  // namespace

Result<BucketOrder> decode_order(const Envelope& envelope) {
  return open<Request>(envelope, [&](Request::Reader request) -> Result<BucketOrder> {
    BucketOrder order{{TableId{request.getTableId()}, BucketIndex{request.getBucket()},
                       PartitionId{request.getPartitionId()}},
                      {}};
    switch (request.which()) {
      case Request::OPEN:
        order.order = OpenLog{};
        return order;
      case Request::APPEND: {
        auto append = decode_append(request, envelope.attachments);
        if (!append) return tl::unexpected<Error>(append.error());
        order.order = std::move(*append);
        return order;
      }
      case Request::READ: {
        const auto range = request.getRead();
        order.order = ReadRange{range.getFrom(), range.getLimit(), range.getBytesMax()};
        return order;
      }
      case Request::OFFSET_AT:
        order.order = FindTimestamp{request.getOffsetAt()};
        return order;
      case Request::CLOSE:
        order.order = CloseLog{};
        return order;
      case Request::REMOVE:
        order.order = RemoveLog{};
        return order;
      case Request::EXPIRE: {
        const auto expiry = request.getExpire();
        order.order = ExpireLog{{expiry.getOlderThanMillis(), expiry.getLimit(),
                                 expiry.getRollActive(), expiry.getWritersOlderThanMillis()}};
        return order;
      }
      case Request::BEGIN_EPOCH:
        order.order = BeginEpoch{LeaderEpoch{request.getBeginEpoch()}};
        return order;
      case Request::CUT:
        order.order = CutLog{request.getCut()};
        return order;
      case Request::RESTART:
        order.order = RestartLog{request.getRestart()};
        return order;
      default:
        return fail(Errc::malformed, "unknown order to a device");
    }
  });
}

Envelope encode_outcome(BucketId bucket, const Outcome& outcome) {
  std::vector<Buffer> attachments;
  if (const auto* read = std::get_if<RangeRead>(&outcome)) attachments.push_back(read->bytes);
  return seal<Reply>(
      [&](Reply::Builder reply) {
        reply.setTableId(bucket.table.value());
        reply.setBucket(bucket.bucket.value());
        reply.setPartitionId(bucket.partition.value());
        std::visit([&](const auto& one) { write(reply, one); }, outcome);
      },
      std::move(attachments));
}

}  // namespace millrace::device
