#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "actors/replica/in_sync_set.hpp"
#include "actors/replica/log_state.hpp"
#include "actors/replica/replica_event.hpp"
#include "actors/replica/replica_rules.hpp"
#include "actors/replica/rows_at_hand.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::replica {

/// A bucket's log in the hands of its leader, from the moment that its epoch has begun.
///
/// Appends are stamped and ordered one behind the other without waiting for the device. When one
/// fails, those ordered behind it fail as well (their offsets no longer fit), and until the device
/// has answered them all nothing new is ordered.
///
/// What is written is fetched by the followers; what all that may lead next have is visible and
/// acknowledged: see InSyncSet. With one replica that is what the device has written.
class LeaderLog {
 public:
  /// Appends in flight to the device, at most; a further one is refused as overloaded.
  static constexpr std::size_t writes_max = 1024;
  /// Appends that wait for followers, at most; the same.
  static constexpr std::size_t unconfirmed_max = 8192;
  /// Readers waiting, at most; a further one is answered at once.
  static constexpr std::size_t waiting_max = 100'000;

  using Effects = std::vector<Effect>;

  /// `log` outlives it, and is changed by it only. `is_fresh`: nobody has proposed anything in this
  /// epoch so far.
  LeaderLog(LogState& log, NodeId self, const Assigned& assigned, const ReplicaRules& rules,
            bool is_fresh, Instant now, Effects& effects);

  void append(const AppendAsked& asked, Effects& effects);
  void written(Instant now, Effects& effects);
  /// Returns whether the log has to be opened anew, with the reason.
  [[nodiscard]] std::optional<Error> write_failed(const WriteFailed& failed, Effects& effects);
  void read(const ReadAsked& asked, Effects& effects) const;
  void await(const AwaitAsked& asked, Effects& effects);
  void expire_await(Ticket ticket, Effects& effects);
  void latest(Ticket ticket, Effects& effects) const;
  void find(const TimestampAsked& asked, Effects& effects) const;
  void fetch(const FetchAsked& asked, Instant now, Effects& effects);
  /// The coordinator has changed who is in sync.
  void assigned(const Assigned& assigned, Instant now, Effects& effects);
  void proposal_refused() { refused_ = true; }
  void tick(Instant now, Effects& effects);
  /// Rows that were read for a follower, and what goes with them.
  [[nodiscard]] FetchedRows rows_for(Offset from, Buffer batches) const;
  /// Forgets writers that were silent for so long, by the log's own timestamps: so everybody who
  /// may lead forgets the same.
  void forget_writers();
  [[nodiscard]] EpochMillis writers_older_than() const;
  /// It leads no more: whoever waits hears why. Appends in flight are answered as they come back.
  void end(const Error& why, Effects& effects);

  [[nodiscard]] const Leadership& leadership() const { return in_sync_.leadership(); }
  [[nodiscard]] std::size_t write_count() const { return writes_.size(); }
  [[nodiscard]] std::size_t waiting_count() const { return waiting_.size(); }
  [[nodiscard]] std::size_t unconfirmed_count() const { return unconfirmed_.size(); }
  [[nodiscard]] std::size_t writer_count() const { return stamped_.writer_count(); }

 private:
  /// A request that was sent again while its batches were on their way.
  struct Duplicate {
    Ticket ticket = 0;
    Offset base = 0;
    bool by_all = true;
  };
  struct Write {
    Duplicate first;  // The request itself.
    std::vector<BatchSummary> batches;
    std::vector<Duplicate> duplicates;
    std::vector<Buffer> pieces;  // Of all its batches: for those who wait for just these.
  };
  struct Waiter {
    Ticket ticket = 0;
    std::size_t bytes_max = 0;
  };
  /// A follower's request that waits for rows.
  struct Parked {
    Ticket ticket = 0;
    Offset from = 0;
    std::size_t bytes_max = 0;
    Instant until;
  };

  /// What a request's batches are together. A request that was sent again holds what it held
  /// before, so batches known and new in one request are out of order.
  [[nodiscard]] BatchVerdict check_writers(
      const std::vector<protocol::LogBatchHeader>& headers) const;
  [[nodiscard]] std::optional<Effect> why_not_append(const AppendAsked& asked) const;
  void order_write(const AppendAsked& asked, const std::vector<protocol::LogBatchHeader>& headers,
                   Effects& effects);
  void answer_duplicate(const AppendAsked& asked, const BatchSummary& original, Effects& effects);
  /// Answers what is written: at once, or when everybody has it.
  void confirm(const Duplicate& request, Offset last, Effects& effects);
  void settle(Instant now, Effects& effects);
  void wake_readers(Effects& effects);
  void feed_followers(Effects& effects);
  void answer_empty(NodeId node, Effects& effects);
  static void fail(const Write& write, const Error& why, Effects& effects);
  /// There are too few in sync: who waits for all may wait for ever.
  void refuse_unconfirmed(Effects& effects);
  void propose(Instant now, Effects& effects);
  /// Why a follower cannot go on from where it is; nothing: it can.
  [[nodiscard]] std::optional<FetchReply> why_parted(const FetchAsked& asked) const;

  LogState& log_;
  const NodeId self_;
  const ReplicaRules& rules_;
  std::vector<NodeId> replicas_;
  InSyncSet in_sync_;
  bool ended_ = false;
  bool discarding_ = false;  // A write failed; the ones behind it are still being answered.
  Error why_discarding_;
  Offset next_ = 0;  // Next offset to stamp.
  EpochMillis max_timestamp_ = -1;
  WriterTable stamped_;  // Of everything stamped, written or not.
  std::deque<Write> writes_;
  RowsAtHand at_hand_;                            // The newest written ones.
  std::multimap<Offset, Duplicate> unconfirmed_;  // By their last row.
  std::multimap<Offset, Waiter> waiting_;
  std::map<Ticket, Offset> waiting_by_ticket_;
  std::map<NodeId, Parked> parked_;
  bool refused_ = false;                // The last proposal; a tick makes another.
  std::optional<Instant> proposed_at_;  // None: nothing is asked for.
};

}  // namespace millrace::replica
