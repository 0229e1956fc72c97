#include "actors/coordinator/leadership_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/random.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

constexpr NodeId a{0};
constexpr NodeId b{1};
constexpr NodeId c{2};
const BucketId bucket{TableId{0}, BucketIndex{0}};

Catalog catalog_with(BucketInfo info) {
  TableInfo table;
  table.buckets = {std::move(info)};
  Catalog catalog;
  catalog.apply(TableCreated{table});
  return catalog;
}

BucketInfo led_by_a(std::vector<NodeId> in_sync = {a, b, c}, std::vector<NodeId> eligible = {}) {
  return {a, LeaderEpoch{4}, {a, b, c}, 7, std::move(in_sync), std::move(eligible), Revision{3}};
}

ReplicaPolicy with(std::set<NodeId> usable) { return {std::move(usable), 2, Revision{9}}; }

std::optional<LeadershipChange> after(const BucketInfo& info, std::set<NodeId> usable) {
  const auto changes = adjust_leaderships(catalog_with(info), with(std::move(usable)), 10);
  if (changes.empty()) return std::nullopt;
  return changes.front();
}

TEST(LeadershipRules, WhileAllAreThereNothingChanges) {
  EXPECT_EQ(after(led_by_a(), {a, b, c}), std::nullopt);
  EXPECT_EQ(after(led_by_a({a}, {b}), {a, b, c}), std::nullopt);  // Who returns is proposed.
}

TEST(LeadershipRules, TheFirstInSyncReplicaThatIsThereTakesOver) {
  EXPECT_EQ(after(led_by_a(), {b, c}),
            (LeadershipChange{bucket, b, LeaderEpoch{5}, 8, {b, c}, {}, Revision{9}}));
  EXPECT_EQ(after(led_by_a({a, c}), {b, c}),
            (LeadershipChange{bucket, c, LeaderEpoch{5}, 8, {c}, {a}, Revision{9}}));
}

TEST(LeadershipRules, WhoIsLostLeavesTheSet) {
  EXPECT_EQ(after(led_by_a(), {a, b}),
            (LeadershipChange{bucket, a, LeaderEpoch{4}, 8, {a, b}, {}, Revision{3}}));
  EXPECT_EQ(after(led_by_a({a, b}), {a, c}),
            (LeadershipChange{bucket, a, LeaderEpoch{4}, 8, {a}, {b}, Revision{3}}));
  // Two at once: nothing was acknowledged between.
  EXPECT_EQ(after(led_by_a(), {a}),
            (LeadershipChange{bucket, a, LeaderEpoch{4}, 8, {a}, {b, c}, Revision{3}}));
}

TEST(LeadershipRules, WithoutTheSetAnEligibleOneLeadsAndNeverAnyOther) {
  EXPECT_EQ(after(led_by_a({a}, {b}), {b, c}),
            (LeadershipChange{bucket, b, LeaderEpoch{5}, 8, {b}, {a}, Revision{9}}));
  const auto nobody = after(led_by_a({a}, {b}), {c});
  EXPECT_EQ(nobody, (LeadershipChange{bucket, no_node, LeaderEpoch{4}, 8, {a}, {b}, Revision{3}}));
  BucketInfo waits = led_by_a({a}, {b});
  waits.leader = no_node;
  EXPECT_EQ(after(waits, {c}), std::nullopt);
  EXPECT_EQ(after(waits, {a, c})->leader, a);
}

TEST(LeadershipRules, ALoneReplicaKeepsItsBucket) {
  EXPECT_EQ(after({a, LeaderEpoch{0}, {a}, 0, {a}}, {b, c}), std::nullopt);
}

class Proposals : public testing::Test {
 protected:
  std::optional<ErrorCode> refusal(const BucketInfo& info, const ProposeInSync& proposal,
                                   NodeId from = a, std::set<NodeId> usable = {a, b, c}) {
    const std::map<NodeId, Incarnation> incarnations{
        {a, Incarnation{1}}, {b, Incarnation{2}}, {c, Incarnation{3}}};
    auto decision =
        decide(catalog_with(info), proposal, from, with(std::move(usable)), incarnations);
    if (const auto* refused = std::get_if<ProtocolError>(&decision)) return refused->code;
    change = std::get<LeadershipChange>(decision);
    return std::nullopt;
  }
  static ProposeInSync propose(std::map<NodeId, Incarnation> followers) {
    return {bucket, LeaderEpoch{4}, 7, std::move(followers), false};
  }
  LeadershipChange change;
};

TEST_F(Proposals, AMemberJoinsOrLeaves) {
  EXPECT_EQ(refusal(led_by_a({a, b}), propose({{b, Incarnation{2}}, {c, Incarnation{3}}})),
            std::nullopt);
  EXPECT_EQ(change, (LeadershipChange{bucket, a, LeaderEpoch{4}, 8, {a, b, c}, {}, Revision{3}}));
  EXPECT_EQ(refusal(led_by_a({a, b}), propose({})), std::nullopt);
  EXPECT_EQ(change, (LeadershipChange{bucket, a, LeaderEpoch{4}, 8, {a}, {b}, Revision{3}}));
  EXPECT_EQ(refusal(led_by_a({a}, {b}), propose({{c, Incarnation{3}}})), std::nullopt);
  EXPECT_TRUE(change.eligible.empty());  // From now on b may lack what is acknowledged.
}

