#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.hpp"

namespace millrace {

/// From `start` on rows were appended under the leadership `epoch`, up to where the next run
/// starts.
struct EpochRun {
  LeaderEpoch epoch;
  Offset start = 0;
  friend bool operator==(const EpochRun&, const EpochRun&) = default;
};

/// Which leadership every row of a log was appended under. Two logs of one bucket that have the
/// same epoch at the same offset are equal up to there, since only one node leads in an epoch: so
/// where two logs part is found by comparing runs, and never by anybody's high watermark. Epochs
/// and starts grow from run to run; the last run may be empty, which marks that its leadership has
/// begun. Source: reliability of ISR replication, KIP-101 and KIP-279.
class LeaderEpochs {
 public:
  LeaderEpochs() = default;
  /// Requires runs in order: see follows().
  explicit LeaderEpochs(std::vector<EpochRun> runs);

  /// Whether `next` may stand behind `last`.
  [[nodiscard]] static bool follows(const EpochRun& last, const EpochRun& next) {
    return last.epoch < next.epoch && last.start <= next.start;
  }

  [[nodiscard]] const std::vector<EpochRun>& runs() const { return runs_; }
  [[nodiscard]] std::optional<LeaderEpoch> last() const;

  /// A leadership begins at `start`, the log's end. A run before it that got no row goes, whatever
  /// its epoch: no row can tell of it. Requires that it follows on what is left.
  void begin(const EpochRun& run);

  /// The epoch of the row at `offset`; nothing below the first run.
  [[nodiscard]] std::optional<LeaderEpoch> epoch_at(Offset offset) const;

  /// Of the newest epoch that is `epoch` or older: which one it is and where its rows end, in a log
  /// that ends at `log_end`. Nothing if every run is newer.
  struct End {
    LeaderEpoch epoch;
    Offset end = 0;
    friend bool operator==(const End&, const End&) = default;
  };
  [[nodiscard]] std::optional<End> end_of(LeaderEpoch epoch, Offset log_end) const;

  /// Runs that have rows in [from, to), the first cut to start at `from`; and the empty one at
  /// `to`, if there is one. What a follower is told with these rows.
  [[nodiscard]] std::vector<EpochRun> between(Offset from, Offset to) const;

  /// Rows at and above `offset` are cut off: their runs go. A mark at `offset` goes, too.
  void truncate(Offset offset);
  /// Rows below `offset` are deleted: runs without any other row go.
  void forget_below(Offset offset);

  friend bool operator==(const LeaderEpochs&, const LeaderEpochs&) = default;

 private:
  std::vector<EpochRun> runs_;
};

}  // namespace millrace
