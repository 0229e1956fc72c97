#include "actors/coordinator/coordinator_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;

constexpr Instant start{};
constexpr std::uint32_t term = 6;
const Error lost{Errc::unavailable, "store went away"};

template <class E>
std::vector<E> all_of(const std::vector<Effect>& effects) {
  std::vector<E> found;
  for (const Effect& effect : effects) {
    if (const auto* one = std::get_if<E>(&effect)) found.push_back(*one);
  }
  return found;
}

MemberInfo member(std::int32_t node, std::uint64_t incarnation = 1) {
  return {NodeId{node}, Incarnation{incarnation}, {"h", 9123}, {}, "", true};
}

/// A coordinator, the store it writes to, and the nodes that follow it, one event at a time.
class CoordinatorTest : public testing::Test {
 protected:
  explicit CoordinatorTest(CoordinatorMachine::Options options = {})
      : machine(options, term), options_(options) {}

  std::vector<Effect> at(Duration after_start, const Event& event) {
    now = start + after_start;
    return machine.step(now, event);
  }
  std::vector<Effect> step(const Event& event) { return machine.step(now, event); }

  /// In office on a new cluster, default database written, nodes 0 and 1 up to date.
  void take_office() {
    ASSERT_EQ(all_of<Load>(step(Tick{})).size(), 1U);
    (void)step(Loaded{});
    (void)report(0);
    (void)report(1);
    ASSERT_EQ(all_of<Commit>(at(options_.settle, Tick{})).size(), 1U);
    (void)step(Committed{Revision{1}});
    (void)report(0);
    (void)report(1);
    ASSERT_NE(machine.catalog().find_database("fluss"), nullptr);
  }

  /// Node reports that it has applied all there is, or `applied`.
  std::vector<Effect> report(std::int32_t node, std::optional<std::uint64_t> applied = {},
                             std::uint64_t members_version = 0) {
    return step(NodeReported{member(node), applied ? Revision{*applied} : machine.revision(),
                             members_version});
  }

  std::vector<Effect> ask(Ticket ticket, Command command, std::int32_t node = 0) {
    return step(Asked{ticket, NodeId{node}, std::move(command), 1000});
  }

  CoordinatorMachine machine;
  Instant now = start;

 private:
  const CoordinatorMachine::Options options_;
};

CreateDatabase create_database(std::string name) { return {std::move(name), "", false}; }

CreateTable create_table(std::string name) {
  return {"fluss", std::move(name), to_json(log_table()), false};
}

ErrorCode code_of(const Answer& answer) {
  const auto* error = std::get_if<protocol::ProtocolError>(&answer.reply);
  return error == nullptr ? ErrorCode::none : error->code;
}

TEST_F(CoordinatorTest, LoadsOnceAndRetriesOnATick) {
  EXPECT_EQ(all_of<Load>(step(Tick{})).size(), 1U);
  EXPECT_TRUE(at(100ms, Tick{}).empty());
  EXPECT_TRUE(step(LoadFailed{lost}).empty());
  EXPECT_EQ(all_of<Load>(at(200ms, Tick{})).size(), 1U);
}

TEST_F(CoordinatorTest, ALoadThatFailsAnswersWhoWaits) {
  (void)step(Tick{});
  EXPECT_TRUE(ask(5, create_database("nyc")).empty());
  const auto answers = all_of<Answer>(step(LoadFailed{lost}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].ticket, 5U);
  EXPECT_EQ(code_of(answers[0]), ErrorCode::request_time_out);
}

TEST_F(CoordinatorTest, NobodyIsToldAnythingBeforeTheNodesHadTimeToReport) {
  (void)step(Tick{});
  (void)step(Loaded{});
  EXPECT_TRUE(report(0).empty());
  EXPECT_TRUE(at(299ms, NodeReported{member(1), {}, 0}).empty());
  const auto effects = at(300ms, Tick{});
  const auto updates = all_of<SendUpdate>(effects);
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].members.size(), 2U);
  const auto commits = all_of<Commit>(effects);
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(std::get<DatabaseCreated>(commits[0].delta).database.name, "fluss");
}

TEST_F(CoordinatorTest, TheDefaultDatabaseComesOnANewClusterOnly) {
  (void)step(Tick{});
  (void)step(Loaded{Revision{9}, {}});  // Everything was dropped once.
  (void)report(0);
  EXPECT_TRUE(all_of<Commit>(at(300ms, Tick{})).empty());
}

