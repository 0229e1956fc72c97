#include "state/log/port/leader_epochs.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.hpp"

namespace millrace {
namespace {

EpochRun run(std::int32_t epoch, Offset start) { return {LeaderEpoch{epoch}, start}; }

/// Epochs 2, 5 and 6: 5 begins at 10 and 6 at 30.
LeaderEpochs three() { return LeaderEpochs({run(2, 0), run(5, 10), run(6, 30)}); }

TEST(LeaderEpochs, EveryRowHasTheEpochOfItsRun) {
  const LeaderEpochs epochs({run(2, 4), run(5, 10)});
  EXPECT_EQ(epochs.epoch_at(3), std::nullopt);
  EXPECT_EQ(epochs.epoch_at(4), LeaderEpoch{2});
  EXPECT_EQ(epochs.epoch_at(9), LeaderEpoch{2});
  EXPECT_EQ(epochs.epoch_at(10), LeaderEpoch{5});
  EXPECT_EQ(epochs.epoch_at(1'000'000), LeaderEpoch{5});
  EXPECT_EQ(epochs.last(), LeaderEpoch{5});
  EXPECT_EQ(LeaderEpochs().last(), std::nullopt);
}

TEST(LeaderEpochs, ALeadershipWithoutRowsGivesWayToTheNext) {
  LeaderEpochs epochs;
  epochs.begin(run(1, 0));
  epochs.begin(run(2, 0));
  epochs.begin(run(3, 7));
  EXPECT_EQ(epochs.runs(), (std::vector{run(2, 0), run(3, 7)}));
}

TEST(LeaderEpochs, TellsWhereAnEpochEnds) {
  using End = LeaderEpochs::End;
  EXPECT_EQ(three().end_of(LeaderEpoch{1}, 40), std::nullopt);
  EXPECT_EQ(three().end_of(LeaderEpoch{2}, 40), (End{LeaderEpoch{2}, 10}));
  EXPECT_EQ(three().end_of(LeaderEpoch{4}, 40), (End{LeaderEpoch{2}, 10}));
  EXPECT_EQ(three().end_of(LeaderEpoch{5}, 40), (End{LeaderEpoch{5}, 30}));
  EXPECT_EQ(three().end_of(LeaderEpoch{9}, 40), (End{LeaderEpoch{6}, 40}));
}

TEST(LeaderEpochs, GivesTheRunsOfSomeRowsAndTheMarkAtTheirEnd) {
  EXPECT_EQ(three().between(0, 10), std::vector{run(2, 0)});
  EXPECT_EQ(three().between(5, 11), (std::vector{run(2, 5), run(5, 10)}));
  EXPECT_EQ(three().between(12, 30), (std::vector{run(5, 12), run(6, 30)}));
  EXPECT_EQ(three().between(30, 30), std::vector{run(6, 30)});
  EXPECT_EQ(three().between(35, 35), std::vector{run(6, 35)});
}

TEST(LeaderEpochs, IsCutAtBothEnds) {
  LeaderEpochs cut = three();
  cut.truncate(31);
  EXPECT_EQ(cut, three());
  cut.truncate(30);
  EXPECT_EQ(cut.runs(), (std::vector{run(2, 0), run(5, 10)}));
  cut.truncate(0);
  EXPECT_TRUE(cut.runs().empty());

  LeaderEpochs kept = three();
  kept.forget_below(9);
  EXPECT_EQ(kept.runs(), (std::vector{run(2, 9), run(5, 10), run(6, 30)}));
  kept.forget_below(10);
  EXPECT_EQ(kept.runs(), (std::vector{run(5, 10), run(6, 30)}));
  kept.forget_below(50);
  EXPECT_EQ(kept.runs(), std::vector{run(6, 50)});
}

/// Two logs with a common part, as leaders that die make them: comparing runs, as a follower does,
/// must find exactly where they part.
class PartedLogs {
 public:
  explicit PartedLogs(std::uint64_t seed) : random_(seed) {
    grow(leader_, random_.below(4));
    follower_ = leader_;
    grow(leader_, random_.below(4));
    grow(follower_, random_.below(4));
  }

  void converge() {
    const Offset parted = common();
    for (int rounds = 0; !agrees(); ++rounds) {
      ASSERT_LT(rounds, 20);
      const auto last = epochs_of(follower_).epoch_at(end_of(follower_) - 1);
      const auto theirs = last ? epochs_of(leader_).end_of(*last, end_of(leader_)) : std::nullopt;
      Offset cut = 0;
      if (theirs) {
        const auto ours = epochs_of(follower_).end_of(theirs->epoch, end_of(follower_));
        cut = std::min(theirs->end, ours ? ours->end : 0);
      }
      ASSERT_GE(cut, parted);  // Nothing that both have is ever cut.
      follower_.resize(static_cast<std::size_t>(cut));
    }
    ASSERT_EQ(end_of(follower_), parted);
  }

 private:
  using Log = std::vector<LeaderEpoch>;  // The epoch of every row.

  static Offset end_of(const Log& log) { return static_cast<Offset>(log.size()); }
  static LeaderEpochs epochs_of(const Log& log) {
    LeaderEpochs epochs;
    for (std::size_t i = 0; i < log.size(); ++i) {
      if (epochs.last() != log[i]) epochs.begin({log[i], static_cast<Offset>(i)});
    }
    return epochs;
  }
  /// No two leaders share an epoch.
  void grow(Log& log, std::uint64_t leaderships) {
    for (std::uint64_t i = 0; i < leaderships; ++i) {
      ++epoch_;
      log.insert(log.end(), random_.below(4), LeaderEpoch{epoch_});
    }
  }
  [[nodiscard]] Offset common() const {
    std::size_t i = 0;
    while (i < std::min(leader_.size(), follower_.size()) && leader_[i] == follower_[i]) ++i;
    return static_cast<Offset>(i);
  }
  /// What a leader asks of a follower's fetch: the same epoch in front of where it goes on.
  [[nodiscard]] bool agrees() const {
    const Offset from = end_of(follower_);
    if (from > end_of(leader_)) return false;
    return from == 0 ||
           epochs_of(leader_).epoch_at(from - 1) == epochs_of(follower_).epoch_at(from - 1);
  }

  Random random_;
  std::int32_t epoch_ = 0;
  Log leader_;
  Log follower_;
};

TEST(LeaderEpochsProperty, ComparingRunsFindsWhereLogsPart) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    PartedLogs(seed).converge();
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace millrace
