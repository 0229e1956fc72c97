#pragma once
#include "actors/replica/replica_machine.hpp"
#include "runtime/envelope.hpp"

namespace millrace::replica {

/// An await carries how long to wait beside the event itself.
struct Asked {
  Event event;
  Duration wait_max{};
};

/// schemas/replica.capnp. Requests become events that carry `ticket`.
[[nodiscard]] Result<Asked> decode_request(const Envelope& envelope, Ticket ticket,
                                           EpochMillis wall_clock);
[[nodiscard]] Envelope encode_appended(Offset base, Offset high_watermark);
[[nodiscard]] Envelope encode_data(Offset from, Offset high_watermark, Offset log_start,
                                   const Buffer& batches);
[[nodiscard]] Envelope encode_advanced(Offset high_watermark);
[[nodiscard]] Envelope encode_offset(Offset offset);
[[nodiscard]] Envelope encode_refusal(const protocol::ProtocolError& error);
[[nodiscard]] Envelope encode_failure(const Error& error);

/// schemas/replication.capnp: what replicas say to each other, and what the tablet tells them.
[[nodiscard]] bool is_replication(const Envelope& envelope);
[[nodiscard]] Result<Event> decode_replication(const Envelope& envelope, Ticket ticket);
[[nodiscard]] Envelope encode_fetch(const AskLeader& ask);
[[nodiscard]] Envelope encode_leader_waits(LeaderEpoch epoch);
[[nodiscard]] Envelope encode_fetch_reply(const FetchReply& reply);
[[nodiscard]] bool is_news(const Envelope& envelope);
[[nodiscard]] Result<Event> decode_news(const Envelope& envelope);
[[nodiscard]] bool is_fetch_reply(const Envelope& envelope);
[[nodiscard]] Result<FetchReply> decode_fetch_reply(const Envelope& envelope);

/// schemas/coordinator.capnp: to the coordinator, and whether it refused.
[[nodiscard]] Envelope encode_proposal(BucketId bucket, const InSyncProposal& proposal);
[[nodiscard]] bool is_coordinator_answer(const Envelope& envelope);
[[nodiscard]] Result<bool> is_refused(const Envelope& envelope);

/// What a device answered; which of them it is says what the shell had asked.
struct DeviceData {
  Buffer batches;
};
struct DeviceOffset {
  Offset offset = 0;
};
struct DeviceFailed {
  Error error;
  Offset end = 0;
};
using DeviceAnswer =
    std::variant<Opened, Written, EpochBegun, DeviceData, DeviceOffset, Expired, DeviceFailed>;

/// schemas/device.capnp: orders out, answers in.
[[nodiscard]] Envelope encode_open(BucketId bucket);
[[nodiscard]] Envelope encode_close(BucketId bucket);
[[nodiscard]] Envelope encode_write(BucketId bucket, const WriteBatches& write);
[[nodiscard]] Envelope encode_read(BucketId bucket, const ReadLog& read);
[[nodiscard]] Envelope encode_find(BucketId bucket, const FindTimestamp& find);
[[nodiscard]] Envelope encode_begin(BucketId bucket, const BeginEpoch& begin);
[[nodiscard]] Envelope encode_cut(BucketId bucket, const CutLog& cut);
[[nodiscard]] Envelope encode_restart(BucketId bucket, const RestartLog& restart);
[[nodiscard]] Envelope encode_expire(BucketId bucket, const ExpireLog& expire);
[[nodiscard]] bool is_device_answer(const Envelope& envelope);
[[nodiscard]] Result<DeviceAnswer> decode_device(const Envelope& envelope);

}  // namespace millrace::replica
