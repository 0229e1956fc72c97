#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace millrace::replica {

/// Who leads a bucket and who is in sync, as the coordinator has committed it.
struct Leadership {
  LeaderEpoch epoch;
  std::uint32_t version = 0;  ///< Grows with every change of the bucket: what a proposal compares.
  std::set<NodeId> in_sync;   ///< The leader among them.
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

/// A change of the in-sync set that the leader asks the coordinator for. It holds from the moment
/// it is committed, and only if nothing else was committed before it.
struct InSyncProposal {
  LeaderEpoch epoch;
  std::uint32_t version = 0;  ///< Of the leadership that it was made from.
  /// With the incarnation that each follower fetched in: a member that has started anew since is
  /// refused. The leader itself is not named.
  std::map<NodeId, Incarnation> followers;
  bool resigns = false;  ///< The leader cannot lead: another one shall.
  friend bool operator==(const InSyncProposal&, const InSyncProposal&) = default;
};

/// What one leader knows of its followers in one epoch, and the high watermark that follows.
///
/// The high watermark is the offset below which everybody who may be elected next has every row. So
/// it counts the committed set and all that was proposed together until something newer is
/// committed: a proposal that was refused, or never answered, may still be on its way a second
/// time. To be rid of one, the committed set itself is proposed: its commit makes all before it
/// void. Below `in_sync_min` members it stands still, so that who leaves last is known to have all
/// of it. It never goes back.
///
/// A leadership begins with a mark: until every member has confirmed that it follows this epoch
/// from its start, nobody else is let in, since what the leader has may still part from what they
/// have.
class InSyncSet {
 public:
  struct Limits {
    std::size_t in_sync_min = 1;
    /// A member that has not caught up for so long is to leave.
    Duration lag_max = 30s;
  };

  /// `start` is the end of the leader's log when the leadership began; `high_watermark` what it
  /// knew of it as a follower.
  /// `may_be_proposed`: who may be in a proposal of this epoch that a predecessor made and nobody
  /// remembers.
  InSyncSet(NodeId self, Leadership committed, std::set<NodeId> may_be_proposed, Limits limits,
            Offset start, Offset high_watermark, Instant now);

  /// The leader's own log ends there.
  void written(Offset end, Instant now);
  /// A follower asks for rows from `from` on, so it has all below; it follows this epoch.
  void fetched(NodeId node, Incarnation incarnation, Offset from, Instant now);
  /// The coordinator has committed something about the bucket under this epoch.
  void committed(const Leadership& leadership);
  /// The proposal that was made last was refused, or its answer does not come: time for another.
  void not_committed();

  /// The change that is due, if any, and if none is being asked for.
  [[nodiscard]] std::optional<InSyncProposal> propose(Instant now);

  [[nodiscard]] const Leadership& leadership() const { return committed_; }
  [[nodiscard]] Offset high_watermark() const { return high_watermark_; }
  /// Whether all members have confirmed the beginning of this leadership.
  [[nodiscard]] bool is_marked() const { return marked_; }
  /// Whether appends that want all members can be taken at all.
  [[nodiscard]] bool is_sufficient() const {
    return committed_.in_sync.size() >= limits_.in_sync_min;
  }

 private:
  struct Follower {
    Incarnation incarnation;
    Offset end = 0;
    Instant asked_at{};                   // When it was last told where the leader's log ends,
    Offset end_then = 0;                  // and where that was.
    bool caught_up = false;               // It had, once, all that there was a fetch before.
    std::optional<Instant> behind_since;  // None: it has all that there is.
  };

  [[nodiscard]] bool has_confirmed(NodeId node) const;
  [[nodiscard]] bool lags(NodeId node, Instant now) const;
  /// Who is not in the set is let in only after he has fetched again: he may not be there any more.
  void doubt_others();
  void advance();

  const NodeId self_;
  const Limits limits_;
  const Offset start_;
  const Instant began_at_;
  Leadership committed_;
  std::set<NodeId> proposed_;  // By all proposals that may still be committed.
  bool asks_ = false;          // The last of them was not answered so far.
  std::map<NodeId, Follower> followers_;
  Offset end_;
  Offset high_watermark_;
  bool marked_ = false;
};

}  // namespace millrace::replica