TEST_F(CoordinatorTest, AnswersWhenItIsDurableAndEveryLiveNodeKnows) {
  take_office();
  auto effects = ask(5, create_table("flights"));
  ASSERT_EQ(all_of<Commit>(effects).size(), 1U);
  EXPECT_EQ(all_of<Commit>(effects)[0].expected, Revision{1});
  EXPECT_TRUE(all_of<Answer>(effects).empty());
  EXPECT_TRUE(all_of<SendUpdate>(effects).empty());
  EXPECT_EQ(machine.catalog().find_table("fluss", "flights"), nullptr);
  effects = step(Committed{Revision{2}});
  EXPECT_TRUE(all_of<Answer>(effects).empty());
  const auto updates = all_of<SendUpdate>(effects);
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[0].base, Revision{1});
  EXPECT_EQ(updates[0].deltas.size(), 1U);
  EXPECT_TRUE(all_of<Answer>(report(0)).empty());
  const auto answers = all_of<Answer>(report(1));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].ticket, 5U);
  EXPECT_EQ(answers[0].reply, Reply{Done{}});
}

TEST_F(CoordinatorTest, ANodeThatIsSlowOrGoneHoldsAnAnswerUpBrieflyAtMost) {
  take_office();
  (void)ask(5, create_table("a"));
  (void)step(Committed{Revision{2}});
  (void)report(0);
  EXPECT_TRUE(all_of<Answer>(at(799ms, Tick{})).empty());
  EXPECT_EQ(all_of<Answer>(at(800ms, Tick{})).size(), 1U);
  (void)report(1);
  (void)ask(6, create_table("b"));
  (void)step(Committed{Revision{3}});
  (void)report(0);
  EXPECT_EQ(all_of<Answer>(step(NodeLost{NodeId{1}})).size(), 1U);
}

TEST_F(CoordinatorTest, SyncAnswersOnceTheAskersNodeIsUpToDate) {
  take_office();
  EXPECT_EQ(all_of<Answer>(ask(1, Sync{}, 1)).size(), 1U);
  (void)ask(2, create_table("a"));
  EXPECT_TRUE(ask(3, Sync{}, 1).empty());  // In line behind the command.
  EXPECT_TRUE(all_of<Answer>(step(Committed{Revision{2}})).empty());
  (void)report(0);
  EXPECT_EQ(all_of<Answer>(report(1)).size(), 2U);
  (void)ask(4, Sync{}, 8);  // A node that never reported.
  EXPECT_EQ(all_of<Answer>(at(2s, Tick{})).size(), 1U);
}

TEST_F(CoordinatorTest, RefusalsComeAtOnceAndWriteNothing) {
  take_office();
  const auto effects = ask(1, DropTable{"fluss", "nope", false});
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(code_of(std::get<Answer>(effects[0])), ErrorCode::table_not_exist);
  EXPECT_EQ(all_of<Answer>(ask(2, DropTable{"fluss", "nope", true}))[0].reply, Reply{Done{}});
}

TEST_F(CoordinatorTest, CommandsRunOneAfterTheOther) {
  take_office();
  (void)ask(1, create_table("a"));
  EXPECT_TRUE(ask(2, create_table("a")).empty());
  EXPECT_TRUE(ask(3, DropTable{"fluss", "a", false}).empty());
  auto effects = step(Committed{Revision{2}});
  ASSERT_EQ(all_of<Answer>(effects).size(), 1U);
  EXPECT_EQ(code_of(all_of<Answer>(effects)[0]), ErrorCode::table_already_exist);
  ASSERT_EQ(all_of<Commit>(effects).size(), 1U);
  EXPECT_TRUE(std::holds_alternative<TableDropped>(all_of<Commit>(effects)[0].delta));
}

