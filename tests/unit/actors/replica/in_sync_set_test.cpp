#include "actors/replica/in_sync_set.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace millrace::replica {
namespace {

constexpr NodeId self{0};
constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr Instant start{1h};
constexpr Incarnation first{1};

Leadership leadership(std::set<NodeId> in_sync, std::uint32_t version = 1) {
  return {LeaderEpoch{5}, version, std::move(in_sync)};
}

/// All three in sync, the log's end at 10, where the followers are, too.
InSyncSet whole(InSyncSet::Limits limits = {2, 30s}) {
  InSyncSet set(self, leadership({self, one, two}), {}, limits, 10, 8, start);
  set.fetched(one, first, 10, start);
  set.fetched(two, first, 10, start);
  return set;
}

TEST(InSyncSet, TheHighWatermarkIsWhatEverybodyHas) {
  InSyncSet set(self, leadership({self, one, two}), {}, {2, 30s}, 10, 8, start);
  EXPECT_EQ(set.high_watermark(), 8);
  set.fetched(one, first, 10, start);
  EXPECT_EQ(set.high_watermark(), 8);
  EXPECT_FALSE(set.is_marked());
  set.fetched(two, first, 10, start);
  EXPECT_EQ(set.high_watermark(), 10);
  EXPECT_TRUE(set.is_marked());
  set.written(20, start);
  set.fetched(one, first, 20, start);
  EXPECT_EQ(set.high_watermark(), 10);
  set.fetched(two, first, 15, start);
  EXPECT_EQ(set.high_watermark(), 15);
}

TEST(InSyncSet, ItNeverGoesBack) {
  InSyncSet set = whole();
  set.fetched(one, Incarnation{2}, 3, start);  // Started anew with less.
  EXPECT_EQ(set.high_watermark(), 10);
}

TEST(InSyncSet, WhoLagsIsToLeaveAndCountsUntilHeHasLeft) {
  InSyncSet set = whole();
  set.written(20, start);
  set.fetched(one, first, 20, start + 29s);
  EXPECT_EQ(set.propose(start + 30s), std::nullopt);
  const auto proposal = set.propose(start + 31s);
  ASSERT_TRUE(proposal);
  EXPECT_EQ(proposal->version, 1U);
  EXPECT_EQ(proposal->followers, (std::map<NodeId, Incarnation>{{one, first}}));
  EXPECT_EQ(set.propose(start + 40s), std::nullopt);  // One at a time.
  EXPECT_EQ(set.high_watermark(), 10);
  set.committed(leadership({self, one}, 2));
  EXPECT_EQ(set.high_watermark(), 20);
}

TEST(InSyncSet, WhoIsAlwaysALittleBehindKeepsUp) {
  InSyncSet set = whole();
  for (int second = 1; second < 100; ++second) {
    // Asks for what there was at the question before, while more comes all the time.
    set.fetched(one, first, second * 10, start + second * 1s);
    set.fetched(two, first, second * 10, start + second * 1s);
    set.written(second * 10 + 10, start + second * 1s);
    ASSERT_EQ(set.propose(start + second * 1s), std::nullopt) << second;
  }
}

TEST(InSyncSet, ANewMemberCountsFromTheProposalOn) {
  InSyncSet set(self, leadership({self, one}), {}, {2, 30s}, 10, 8, start);
  set.fetched(one, first, 10, start);
  set.fetched(two, first, 9, start);
  EXPECT_EQ(set.propose(start), std::nullopt);  // Not at the mark.
  set.fetched(two, first, 10, start);
  ASSERT_TRUE(set.propose(start));
  set.written(30, start);
  set.fetched(one, first, 30, start);
  EXPECT_EQ(set.high_watermark(), 10);  // It may be in already.
  EXPECT_EQ(set.propose(start), std::nullopt);
}

TEST(InSyncSet, AProposalCountsUntilSomethingNewerIsCommitted) {
  InSyncSet set(self, leadership({self, one}), {}, {2, 30s}, 10, 8, start);
  set.fetched(one, first, 10, start);
  set.fetched(two, first, 10, start);
  ASSERT_TRUE(set.propose(start));
  set.written(30, start);
  set.fetched(one, first, 30, start + 1min);
  set.not_committed();  // Which copy of it?
  EXPECT_EQ(set.high_watermark(), 10);
  // It lags by now and is not wanted any more; but only a newer commit makes the proposal void.
  const auto again = set.propose(start + 1min);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->followers, (std::map<NodeId, Incarnation>{{one, first}}));
  EXPECT_EQ(set.high_watermark(), 10);
  set.committed(leadership({self, one}, 2));
  EXPECT_EQ(set.high_watermark(), 30);
  EXPECT_EQ(set.propose(start + 1min), std::nullopt);
}

TEST(InSyncSet, NobodyIsLetInBeforeTheMarkIsConfirmed) {
  InSyncSet set(self, leadership({self, one}), {}, {2, 30s}, 10, 8, start);
  set.fetched(two, first, 10, start);
  EXPECT_EQ(set.propose(start), std::nullopt);
  set.fetched(one, first, 10, start);
  EXPECT_TRUE(set.propose(start));
}

TEST(InSyncSet, WithTooFewMembersTheHighWatermarkStandsStill) {
  InSyncSet set = whole();
  set.committed(leadership({self}, 2));
  EXPECT_FALSE(set.is_sufficient());
  set.written(20, start);
  EXPECT_EQ(set.high_watermark(), 10);
  set.fetched(one, first, 20, start);
  set.committed(leadership({self, one}, 3));
  EXPECT_TRUE(set.is_sufficient());
  EXPECT_EQ(set.high_watermark(), 20);
}

