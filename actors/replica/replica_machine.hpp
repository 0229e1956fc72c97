#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "actors/replica/follower_log.hpp"
#include "actors/replica/leader_log.hpp"
#include "actors/replica/log_state.hpp"
#include "actors/replica/replica_event.hpp"

namespace millrace::replica {

/// One bucket's replica: opens its log, leads or follows as the catalog says, and changes from one
/// to the other when everything that was on its way to the device has come back.
///
/// Its log rests until somebody asks something, or its leader does, or the shell says that it is
/// due: a node with ten thousand buckets serves the few that are in use at once.
///
/// A leadership begins with a mark in the log's leader epochs. A leader that starts again within
/// its epoch does not know what it has proposed to the coordinator: until its in-sync set is
/// committed anew it takes everybody for in sync.
///
/// What is too old is deleted by whole segments, by this node's clock and the batches' commit
/// timestamps, and never above the high watermark. A writer is known until it was silent for
/// `writer_expiration`, whether its batches are still there or not.
class ReplicaMachine {
 public:
  /// Questions held until the log is open, at most; a further one is told that nobody leads yet.
  static constexpr std::size_t held_max = 1024;

  ReplicaMachine(NodeId self, ReplicaRules rules) : self_(self), rules_(rules) {}
  ReplicaMachine(const ReplicaMachine&) = delete;
  ReplicaMachine& operator=(const ReplicaMachine&) = delete;

  /// Requires `now` never to go back.
  [[nodiscard]] std::vector<Effect> step(Instant now, const Event& event);

  [[nodiscard]] bool is_open() const { return phase_ == Phase::open; }
  /// Whether its log was never needed so far.
  [[nodiscard]] bool is_resting() const { return phase_ == Phase::resting; }
  [[nodiscard]] bool leads() const { return leader_ && !is_ending_; }
  /// Whether there are others who hold the bucket: then time matters to it.
  [[nodiscard]] bool is_replicated() const { return assigned_ && assigned_->replicas.size() > 1; }
  [[nodiscard]] const LogState& log() const { return log_; }
  [[nodiscard]] Offset log_start() const { return log_.start; }
  [[nodiscard]] Offset high_watermark() const { return log_.high_watermark; }
  [[nodiscard]] std::size_t write_count() const;
  [[nodiscard]] std::size_t waiting_count() const { return leader_ ? leader_->waiting_count() : 0; }
  [[nodiscard]] std::size_t writer_count() const;
  /// Rows read for a follower; nothing: it leads no more.
  [[nodiscard]] std::optional<FetchedRows> rows_for(Offset from, Buffer batches) const;

 private:
  enum class Phase { resting, opening, open, closed };
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
  void apply(const Assigned& event, Effects& effects);
  void apply(const EpochBegun& event, Effects& effects);
  void apply(const EpochFailed& event, Effects& effects);
  void apply(const FetchAsked& event, Effects& effects);
  void apply(const Fetched& event, Effects& effects);
  void apply(const LeaderWaits& event, Effects& effects);
  void apply(const PeerReturned& event, Effects& effects);
  void apply(const ProposalRefused& event, Effects& effects);
  void apply(const TickDue& event, Effects& effects);

  /// Whether the event is a question that must wait, or is answered here.
  [[nodiscard]] bool hold_or_refuse(const Event& event, Effects& effects);
  void open_first(Effects& effects);
  /// The log cannot be used as it is.
  void close(const Error& why, Effects& effects);
  void end_role(Effects& effects);
  /// What was on its way has come back: takes up the role that is assigned now.
  void drained(Effects& effects);
  void begin_role(Effects& effects);
  void lead(Effects& effects);
  void release_held(Effects& effects);
  void refuse_held(Effects& effects);

  const NodeId self_;
  const ReplicaRules rules_;
  Instant now_{};
  Phase phase_ = Phase::resting;
  Error why_not_{Errc::unavailable, "log is being opened"};  // Why it does not lead.
  LogState log_;
  std::optional<Assigned> assigned_;
  std::optional<LeaderLog> leader_;
  std::optional<FollowerLog> follower_;
  bool is_ending_ = false;                // The role is over once the device has answered.
  std::optional<LeaderEpoch> beginning_;  // Its mark is on its way to the device.
  std::optional<LeaderEpoch> begun_;      // By this actor, and nothing was proposed in it.
  bool expiring_ = false;                 // An order is on its way.
  std::deque<Event> held_;
};

}  // namespace millrace::replica
