#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "actors/replica/in_sync_set.hpp"
#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/error_code.hpp"
#include "state/log/port/table_log.hpp"

// What can happen to a bucket's replica, and what it orders.

namespace millrace::replica {

/// Whose request it is: the shell's number for whoever waits.
using Ticket = std::uint64_t;

/// Fluss's way to say "from the first offset that is kept".
inline constexpr Offset earliest_offset = -2;

// What a leader answers its follower, with its own epoch: one that the follower does not know yet
// makes the answer worthless to it.

/// Whole batches from the offset that was asked for on, or none.
struct FetchedRows {
  LeaderEpoch epoch;
  Offset high_watermark = 0;
  Offset log_start = 0;
  std::vector<EpochRun> runs;  ///< Of these rows; an empty one at their end may be the last.
  Buffer batches;
  friend bool operator==(const FetchedRows& a, const FetchedRows& b) {
    return a.epoch == b.epoch && a.high_watermark == b.high_watermark &&
           a.log_start == b.log_start && a.runs == b.runs && a.batches.text() == b.batches.text();
  }
};
/// The follower's log is not a part of the leader's: of its last leadership the leader has rows up
/// to `end` only, and if it has none at all, then of the one before it that is named here.
struct FetchDiverged {
  LeaderEpoch epoch;
  std::optional<LeaderEpoch> at;  ///< Nothing: rows of no known leadership.
  Offset end = 0;
  friend bool operator==(const FetchDiverged&, const FetchDiverged&) = default;
};
/// What comes behind the follower's rows, the leader has deleted.
struct FetchTooOld {
  LeaderEpoch epoch;
  Offset start = 0;
  friend bool operator==(const FetchTooOld&, const FetchTooOld&) = default;
};
/// It does not lead, or in another epoch, or cannot read now.
struct FetchRefused {
  friend bool operator==(const FetchRefused&, const FetchRefused&) = default;
};
using FetchReply = std::variant<FetchedRows, FetchDiverged, FetchTooOld, FetchRefused>;

// What can happen to a replica.
/// Nobody has asked anything of it for a while: now its log is opened all the same, so that it is
/// cared for like all others.
struct OpenDue {};
struct Opened {
  Offset start = 0;
  Offset end = 0;
  EpochMillis max_timestamp = -1;
  std::vector<BatchSummary> recent = {};
  LeaderEpochs epochs = {};
};
struct OpenFailed {
  Error error;
};
struct AppendAsked {
  Ticket ticket = 0;
  std::vector<Buffer> batches;  ///< Whole batches whose checksums are right.
  EpochMillis wall_clock = 0;
  bool durable = false;  ///< The table wants rows on the device before they are acknowledged.
  bool by_all = true;    ///< acks=all: everybody in sync has them before they are acknowledged.
};
struct ReadAsked {
  Ticket ticket = 0;
  Offset from = 0;
  std::size_t bytes_max = 0;
};
struct AwaitAsked {
  Ticket ticket = 0;
  Offset from = 0;
  std::size_t bytes_max = 0;  ///< Of rows that may come with the answer.
};
struct AwaitExpired {
  Ticket ticket = 0;
};
struct EarliestAsked {
  Ticket ticket = 0;
};
struct LatestAsked {
  Ticket ticket = 0;
};
struct TimestampAsked {
  Ticket ticket = 0;
  EpochMillis timestamp = 0;
  EpochMillis wall_clock = 0;
};
/// The device has done what it was ordered; appends in the order they were ordered.
struct Written {};
struct WriteFailed {
  Error error;
  Offset end = 0;
};
/// Time to see which rows are too old to be kept.
struct RetentionDue {
  EpochMillis wall_clock = 0;
  std::optional<Duration> time_to_live;  ///< Nothing: rows are kept for ever.
  bool roll_active = false;
};
/// Time to see which writers were silent for too long.
struct WriterExpiryDue {};
struct Expired {
  Offset start = 0;
};
struct ExpiryFailed {};
/// What the catalog says of the bucket now.
struct Assigned {
  NodeId leader;
  LeaderEpoch epoch;
  std::uint32_t version = 0;
  std::vector<NodeId> replicas;
  std::set<NodeId> in_sync;
  friend bool operator==(const Assigned&, const Assigned&) = default;
};
/// The device has noted where this leadership's rows begin.
struct EpochBegun {};
struct EpochFailed {
  Error error;
};
/// A follower asks for rows from `from` on, so it has all below.
struct FetchAsked {
  Ticket ticket = 0;
  NodeId node;
  Incarnation incarnation;
  LeaderEpoch epoch;  ///< That it follows.
  Offset from = 0;
  std::optional<LeaderEpoch> last_epoch;  ///< Of its last row; nothing: of no known leadership.
  std::size_t bytes_max = 0;
};
/// A leader's answer to the request of this number.
struct Fetched {
  std::uint64_t number = 0;
  FetchReply reply;
  bool durable = false;  ///< The table wants rows on the device before the leader hears of them.
};
/// The leader of this epoch is there and waits to be asked.
struct LeaderWaits {
  LeaderEpoch epoch;
};
/// A link was cut and is there again: what was asked of this node may be lost.
struct PeerReturned {
  NodeId node;
};
/// The coordinator did not take a proposal.
struct ProposalRefused {};
/// A second has passed, or thereabouts.
struct TickDue {};
/// A read found the log closed on its device, which had to give it up.
struct LogClosed {
  Error error;
};
using Event = std::variant<OpenDue, Opened, OpenFailed, AppendAsked, ReadAsked, AwaitAsked,
                           AwaitExpired, EarliestAsked, LatestAsked, TimestampAsked, Written,
                           WriteFailed, RetentionDue, WriterExpiryDue, Expired, ExpiryFailed,
                           Assigned, EpochBegun, EpochFailed, FetchAsked, Fetched, LeaderWaits,
                           PeerReturned, ProposalRefused, TickDue, LogClosed>;

// What the shell must do, in this order.
struct WriteBatches {
  std::vector<StampedBatch> batches;
  bool durable = false;
  std::vector<EpochRun> runs;  ///< Leaderships that begin at, or between, or behind the batches.
};
/// Rows from the log's end on are of this leadership: answered EpochBegun.
struct BeginEpoch {
  LeaderEpoch epoch;
};
/// Rows from `offset` on are not the leader's: answered Opened.
struct CutLog {
  Offset offset = 0;
};
/// The leader has nothing below `start` any more: the log begins anew there. Answered Opened.
struct RestartLog {
  Offset start = 0;
};
/// Of the leader's replica, as its follower.
struct AskLeader {
  NodeId leader;
  std::uint64_t number = 0;
  LeaderEpoch epoch;
  Offset from = 0;
  std::optional<LeaderEpoch> last_epoch;
  std::size_t bytes_max = 0;
};
struct AnswerFetch {
  Ticket ticket = 0;
  FetchReply reply;
};
/// The answer's rows, up to `limit`, are on the device.
struct ReadForFollower {
  Ticket ticket = 0;
  Offset from = 0;
  Offset limit = 0;
  std::size_t bytes_max = 0;
};
/// A replica that does not ask although its leader has begun.
struct WakeFollower {
  NodeId node;
  LeaderEpoch epoch;
};
/// To the coordinator.
struct ProposeInSync {
  InSyncProposal proposal;
};
struct ReadLog {
  Ticket ticket = 0;
  Offset from = 0;
  Offset limit = 0;
  std::size_t bytes_max = 0;
};
struct FindTimestamp {
  Ticket ticket = 0;
  EpochMillis timestamp = 0;
};
struct AnswerAppended {
  Ticket ticket = 0;
  Offset base = 0;
  Offset high_watermark = 0;
};
/// There is nothing to read: at or above the high watermark, or no bytes were asked for.
struct AnswerNoData {
  Ticket ticket = 0;
  Offset from = 0;
};
struct AnswerAdvanced {
  Ticket ticket = 0;
};
/// The rows that were waited for, as they were written a moment ago: no need to read them.
struct AnswerWritten {
  Ticket ticket = 0;
  Offset from = 0;
  Buffer batches;
};
struct AnswerOffset {
  Ticket ticket = 0;
  Offset offset = 0;
};
struct Refuse {
  Ticket ticket = 0;
  protocol::ProtocolError error;
};
struct Fail {
  Ticket ticket = 0;
  Error error;
};
/// The log is needed for the first time.
struct OpenNow {};
/// The log cannot be used as it is: ask the device to open it again after a while.
struct OpenLater {};
struct ExpireLog {
  Expiry expiry;
};
using Effect = std::variant<WriteBatches, BeginEpoch, CutLog, RestartLog, ReadLog, FindTimestamp,
                            AnswerAppended, AnswerNoData, AnswerAdvanced, AnswerWritten,
                            AnswerOffset, Refuse, Fail, AskLeader, AnswerFetch, ReadForFollower,
                            WakeFollower, ProposeInSync, OpenNow, OpenLater, ExpireLog>;

}  // namespace millrace::replica
