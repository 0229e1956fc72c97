#include "actors/replica/replica_codec.hpp"

#include <algorithm>
#include <utility>

#include "runtime/error_codec.hpp"
#include "schemas/device.capnp.h"
#include "schemas/replica.capnp.h"

namespace millrace::replica {
namespace {

using Request = schemas::ReplicaRequest;
using Reply = schemas::ReplicaReply;
using DeviceRequest = schemas::DeviceRequest;
using DeviceReply = schemas::DeviceReply;

constexpr std::int64_t wait_millis_max = 60'000;

DeviceRequest::Builder address(DeviceRequest::Builder request, BucketId bucket) {
  request.setTableId(bucket.table.value());
  request.setBucket(bucket.bucket.value());
  request.setPartitionId(bucket.partition.value());
  return request;
}

Result<Asked> decode_offset(schemas::OffsetRequest::Reader request, Ticket ticket,
                            EpochMillis wall_clock) {
  switch (request.which()) {
    case schemas::OffsetRequest::EARLIEST:
      return Asked{EarliestAsked{ticket}, {}};
    case schemas::OffsetRequest::LATEST:
      return Asked{LatestAsked{ticket}, {}};
    case schemas::OffsetRequest::TIMESTAMP_MILLIS:
      return Asked{TimestampAsked{ticket, request.getTimestampMillis(), wall_clock}, {}};
    default:
      return fail(Errc::malformed, "unknown kind of offset");
  }
}

Result<DeviceAnswer> decode_opened(schemas::LogOpened::Reader in) {
  Opened opened;
  opened.start = in.getStart();
  opened.end = in.getEnd();
  opened.max_timestamp = in.getMaxTimestampMillis();
  for (const auto head : in.getRecent()) {
    opened.recent.push_back({head.getBase(), head.getLast(), head.getTimestampMillis(),
                             WriterId{head.getWriterId()}, head.getSequence()});
  }
  std::vector<EpochRun> runs;
  for (const auto one : in.getEpochs()) {
    const EpochRun run{LeaderEpoch{one.getEpoch()}, one.getStart()};
    if (!runs.empty() && !LeaderEpochs::follows(runs.back(), run)) {
      return fail(Errc::malformed, "leader epochs of a log out of order");
    }
    runs.push_back(run);
  }
  opened.epochs = LeaderEpochs(std::move(runs));
  return opened;
}

}  // namespace

Result<Asked> decode_request(const Envelope& envelope, Ticket ticket, EpochMillis wall_clock) {
  return open<Request>(envelope, [&](Request::Reader request) -> Result<Asked> {
    switch (request.which()) {
      case Request::APPEND:
        return Asked{AppendAsked{ticket, envelope.attachments, wall_clock, false,
                                 !request.getByLeaderAlone()},
                     {}};
      case Request::READ:
        return Asked{
            ReadAsked{ticket, request.getRead().getFrom(), request.getRead().getBytesMax()}, {}};
      case Request::AWAIT: {
        const auto wait = std::chrono::milliseconds(
            std::clamp<std::int64_t>(request.getAwait().getWaitMaxMillis(), 0, wait_millis_max));
        return Asked{
            AwaitAsked{ticket, request.getAwait().getFrom(), request.getAwait().getBytesMax()},
            wait};
      }
      case Request::OFFSET:
        return decode_offset(request.getOffset(), ticket, wall_clock);
      default:
        return fail(Errc::malformed, "unknown request to a replica");
    }
  });
}

Envelope encode_appended(Offset base, Offset high_watermark) {
  return seal<Reply>([&](Reply::Builder reply) {
    auto appended = reply.initAppended();
    appended.setBaseOffset(base);
    appended.setHighWatermark(high_watermark);
  });
}

Envelope encode_data(Offset from, Offset high_watermark, Offset log_start, const Buffer& batches) {
  std::vector<Buffer> attachments;
  if (!batches.empty()) attachments.push_back(batches);
  Envelope envelope = seal<Reply>(
      [&](Reply::Builder reply) {
        auto data = reply.initData();
        data.setFrom(from);
        data.setHighWatermark(high_watermark);
        data.setLogStart(log_start);
      },
      std::move(attachments));
  envelope.lane = Lane::data;
  return envelope;
}

Envelope encode_advanced(Offset high_watermark) {
  return seal<Reply>([&](Reply::Builder reply) { reply.setAdvanced(high_watermark); });
}

Envelope encode_offset(Offset offset) {
  return seal<Reply>([&](Reply::Builder reply) { reply.setOffset(offset); });
}

Envelope encode_refusal(const protocol::ProtocolError& error) {
  return seal<Reply>([&](Reply::Builder reply) {
    auto refused = reply.initRefused();
    refused.setCode(static_cast<std::int32_t>(error.code));
    refused.setMessage(error.message);
  });
}

Envelope encode_failure(const Error& error) {
  return seal<Reply>([&](Reply::Builder reply) {
    auto failed = reply.initFailed();
    failed.setErrc(static_cast<std::uint16_t>(error.code));
    failed.setMessage(error.message);
  });
}

Envelope encode_open(BucketId bucket) {
  return seal<DeviceRequest>(
      [&](DeviceRequest::Builder request) { address(request, bucket).setOpen(); });
}

Envelope encode_close(BucketId bucket) {
  return seal<DeviceRequest>(
      [&](DeviceRequest::Builder request) { address(request, bucket).setClose(); });
}

Envelope encode_write(BucketId bucket, const WriteBatches& write) {
  std::vector<Buffer> attachments;
  for (const StampedBatch& batch : write.batches) {
    attachments.insert(attachments.end(), batch.pieces.begin(), batch.pieces.end());
  }
  return seal<DeviceRequest>(
      [&](DeviceRequest::Builder request) {
        request.setDurable(write.durable);
        auto runs = request.initRuns(static_cast<unsigned>(write.runs.size()));
        for (unsigned i = 0; i < runs.size(); ++i) {
          runs[i].setEpoch(write.runs[i].epoch.value());
          runs[i].setStart(write.runs[i].start);
        }
        auto heads =
            address(request, bucket).initAppend(static_cast<unsigned>(write.batches.size()));
        for (unsigned i = 0; i < heads.size(); ++i) {
          const BatchSummary& batch = write.batches[i].summary;
          heads[i].setBase(batch.base);
          heads[i].setLast(batch.last);
          heads[i].setTimestampMillis(batch.timestamp);
          heads[i].setWriterId(batch.writer.value());
          heads[i].setSequence(batch.sequence);
          heads[i].setPieces(static_cast<std::uint32_t>(write.batches[i].pieces.size()));
        }
      },
      std::move(attachments));
}

Envelope encode_read(BucketId bucket, const ReadLog& read) {
  return seal<DeviceRequest>([&](DeviceRequest::Builder request) {
    auto range = address(request, bucket).initRead();
    range.setFrom(read.from);
    range.setLimit(read.limit);
    range.setBytesMax(read.bytes_max);
  });
}

Envelope encode_find(BucketId bucket, const FindTimestamp& find) {
  return seal<DeviceRequest>([&](DeviceRequest::Builder request) {
    address(request, bucket).setOffsetAt(find.timestamp);
  });
}

Envelope encode_begin(BucketId bucket, const BeginEpoch& begin) {
  return seal<DeviceRequest>([&](DeviceRequest::Builder request) {
    address(request, bucket).setBeginEpoch(begin.epoch.value());
  });
}

Envelope encode_cut(BucketId bucket, const CutLog& cut) {
  return seal<DeviceRequest>(
      [&](DeviceRequest::Builder request) { address(request, bucket).setCut(cut.offset); });
}

Envelope encode_restart(BucketId bucket, const RestartLog& restart) {
  return seal<DeviceRequest>(
      [&](DeviceRequest::Builder request) { address(request, bucket).setRestart(restart.start); });
}

Envelope encode_expire(BucketId bucket, const ExpireLog& expire) {
  return seal<DeviceRequest>([&](DeviceRequest::Builder request) {
    auto order = address(request, bucket).initExpire();
    order.setOlderThanMillis(expire.expiry.older_than);
    order.setLimit(expire.expiry.limit);
    order.setRollActive(expire.expiry.roll_active);
    order.setWritersOlderThanMillis(expire.expiry.writers_older_than);
  });
}

bool is_device_answer(const Envelope& envelope) { return holds<DeviceReply>(envelope); }

Result<DeviceAnswer> decode_device(const Envelope& envelope) {
  return open<DeviceReply>(envelope, [&](DeviceReply::Reader reply) -> Result<DeviceAnswer> {
    switch (reply.which()) {
      case DeviceReply::OPENED:
        return decode_opened(reply.getOpened());
      case DeviceReply::APPENDED:
        return Written{};
      case DeviceReply::EPOCH_BEGUN:
        return EpochBegun{};
      case DeviceReply::DATA:
        if (envelope.attachments.size() != 1) break;
        return DeviceData{envelope.attachments.front()};
      case DeviceReply::OFFSET:
        return DeviceOffset{reply.getOffset()};
      case DeviceReply::EXPIRED:
        return Expired{reply.getExpired()};
      case DeviceReply::FAILED: {
        const auto failed = reply.getFailed();
        return DeviceFailed{{errc_from(failed.getErrc()), failed.getMessage().cStr()},
                            failed.getEnd()};
      }
      default:
        break;
    }
    return fail(Errc::malformed, "unusable answer from a device");
  });
}

}  // namespace millrace::replica
