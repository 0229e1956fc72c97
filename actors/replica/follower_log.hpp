#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "actors/replica/log_state.hpp"
#include "actors/replica/replica_event.hpp"
#include "actors/replica/replica_rules.hpp"

namespace millrace::replica {

/// A bucket's log that follows its leader's. It asks for what comes behind its end, writes what it
/// gets, and asks again: so a request tells the leader what is written here. One request at a time.
///
/// Where the two logs parted is found by leader epochs, never by a high watermark: the leader says
/// up to where it has rows of the follower's last leadership, the follower cuts and asks again.
/// Source: KIP-101, KIP-279.
class FollowerLog {
 public:
  using Effects = std::vector<Effect>;

  /// `log` outlives it, and is changed by it only. Asks at once.
  FollowerLog(LogState& log, const Assigned& assigned, const ReplicaRules& rules, Instant now,
              Effects& effects);

  void fetched(const Fetched& fetched, Instant now, Effects& effects);
  void written(Instant now, Effects& effects);
  /// The log was opened anew after a cut: what is asked next begins at its end.
  void reopened(Instant now, Effects& effects);
  /// What was asked may be lost.
  void ask_again(Instant now, Effects& effects);
  void tick(Instant now, Effects& effects);

  [[nodiscard]] LeaderEpoch epoch() const { return epoch_; }
  [[nodiscard]] NodeId leader() const { return leader_; }
  /// Whether rows are on their way to the device, or a cut.
  [[nodiscard]] bool is_busy() const { return writing_.has_value() || cutting_; }
  /// A leader's answer that could not be used; counted by the shell.
  [[nodiscard]] const std::optional<Error>& last_error() const { return last_error_; }

 private:
  struct Writing {
    std::vector<BatchSummary> batches;
    std::vector<EpochRun> runs;
    Offset high_watermark = 0;
  };

  void ask(Instant now, Effects& effects);
  void take(const FetchedRows& rows, Instant now, Effects& effects);
  void take(const FetchDiverged& parted, Instant now, Effects& effects);
  void take(const FetchTooOld& old, Instant now, Effects& effects);
  void take(const FetchRefused& refused, Instant now, Effects& effects);
  [[nodiscard]] Result<WriteBatches> check(const FetchedRows& rows) const;
  /// Where this log must end for the leader's answer.
  [[nodiscard]] Offset cut_at(const FetchDiverged& parted) const;

  LogState& log_;
  const NodeId leader_;
  const LeaderEpoch epoch_;
  const ReplicaRules& rules_;
  std::uint64_t number_ = 0;         // Of the newest request.
  std::optional<Instant> asked_at_;  // None: nothing is asked for.
  bool durable_ = false;
  bool cutting_ = false;
  std::optional<Writing> writing_;
  std::optional<Error> last_error_;
};

}  // namespace millrace::replica