TEST_F(CoordinatorTest, ACommitOfUnknownOutcomeThatWasWrittenIsDone) {
  take_office();
  (void)ask(5, create_table("flights"));
  EXPECT_TRUE(all_of<Load>(step(CommitFailed{lost})).empty());  // The next tick loads.
  EXPECT_EQ(all_of<Load>(step(Tick{})).size(), 1U);
  Catalog written = machine.catalog();
  TableInfo table;
  table.id = TableId{0};
  table.database = "fluss";
  table.name = "flights";
  table.descriptor = log_table();
  table.descriptor.properties["table.replication.factor"] = "1";
  table.buckets = {{NodeId{0}, LeaderEpoch{0}, {NodeId{0}}, 0, {NodeId{0}}}};
  table.created_at = table.modified_at = 1000;
  written.apply(TableCreated{table});
  EXPECT_EQ(all_of<SendUpdate>(step(Loaded{Revision{2}, written})).size(), 2U);
  EXPECT_EQ(machine.revision(), Revision{2});
  (void)report(0);
  const auto answers = all_of<Answer>(report(1));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].reply, Reply{Done{}});
}

TEST_F(CoordinatorTest, ACommitThatWasNotWrittenIsRefusedAndOthersGoOn) {
  take_office();
  for (const Error& why : {lost, Error{Errc::overloaded, "disk full"}}) {
    (void)ask(5, create_table("flights"));
    EXPECT_TRUE(ask(6, DropTable{"fluss", "nope", false}).empty());
    (void)step(CommitFailed{why});
    (void)step(Tick{});
    const auto effects = step(Loaded{Revision{1}, machine.catalog()});
    EXPECT_TRUE(all_of<Commit>(effects).empty());  // A full store is not asked again and again.
    const auto answers = all_of<Answer>(effects);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].ticket, 5U);
    EXPECT_EQ(code_of(answers[0]), ErrorCode::storage_exception);
    EXPECT_EQ(code_of(answers[1]), ErrorCode::table_not_exist);
  }
  EXPECT_EQ(all_of<Commit>(ask(7, create_table("flights"))).size(), 1U);
}

TEST_F(CoordinatorTest, ACommandDecidedOnOldMetadataIsDecidedAnew) {
  take_office();
  (void)ask(5, create_database("nyc"));
  (void)step(CommitFailed{{Errc::stale_epoch, "somebody else committed"}});
  (void)step(Tick{});
  Catalog theirs = machine.catalog();
  theirs.apply(DatabaseCreated{{"nyc", {}, 3, 3}});
  const auto answers = all_of<Answer>(step(Loaded{Revision{2}, theirs}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(code_of(answers[0]), ErrorCode::database_already_exist);
}

TEST_F(CoordinatorTest, NothingIsDecidedBeforeANodeHasReported) {
  (void)step(Tick{});
  (void)step(Loaded{Revision{1}, {}});
  EXPECT_TRUE(at(2s, Asked{5, NodeId{0}, create_database("nyc"), 1000}).empty());
  EXPECT_EQ(all_of<Commit>(report(0)).size(), 1U);
}

TEST_F(CoordinatorTest, TheDefaultDatabaseIsTriedAgainOncePerTick) {
  (void)step(Tick{});
  (void)step(Loaded{});
  (void)report(0);
  EXPECT_EQ(all_of<Commit>(at(300ms, Tick{})).size(), 1U);
  for (int i = 1; i < 4; ++i) {
    EXPECT_TRUE(step(CommitFailed{{Errc::overloaded, "disk full"}}).empty());
    EXPECT_EQ(at(300ms + i * 100ms, Tick{}).size(), 1U);
    EXPECT_EQ(all_of<Commit>(step(Loaded{})).size(), 1U);
  }
}

TEST_F(CoordinatorTest, ANodeBehindGetsDeltasOneFarBehindOrAheadAnImage) {
  take_office();
  (void)ask(1, create_table("a"));
  (void)step(Committed{Revision{2}});
  auto updates = all_of<SendUpdate>(report(1, 1));
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].deltas.size(), 1U);
  EXPECT_FALSE(updates[0].image);
  updates = all_of<SendUpdate>(report(1, 9));
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].image, machine.catalog());
  EXPECT_EQ(updates[0].revision, Revision{2});
  const std::uint64_t version = updates[0].members_version;
  EXPECT_TRUE(all_of<SendUpdate>(report(1, 2, version)).empty());
  EXPECT_EQ(all_of<SendUpdate>(report(1, 9, version)).size(), 1U);
}