TEST_F(Proposals, OnlyTheLeaderMayProposeAndOnlyOnWhatHoldsNow) {
  EXPECT_EQ(refusal(led_by_a(), propose({}), b), ErrorCode::fenced_leader_epoch_exception);
  ProposeInSync old = propose({});
  old.version = 6;
  EXPECT_EQ(refusal(led_by_a(), old), ErrorCode::fenced_leader_epoch_exception);
  old = propose({});
  old.epoch = LeaderEpoch{3};
  EXPECT_EQ(refusal(led_by_a(), old), ErrorCode::fenced_leader_epoch_exception);
  old = propose({});
  old.bucket.bucket = BucketIndex{9};
  EXPECT_EQ(refusal(led_by_a(), old), ErrorCode::unknown_table_or_bucket_exception);
}

TEST_F(Proposals, MembersMustBeThereAsTheyFetched) {
  const auto code = ErrorCode::ineligible_replica_exception;
  EXPECT_EQ(refusal(led_by_a({a, b}), propose({{c, Incarnation{2}}})), code);  // Started anew.
  EXPECT_EQ(refusal(led_by_a({a, b}), propose({{c, Incarnation{}}})), code);   // Never fetched.
  EXPECT_EQ(refusal(led_by_a({a, b}), propose({{b, Incarnation{}}})), std::nullopt);
  EXPECT_EQ(refusal(led_by_a(), propose({{c, Incarnation{3}}}), a, {a, b}), code);
  EXPECT_EQ(refusal(led_by_a(), propose({{NodeId{5}, Incarnation{1}}})), code);
}

TEST_F(Proposals, WhoCannotLeadHandsOver) {
  ProposeInSync resignation = propose({});
  resignation.resigns = true;
  EXPECT_EQ(refusal(led_by_a(), resignation), std::nullopt);
  EXPECT_EQ(change, (LeadershipChange{bucket, b, LeaderEpoch{5}, 8, {b, c}, {}, Revision{9}}));
  EXPECT_EQ(refusal(led_by_a({a}, {b}), resignation), ErrorCode::ineligible_replica_exception);
}

/// Nodes come and go, and leaders propose what they like: whatever happens, who is in the sets has
/// everything that was acknowledged. Here a row is acknowledged whenever the set is large enough,
/// by everybody in it.
TEST(LeadershipRulesProperty, WhoLeadsHasWhatWasAcknowledged) {
  std::map<std::string, int> reached;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Catalog catalog = catalog_with(led_by_a());
    std::map<NodeId, int> rows;
    int acknowledged = 0;
    std::set<NodeId> usable{a, b, c};
    std::map<LeaderEpoch, NodeId> leaders;
    for (int turn = 0; turn < 100; ++turn) {
      const BucketInfo before = *catalog.find_bucket(bucket);
      std::vector<LeadershipChange> changes;
      const NodeId node{static_cast<std::int32_t>(random.below(3))};
      if (random.chance(1, 2)) {
        if (!usable.erase(node)) usable.insert(node);
        changes = adjust_leaderships(catalog, with(usable), 10);
      } else if (before.leader != no_node) {
        ProposeInSync proposal{bucket, before.epoch, before.version, {}, random.chance(1, 10)};
        for (const NodeId one : {a, b, c}) {
          if (one != before.leader && random.chance(1, 2)) proposal.followers[one] = Incarnation{1};
        }
        auto decision = decide(catalog, proposal, before.leader, with(usable),
                               {{a, Incarnation{1}}, {b, Incarnation{1}}, {c, Incarnation{1}}});
        if (auto* change = std::get_if<LeadershipChange>(&decision)) changes.push_back(*change);
      }
      if (changes.empty()) continue;
      catalog.apply(LeadershipsChanged{changes});
      const BucketInfo& now = *catalog.find_bucket(bucket);
      ASSERT_GT(now.version, before.version);
      ASSERT_GE(now.epoch, before.epoch);
      if (now.leader == no_node) {
        ++reached["nobody"];
        continue;
      }
      ASSERT_NE(std::find(now.in_sync.begin(), now.in_sync.end(), now.leader), now.in_sync.end());
      ASSERT_EQ(leaders.try_emplace(now.epoch, now.leader).first->second, now.leader);
      ASSERT_EQ(rows[now.leader], acknowledged);
      for (const NodeId one : now.in_sync) rows[one] = acknowledged;  // They catch up first.
      if (now.in_sync.size() < 2) continue;
      ++acknowledged;
      for (const NodeId one : now.in_sync) rows[one] = acknowledged;
      ++reached["acknowledged"];
    }
    reached["led"] += static_cast<int>(leaders.size());
  }
  for (const char* what : {"nobody", "acknowledged", "led"}) EXPECT_GT(reached[what], 500) << what;
}

}  // namespace
}  // namespace millrace::coordinator
