#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/replica/writer_table.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "protocol/error_code.hpp"
#include "protocol/log_batch.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace::replica {

/// Whose request it is: the shell's number for whoever waits.
using Ticket = std::uint64_t;

/// Fluss's way to say "from the first offset that is kept".
inline constexpr Offset earliest_offset = -2;

// What can happen to a replica.
/// Nobody has asked anything of it for a while: now its log is opened all the same, so that it is
/// cared for like all others.
struct OpenDue {};
struct Opened {
  Offset start = 0;
  Offset end = 0;
  EpochMillis max_timestamp = -1;
  std::vector<BatchSummary> recent;
  EpochMillis wall_clock = 0;
};
struct OpenFailed {
  Error error;
};
struct AppendAsked {
  Ticket ticket = 0;
  std::vector<Buffer> batches;  ///< Whole batches whose checksums are right.
  EpochMillis wall_clock = 0;
  bool durable = false;  ///< The table wants rows on the device before they are acknowledged.
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
struct WriterExpiryDue {
  EpochMillis wall_clock = 0;
};
struct Expired {
  Offset start = 0;
};
struct ExpiryFailed {};
/// A read found the log closed on its device, which had to give it up.
struct LogClosed {
  Error error;
};
using Event =
    std::variant<OpenDue, Opened, OpenFailed, AppendAsked, ReadAsked, AwaitAsked, AwaitExpired,
                 EarliestAsked, LatestAsked, TimestampAsked, Written, WriteFailed, RetentionDue,
                 WriterExpiryDue, Expired, ExpiryFailed, LogClosed>;

// What the shell must do, in this order.
struct WriteBatches {
  std::vector<StampedBatch> batches;
  bool durable = false;
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
using Effect =
    std::variant<WriteBatches, ReadLog, FindTimestamp, AnswerAppended, AnswerNoData, AnswerAdvanced,
                 AnswerWritten, AnswerOffset, Refuse, Fail, OpenNow, OpenLater, ExpireLog>;

/// One bucket's replica. At replication 1 it leads, and what the device has written is visible: the
/// high watermark is the end of what was written.
///
/// Appends are stamped and ordered one behind the other without waiting for the device. When one
/// fails, those ordered behind it fail as well (their offsets no longer fit), and until the device
/// has answered them all nothing new is ordered.
///
/// Its log rests until somebody asks something, or the shell says that it is due: a node with ten
/// thousand buckets serves the few that are in use at once.
///
/// What is too old is deleted by whole segments, by the leader's clock and the batches' commit
/// timestamps. A writer is known until it was silent for `writer_expiration`, whether its batches
/// are still there or not.
class ReplicaMachine {
 public:
  /// Appends in flight to the device, at most; a further one is refused as overloaded.
  static constexpr std::size_t writes_max = 1024;
  /// Questions held until the log is open, at most; a further one is told that nobody leads yet.
  static constexpr std::size_t held_max = 1024;
  /// Readers waiting, at most; a further one is answered at once.
  static constexpr std::size_t waiting_max = 100'000;

  /// server.writer-id.expiration-time.
  explicit ReplicaMachine(Duration writer_expiration = 7 * 24h)
      : writer_expiration_(writer_expiration) {}

  [[nodiscard]] std::vector<Effect> step(const Event& event);

  [[nodiscard]] bool is_open() const { return open_; }
  /// Whether its log was never needed so far.
  [[nodiscard]] bool is_resting() const { return resting_; }
  [[nodiscard]] Offset log_start() const { return start_; }
  [[nodiscard]] Offset high_watermark() const { return written_; }
  [[nodiscard]] std::size_t write_count() const { return writes_.size(); }
  [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }
  [[nodiscard]] std::size_t writer_count() const { return stamped_.writer_count(); }

 private:
  /// A request that was sent again while its batches were on their way.
  struct Duplicate {
    Ticket ticket = 0;
    Offset base = 0;
  };
  struct Write {
    Ticket ticket = 0;
    std::vector<BatchSummary> batches;
    std::vector<Duplicate> duplicates;
    std::vector<Buffer> pieces;  // Of all its batches: for those who wait for just these.
  };
  struct Waiter {
    Ticket ticket = 0;
    std::size_t bytes_max = 0;
  };
  using Effects = std::vector<Effect>;

  void apply(const OpenDue& event, Effects& effects);
  void apply(const Opened& event, Effects& effects);
  void apply(const OpenFailed& event, Effects& effects);
  void apply(const LogClosed& event, Effects& effects);
  void apply(const AppendAsked& event, Effects& effects);
  void apply(const ReadAsked& event, Effects& effects);
  void apply(const AwaitAsked& event, Effects& effects);
  void apply(const AwaitExpired& event, Effects& effects);
  void apply(const EarliestAsked& event, Effects& effects);
  void apply(const LatestAsked& event, Effects& effects);
  void apply(const TimestampAsked& event, Effects& effects);
  void apply(const Written& event, Effects& effects);
  void apply(const WriteFailed& event, Effects& effects);
  void apply(const RetentionDue& event, Effects& effects);
  void apply(const WriterExpiryDue& event, Effects& effects);
  void apply(const Expired& event, Effects& effects);
  void apply(const ExpiryFailed& event, Effects& effects);

  [[nodiscard]] EpochMillis writers_older_than(EpochMillis wall_clock) const;
  /// What a request's batches are together. A request that was sent again holds what it held
  /// before, so batches known and new in one request are out of order.
  [[nodiscard]] BatchVerdict check_writers(
      const std::vector<protocol::LogBatchHeader>& headers) const;
  void order_write(const AppendAsked& asked, const std::vector<protocol::LogBatchHeader>& headers,
                   Effects& effects);
  void answer_duplicate(Ticket ticket, const BatchSummary& original, Effects& effects);
  /// `last`: what was written last, whose rows go to those who wait for its first.
  void wake(Effects& effects, const Write* last = nullptr);
  [[nodiscard]] bool hold(const Event& event, Effects& effects);
  void open_first(Effects& effects);
  void release_held(Effects& effects);
  [[nodiscard]] bool refused_while_closed(Ticket ticket, Effects& effects) const;

  const Duration writer_expiration_;
  bool open_ = false;
  bool expiring_ = false;  // An order is on its way.
  bool resting_ = true;    // Not even ordered to be opened.
  bool opening_ = true;    // Not open so far: what is asked meanwhile is held, not refused.
  std::deque<Event> held_;
  Error why_closed_{Errc::unavailable, "log is being opened"};
  bool discarding_ = false;  // A write failed; the ones behind it are still being answered.
  Error why_discarding_;
  Offset start_ = 0;
  Offset written_ = 0;  // Next offset of what the device has written: the high watermark.
  Offset next_ = 0;     // Next offset to stamp.
  EpochMillis max_timestamp_ = -1;
  WriterTable stamped_;  // Of everything stamped, written or not.
  WriterTable durable_;  // Of everything written: what stamped_ falls back to.
  std::deque<Write> writes_;
  std::multimap<Offset, Waiter> waiting_;
  std::map<Ticket, Offset> waiting_by_ticket_;
};

}  // namespace millrace::replica