TEST_F(CoordinatorTest, MembersVersionsGrowWithEveryChange) {
  take_office();
  const auto version_of = [](const std::vector<Effect>& effects) {
    const auto updates = all_of<SendUpdate>(effects);
    EXPECT_FALSE(updates.empty());
    return updates.empty() ? 0 : updates.back().members_version;
  };
  const std::uint64_t joined = version_of(report(2));
  EXPECT_EQ(joined >> 32, term);
  const auto lost_node = step(NodeLost{NodeId{2}});
  EXPECT_GT(version_of(lost_node), joined);
  for (const SendUpdate& update : all_of<SendUpdate>(lost_node)) {
    EXPECT_NE(update.to, NodeId{2});
    EXPECT_FALSE(update.members.at(2).alive);
  }
  EXPECT_TRUE(step(NodeLost{NodeId{2}}).empty());
  const std::uint64_t back = version_of(report(2));
  EXPECT_GT(back, version_of(lost_node));
  // An old process of a node says nothing about the new one.
  (void)step(NodeReported{member(2, 5), Revision{1}, 0});
  EXPECT_TRUE(step(NodeReported{member(2, 4), Revision{1}, 0}).empty());
}

TEST_F(CoordinatorTest, ACoordinatorThatStartsAgainOutnumbersItsPredecessor) {
  take_office();
  CoordinatorMachine next({}, term);
  (void)next.step(start, Tick{});
  (void)next.step(start, Loaded{machine.revision(), machine.catalog()});
  const std::uint64_t seen = std::uint64_t{term} << 32 | 40;
  (void)next.step(start, NodeReported{member(0), Revision{1}, seen});
  auto updates = all_of<SendUpdate>(next.step(start + 1s, Tick{}));
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_GT(updates[0].members_version, seen);
  // One that only now tells how far it was.
  updates =
      all_of<SendUpdate>(next.step(start + 1s, NodeReported{member(1), Revision{1}, seen + 9}));
  ASSERT_FALSE(updates.empty());
  EXPECT_GT(updates.back().members_version, seen + 9);
  // Versions of another term are nothing to count on from.
  updates = all_of<SendUpdate>(next.step(
      start + 1s, NodeReported{member(2), Revision{1}, std::uint64_t{term - 1} << 32 | 999}));
  EXPECT_LT(updates.back().members_version, seen + 99);
}

TEST_F(CoordinatorTest, AnAlterationIsAFactThatEveryNodeAppliesBeforeItIsAnswered) {
  take_office();
  (void)ask(1, create_table("t"));
  (void)step(Committed{Revision{2}});
  for (const std::int32_t node : {0, 1}) (void)report(node);
  protocol::AlterTable alteration{"fluss", "t", false, {}, {}, {}};
  alteration.added_columns.push_back({"delay", R"({"type":"INTEGER"})", {}, 0, {}});
  auto effects = ask(2, protocol::Alteration{alteration});
  ASSERT_EQ(all_of<Commit>(effects).size(), 1U);
  const auto fact = std::get<TableAltered>(all_of<Commit>(effects)[0].delta);
  EXPECT_EQ(fact.schema_id, 2);
  EXPECT_EQ(fact.modified_at, 1000);
  effects = step(Committed{Revision{3}});
  EXPECT_EQ(all_of<SendUpdate>(effects).size(), 2U);
  EXPECT_TRUE(all_of<Answer>(effects).empty());
  EXPECT_TRUE(all_of<Answer>(report(0)).empty());
  EXPECT_EQ(all_of<Answer>(report(1)).at(0).reply, Reply{Done{}});
  EXPECT_EQ(machine.catalog().find_table("fluss", "t")->find_schema(1)->columns.size(), 2U);

  // What a node was known by stays known when it is lost, so it can still be tagged.
  (void)step(NodeLost{NodeId{1}});
  EXPECT_EQ(
      all_of<Commit>(ask(3, protocol::Alteration{protocol::TagServers{{1}, 0, false}})).size(), 1U);
  (void)step(Committed{Revision{4}});
  const auto refused =
      all_of<Answer>(ask(4, protocol::Alteration{protocol::TagServers{{7}, 0, false}}));
  EXPECT_EQ(code_of(refused.at(0)), ErrorCode::server_not_exist_exception);
}