TEST(InSyncSet, OldNewsAndOldIncarnationsAreIgnored) {
  InSyncSet set = whole();
  set.committed(leadership({self, one, two}, 3));
  set.committed(leadership({self}, 2));
  EXPECT_EQ(set.leadership().version, 3U);
  set.fetched(one, Incarnation{2}, 4, start);
  set.fetched(one, first, 10, start);
  set.written(12, start);
  set.fetched(two, first, 12, start);
  EXPECT_EQ(set.high_watermark(), 10);
}

TEST(InSyncSet, WhoWasTakenOutIsLetInAgainOnlyIfHeFetches) {
  InSyncSet set = whole();
  set.committed(leadership({self, one}, 2));  // The coordinator says that two is not there.
  EXPECT_EQ(set.propose(start), std::nullopt);
  set.fetched(two, first, 10, start);
  ASSERT_TRUE(set.propose(start));
  set.not_committed();  // Refused; what is committed is proposed, so that it cannot come back.
  const auto again = set.propose(start);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->followers, (std::map<NodeId, Incarnation>{{one, first}}));
  set.committed(leadership({self, one}, 3));
  set.fetched(two, Incarnation{2}, 10, start);
  EXPECT_EQ(set.propose(start)->followers.at(two), Incarnation{2});
}

/// A leader, followers that lag, die and lose rows, and a coordinator that commits proposals late,
/// loses its answers, and takes dead members out by itself. Whatever set it has committed: all its
/// members have all rows below the leader's high watermark.
class InSyncRun {
 public:
  explicit InSyncRun(std::uint64_t seed, std::map<std::string, int>& reached)
      : random_(seed), reached_(reached) {
    for (const NodeId node : {self, one, two}) ends_[node] = 0;
  }

  void run() {
    for (int i = 0; i < 300 && !testing::Test::HasFatalFailure(); ++i) {
      now_ += Duration(random_.between(0, Duration(2s).count()));
      turn();
      for (const NodeId node : truth_.in_sync) {
        ASSERT_GE(ends_.at(node), set_.high_watermark()) << "node " << node.value();
      }
      ASSERT_GE(set_.high_watermark(), before_);
      before_ = set_.high_watermark();
    }
    reached_["advanced"] += before_ > 0 ? 1 : 0;
  }

 private:
  void turn() {
    switch (random_.below(8)) {
      case 0:
      case 1:
        ends_[self] += random_.between(1, 5);
        return set_.written(ends_[self], now_);
      case 2:
      case 3:
      case 4:
        return follow(NodeId{static_cast<std::int32_t>(1 + random_.below(2))});
      case 5:
        if (auto proposal = set_.propose(now_)) asked_.push_back(*proposal);
        return;
      case 6:
        return decide();
      default:
        return random_.chance(1, 4) ? lose(NodeId{static_cast<std::int32_t>(1 + random_.below(2))})
                                    : hear();
    }
  }

  /// A follower's fetch names what it has and brings some of what it lacks.
  void follow(NodeId node) {
    set_.fetched(node, incarnations_[node], ends_[node], now_);
    ends_[node] = std::min(ends_[self], ends_[node] + random_.between(0, 6));
  }

  void decide() {
    if (asked_.empty()) return;
    const auto next = asked_.begin() + static_cast<std::ptrdiff_t>(random_.below(asked_.size()));
    const InSyncProposal proposal = *next;
    if (random_.chance(3, 4)) asked_.erase(next);  // Or it comes a second time.
    bool good = proposal.version == truth_.version;
    for (const auto& [node, incarnation] : proposal.followers) {
      good = good && incarnation == incarnations_[node];
    }
    if (good) {
      ++reached_[proposal.followers.size() + 1 > truth_.in_sync.size() ? "joined" : "left"];
      ++truth_.version;
      truth_.in_sync = {self};
      for (const auto& [node, incarnation] : proposal.followers) truth_.in_sync.insert(node);
    }
    if (random_.chance(1, 3)) return;  // The answer is lost; the next news brings it.
    if (good) {
      set_.committed(truth_);
    } else {
      ++reached_["refused"];
      set_.not_committed();
    }
  }

  /// News of what is committed, or an answer that took too long: what it was about is still on its
  /// way.
  void hear() {
    if (random_.chance(1, 2)) return set_.committed(truth_);
    set_.not_committed();
  }

  /// The coordinator takes a dead node out before it may come back, with less than it had.
  void lose(NodeId node) {
    ++reached_["lost"];
    if (truth_.in_sync.erase(node) > 0) ++truth_.version;
    incarnations_[node] = Incarnation{incarnations_[node].value() + 1};
    ends_[node] = random_.between(0, ends_[node]);
  }

  Random random_;
  std::map<std::string, int>& reached_;
  Instant now_ = start;
  std::map<NodeId, Offset> ends_;
  std::map<NodeId, Incarnation> incarnations_;
  Leadership truth_ = leadership({self, one, two});
  InSyncSet set_{self, truth_, {}, {2, 5s}, 0, 0, start};
  std::vector<InSyncProposal> asked_;
  Offset before_ = 0;
};

TEST(InSyncSetProperty, WhoeverMayBeElectedHasAllBelowTheHighWatermark) {
  std::map<std::string, int> reached;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    InSyncRun(seed, reached).run();
    if (testing::Test::HasFatalFailure()) return;
  }
  for (const std::string what : {"advanced", "joined", "left", "refused", "lost"}) {
    EXPECT_GT(reached[what], 100) << what;
  }
}

}  // namespace
}  // namespace millrace::replica