TEST_F(CoordinatorTest, WhatChangesNothingIsSaidOnceItIsDurable) {
  take_office();
  protocol::TableDescriptor descriptor = log_table();
  descriptor.properties["table.log.tiered.local-segments"] = "3";
  descriptor.properties["table.log.ttl"] = "1d";               // Which has its effect.
  descriptor.properties["table.datalake.freshness"] = "3min";  // Its default.
  auto effects = ask(1, CreateTable{"fluss", "t", to_json(descriptor), false});
  ASSERT_EQ(all_of<Commit>(effects).size(), 1U);
  EXPECT_TRUE(all_of<WarnWithoutEffect>(effects).empty());
  EXPECT_EQ(all_of<WarnWithoutEffect>(step(Committed{Revision{2}})),
            (std::vector{WarnWithoutEffect{"table.log.tiered.local-segments", "fluss.t"}}));

  protocol::AlterTable alteration{"fluss", "t", false, {}, {}, {}};
  alteration.configs.push_back({"table.log.tiered.local-segments", "4"});
  ASSERT_EQ(all_of<Commit>(ask(2, protocol::Alteration{alteration})).size(), 1U);
  EXPECT_EQ(all_of<WarnWithoutEffect>(step(Committed{Revision{3}})),
            (std::vector{WarnWithoutEffect{"table.log.tiered.local-segments", "fluss.t"}}));

  const protocol::AlterClusterConfigs configs{{{protocol::roll_active_segment_key, "true"},
                                               {"log.replica.min-in-sync-replicas-number", "2"}}};
  ASSERT_EQ(all_of<Commit>(ask(3, protocol::Alteration{configs})).size(), 1U);
  EXPECT_EQ(all_of<WarnWithoutEffect>(step(Committed{Revision{4}})),
            (std::vector{WarnWithoutEffect{"log.replica.min-in-sync-replicas-number", ""}}));
}

TEST_F(CoordinatorTest, WriterIdsAreUniqueAcrossRestarts) {
  take_office();
  std::set<WriterId> granted;
  const auto take = [&](const std::vector<Effect>& effects) {
    for (const Answer& answer : all_of<Answer>(effects)) {
      EXPECT_TRUE(granted.insert(std::get<WriterGranted>(answer.reply).writer).second);
    }
  };
  auto effects = ask(1, NewWriter{});
  ASSERT_EQ(all_of<Commit>(effects).size(), 1U);
  EXPECT_TRUE(all_of<Answer>(effects).empty());  // Not before the block is reserved.
  take(step(Committed{Revision{2}}));
  for (Ticket i = 0; i < 999; ++i) take(ask(i, NewWriter{}));
  EXPECT_EQ(granted.size(), 1000U);
  EXPECT_EQ(*granted.begin(), WriterId{0});
  (void)ask(1, NewWriter{});
  take(step(Committed{Revision{3}}));

  CoordinatorMachine next({}, term + 1);
  (void)next.step(start, Tick{});
  (void)next.step(start, Loaded{machine.revision(), machine.catalog()});
  (void)next.step(start, NodeReported{member(0), machine.revision(), 0});
  (void)next.step(start + 1s, Asked{1, NodeId{0}, NewWriter{}, 0});
  take(next.step(start + 1s, Committed{Revision{4}}));
  EXPECT_EQ(granted.size(), 1002U);
}

constexpr EpochMillis midnight = 1'733'011'200'000;  // 2024-12-01T00:00Z
constexpr EpochMillis one_day = 24 * 3'600'000;

CreateTable partitioned_table(std::string name, protocol::Properties properties = {}) {
  auto table = log_table();
  table.partition_keys = {"carrier"};
  table.properties = std::move(properties);
  return {"fluss", std::move(name), to_json(table), false};
}

class PartitionsTest : public CoordinatorTest {
 protected:
  /// Writes what the machine wants written until it wants nothing more; what that was.
  std::vector<CatalogDelta> write_all(std::vector<Effect> effects) {
    std::vector<CatalogDelta> written;
    for (auto commits = all_of<Commit>(effects); !commits.empty();
         commits = all_of<Commit>(effects)) {
      written.push_back(commits.at(0).delta);
      effects = step(Committed{Revision{machine.revision().value() + 1}});
    }
    return written;
  }
  static std::vector<std::string> created_in(const std::vector<CatalogDelta>& deltas) {
    std::vector<std::string> names;
    for (const CatalogDelta& delta : deltas) {
      const auto* created = std::get_if<PartitionCreated>(&delta);
      if (created != nullptr) names.push_back(partition_name(created->partition.values));
    }
    return names;
  }
};

using Names = std::vector<std::string>;

TEST_F(PartitionsTest, AreCreatedAndDroppedByCommand) {
  take_office();
  (void)write_all(ask(1, partitioned_table("t")));
  (void)report(0);
  (void)report(1);
  const CreatePartition create{"fluss", "t", {{"carrier", "UA"}}, false};
  EXPECT_EQ(created_in(write_all(ask(2, create))), Names{"UA"});
  (void)report(0);
  const auto answers = all_of<Answer>(report(1));
  ASSERT_EQ(answers.size(), 1U);  // When both nodes have it.
  EXPECT_EQ(answers[0].ticket, 2U);
  EXPECT_EQ(code_of(answers[0]), ErrorCode::none);
  const auto again = all_of<Answer>(ask(3, create));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(code_of(again[0]), ErrorCode::partition_already_exists);
  const auto written = write_all(ask(4, DropPartition{"fluss", "t", {{"carrier", "UA"}}, false}));
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(written[0], (CatalogDelta{PartitionDropped{TableId{0}, PartitionId{0}}}));
}

TEST_F(PartitionsTest, AutomaticOnesFollowTheTableAndTheClock) {
  take_office();
  (void)at(1s, Tick{midnight});
  const auto create = partitioned_table(
      "t", {{"table.auto-partition.enabled", "true"}, {"table.auto-partition.num-retention", "1"}});
  EXPECT_EQ(created_in(write_all(ask(1, create))), (Names{"20241201", "20241202"}));
  // Two days later nothing happens before it is time to look, and what happens then is not late.
  EXPECT_TRUE(write_all(at(2s, Tick{midnight + 2 * one_day})).empty());
  const auto written = write_all(at(11min, Tick{midnight + 2 * one_day}));
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written[0], (CatalogDelta{PartitionDropped{TableId{0}, PartitionId{0}}}));
  EXPECT_EQ(created_in(written).at(0), "20241203");
}

TEST_F(PartitionsTest, ANewCoordinatorLooksAtOnce) {
  take_office();
  (void)at(1s, Tick{midnight});
  const auto create = partitioned_table("t", {{"table.auto-partition.enabled", "true"}});
  (void)write_all(ask(1, create));
  CoordinatorMachine next({}, term + 1);
  (void)next.step(start, Tick{midnight + one_day});
  (void)next.step(start, Loaded{machine.revision(), machine.catalog()});
  (void)next.step(start, NodeReported{member(0), machine.revision(), 0});
  const auto commits = all_of<Commit>(next.step(start + 1s, Tick{midnight + 2 * one_day}));
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(created_in({commits[0].delta}), Names{"20241203"});
}

TEST_F(PartitionsTest, CommandsAndAutomaticOnesTakeTurns) {
  take_office();
  (void)at(1s, Tick{midnight});
  const auto create = partitioned_table("t", {{"table.auto-partition.enabled", "true"},
                                              {"table.auto-partition.num-precreate", "100"}});
  (void)ask(1, create);
  for (Ticket i = 2; i < 12; ++i) (void)ask(i, create_table("x" + std::to_string(i)));
  std::vector<CatalogDelta> written;
  auto effects = step(Committed{Revision{2}});
  for (std::uint64_t i = 3; i < 23; ++i) {
    const auto commits = all_of<Commit>(effects);
    ASSERT_EQ(commits.size(), 1U);
    written.push_back(commits[0].delta);
    effects = step(Committed{Revision{i}});
  }
  EXPECT_EQ(created_in(written).size(), 10U);
}

TEST_F(PartitionsTest, WhatIsAlteredTakesEffectAtOnce) {
  const auto set = [](const std::string& key, const std::string& value) {
    return protocol::Alteration{
        protocol::AlterTable{"fluss",
                             "t",
                             false,
                             {{"table.auto-partition." + key, value, protocol::config_set}},
                             {},
                             {}}};
  };
  take_office();
  (void)at(1s, Tick{midnight});
  EXPECT_EQ(created_in(write_all(ask(1, partitioned_table("t")))), Names{});
  // Just after midnight: what was enabled by hand does not wait like the many of every night.
  EXPECT_EQ(created_in(write_all(ask(2, set("enabled", "true")))), (Names{"20241201", "20241202"}));
  EXPECT_EQ(created_in(write_all(ask(3, set("enabled", "false")))), Names{});
  (void)at(2s, Tick{midnight + 2 * one_day});
  EXPECT_EQ(created_in(write_all(ask(4, set("num-precreate", "1")))), Names{});
  EXPECT_EQ(created_in(write_all(ask(5, set("enabled", "true")))), Names{"20241203"});
  const auto written = write_all(ask(6, set("num-retention", "1")));
  EXPECT_EQ(written.back(), (CatalogDelta{PartitionDropped{TableId{0}, PartitionId{0}}}));
  EXPECT_EQ(machine.catalog().partitions_of(TableId{0}).size(), 2U);
}

class SmallCoordinatorTest : public CoordinatorTest {
 protected:
  SmallCoordinatorTest() : CoordinatorTest(small()) {}
  static CoordinatorMachine::Options small() {
    CoordinatorMachine::Options options;
    options.commands_max = 3;
    options.deltas_kept = 2;
    options.snapshot_every = 4;
    return options;
  }
};

TEST_F(SmallCoordinatorTest, TheQueueIsBounded) {
  take_office();
  (void)ask(0, create_table("a"));
  for (Ticket i = 1; i <= 3; ++i) EXPECT_TRUE(ask(i, Sync{}).empty());
  const auto answers = all_of<Answer>(ask(4, Sync{}));
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(code_of(answers[0]), ErrorCode::request_time_out);
}

TEST_F(SmallCoordinatorTest, SnapshotsComeAtTheirIntervalAndOldDeltasGo) {
  take_office();
  std::vector<std::uint64_t> snapshots;
  for (std::uint64_t i = 2; i <= 9; ++i) {
    (void)ask(i, create_table("t" + std::to_string(i)));
    for (const auto& one : all_of<StoreSnapshot>(step(Committed{Revision{i}}))) {
      snapshots.push_back(one.revision.value());
      EXPECT_EQ(one.catalog, machine.catalog());
    }
  }
  EXPECT_EQ(snapshots, (std::vector<std::uint64_t>{4, 8}));
  EXPECT_EQ(all_of<SendUpdate>(report(0, 7)).at(0).deltas.size(), 2U);
  EXPECT_TRUE(all_of<SendUpdate>(report(0, 6)).at(0).image.has_value());
}

NodeReported disk_report(std::uint64_t incarnation, DiskVerdict verdict) {
  return {member(1, incarnation), Revision{1}, 0, {verdict, StartId{100 + incarnation}}};
}

TEST_F(CoordinatorTest, AStartOnTheRightDiskIsWrittenDownOnce) {
  take_office();
  const auto commits = all_of<Commit>(step(disk_report(4, DiskVerdict::own)));
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_EQ(commits[0].delta, (CatalogDelta{NodeStarted{NodeId{1}, StartId{104}}}));
  EXPECT_FALSE(all_of<SendUpdate>(step(Committed{Revision{2}})).empty());
  EXPECT_TRUE(all_of<Commit>(step(disk_report(4, DiskVerdict::own))).empty());
  EXPECT_TRUE(all_of<Commit>(step(disk_report(5, DiskVerdict::unchecked))).empty());
}

TEST_F(CoordinatorTest, ANodeWithAnotherDiskIsToldAsGoneAndHearsOn) {
  take_office();
  const auto updates = all_of<SendUpdate>(step(disk_report(4, DiskVerdict::foreign)));
  ASSERT_GE(updates.size(), 2U);
  for (const SendUpdate& update : updates) EXPECT_FALSE(update.members.at(1).alive);
  const auto back = all_of<SendUpdate>(step(disk_report(5, DiskVerdict::unchecked)));
  EXPECT_TRUE(back.at(0).members.at(1).alive);
}

TEST_F(CoordinatorTest, CommandsGoOnWhileAStartCannotBeWrittenDown) {
  take_office();
  ASSERT_EQ(all_of<Commit>(step(disk_report(4, DiskVerdict::own))).size(), 1U);
  (void)step(CommitFailed{lost});
  (void)ask(5, create_database("nyc"));
  (void)at(1s, Tick{});
  const auto commits = all_of<Commit>(step(Loaded{machine.revision(), machine.catalog()}));
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<DatabaseCreated>(commits[0].delta));
}

}  // namespace
}  // namespace millrace::coordinator
