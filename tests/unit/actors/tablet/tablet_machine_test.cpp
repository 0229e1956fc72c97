#include "actors/tablet/tablet_machine.hpp"

#include <gtest/gtest.h>

namespace millrace::tablet {
namespace {

constexpr NodeId self{1};
constexpr NodeId coordinator_node{0};

BucketId bucket(std::int64_t table, std::int32_t index) {
  return {TableId{table}, BucketIndex{index}};
}

/// A table whose buckets lie on the given nodes.
CatalogDelta table_on(std::int64_t id, const std::vector<std::int32_t>& nodes) {
  TableInfo table;
  table.id = TableId{id};
  table.database = "fluss";
  table.name = "t" + std::to_string(id);
  for (const std::int32_t node : nodes) {
    table.buckets.push_back({NodeId{node}, LeaderEpoch{0}, {NodeId{node}}});
  }
  return TableCreated{table};
}

CatalogDelta dropped(std::int64_t id) { return TableDropped{TableId{id}}; }

class TabletTest : public testing::Test {
 protected:
  std::vector<Effect> follow(std::uint64_t base, std::vector<CatalogDelta> deltas) {
    UpdateArrived update;
    update.base = Revision{base};
    update.revision = Revision{base + deltas.size()};
    update.deltas = std::move(deltas);
    update.members_version = ++version;
    update.members = {{self, Incarnation{1}, {"h", 1}, {}, "", true}};
    return machine.step(update);
  }
  std::vector<Effect> image(std::uint64_t revision, const std::vector<CatalogDelta>& deltas) {
    UpdateArrived update;
    update.revision = Revision{revision};
    update.image.emplace();
    for (const CatalogDelta& delta : deltas) update.image->apply(delta);
    update.members_version = ++version;
    return machine.step(update);
  }

  TabletMachine machine{self, coordinator_node, {bucket(0, 0), bucket(0, 1), bucket(9, 0)}};
  std::uint64_t version = 0;
};

template <class E>
std::vector<E> all_of(const std::vector<Effect>& effects) {
  std::vector<E> found;
  for (const Effect& effect : effects) {
    if (const auto* one = std::get_if<E>(&effect)) found.push_back(*one);
  }
  return found;
}

TEST_F(TabletTest, StartsTheReplicasOfItsNodeThenPublishesAndReports) {
  const auto effects = follow(0, {table_on(0, {1, 0, 1})});
  ASSERT_EQ(effects.size(), 4U);
  EXPECT_EQ(std::get<StartReplica>(effects[0]), StartReplica{bucket(0, 0)});
  EXPECT_EQ(std::get<StartReplica>(effects[1]), StartReplica{bucket(0, 2)});
  const ClusterView& view = std::get<Publish>(effects[2]).view;
  EXPECT_EQ(view.revision, Revision{1});
  EXPECT_EQ(view.coordinator, coordinator_node);
  EXPECT_TRUE(view.members.contains(self));
  EXPECT_NE(view.catalog.find_table(TableId{0}), nullptr);
  EXPECT_TRUE(std::holds_alternative<Report>(effects[3]));
  EXPECT_TRUE(all_of<StartReplica>(follow(1, {})).empty());
}

TEST_F(TabletTest, AGapInTheDeltasChangesMembersOnlyAndIsReported) {
  (void)follow(0, {table_on(0, {1})});
  const auto effects = follow(5, {table_on(1, {1})});
  EXPECT_EQ(machine.revision(), Revision{1});
  EXPECT_TRUE(all_of<StartReplica>(effects).empty());
  EXPECT_EQ(all_of<Publish>(effects).at(0).view.members.size(), 1U);
  EXPECT_EQ(all_of<Report>(effects).size(), 1U);
  EXPECT_EQ(machine.members_version(), 2U);
}

TEST_F(TabletTest, AnImageReplacesEverything) {
  (void)follow(0, {table_on(0, {1}), table_on(1, {1})});
  const auto effects = image(7, {table_on(0, {1}), table_on(2, {1})});
  EXPECT_EQ(all_of<StartReplica>(effects), std::vector{StartReplica{bucket(2, 0)}});
  EXPECT_EQ(all_of<StopReplica>(effects), std::vector{StopReplica{bucket(1, 0)}});
  EXPECT_EQ(machine.revision(), Revision{7});
}

TEST_F(TabletTest, UpdatesFromBeforeAreIgnored) {
  (void)follow(0, {table_on(0, {1})});
  version = 0;
  EXPECT_EQ(follow(1, {table_on(1, {1})}).size(), 3U);  // Version 1 again: the same list.
  version = 10;
  (void)follow(2, {});
  version = 5;
  EXPECT_TRUE(follow(2, {table_on(2, {1})}).empty());
  EXPECT_EQ(machine.revision(), Revision{2});
}

TEST_F(TabletTest, ADroppedTablesReplicaEndsBeforeItsLogIsDeleted) {
  (void)follow(0, {table_on(0, {1})});
  const auto effects = follow(1, {dropped(0)});
  EXPECT_EQ(all_of<StopReplica>(effects), std::vector{StopReplica{bucket(0, 0)}});
  // The log of bucket 1 is from before; nobody has it open.
  EXPECT_EQ(all_of<DeleteLog>(effects), std::vector{DeleteLog{bucket(0, 1)}});
  EXPECT_TRUE(all_of<DeleteLog>(follow(2, {})).empty());
  const auto gone = machine.step(ReplicaGone{bucket(0, 0)});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(std::get<DeleteLog>(gone[0]), DeleteLog{bucket(0, 0)});
  EXPECT_TRUE(machine.step(ReplicaGone{bucket(0, 0)}).empty());
  EXPECT_TRUE(machine.replicas().empty());
}

TEST_F(TabletTest, LogsThatTheCatalogNeverHeardOfAreLeftAlone) {
  EXPECT_TRUE(all_of<DeleteLog>(follow(0, {table_on(3, {0})})).size() == 2U);  // Table 0 is gone.
  EXPECT_TRUE(all_of<DeleteLog>(follow(1, {dropped(3)})).empty());  // Table 9 is unknown.
  EXPECT_EQ(all_of<DeleteLog>(follow(2, {table_on(9, {0}), dropped(9)})),
            std::vector{DeleteLog{bucket(9, 0)}});
}

TEST_F(TabletTest, ABucketWantedAgainWhileItStopsStartsOnceItHasStopped) {
  (void)image(5, {table_on(0, {1})});
  (void)image(6, {table_on(1, {0})});
  EXPECT_TRUE(all_of<StartReplica>(image(7, {table_on(0, {1})})).empty());
  const auto effects = machine.step(ReplicaGone{bucket(0, 0)});
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(std::get<StartReplica>(effects[0]), StartReplica{bucket(0, 0)});
  EXPECT_TRUE(machine.replicas().contains(bucket(0, 0)));
}

TEST_F(TabletTest, ALogThatCouldNotBeDeletedIsDeletedLater) {
  (void)follow(0, {table_on(0, {0}), dropped(0)});
  (void)machine.step(DeleteFailed{bucket(0, 1)});
  EXPECT_EQ(all_of<DeleteLog>(machine.step(Tick{})), std::vector{DeleteLog{bucket(0, 1)}});
  EXPECT_TRUE(machine.step(Tick{}).empty());
  (void)machine.step(DeleteFailed{bucket(9, 0)});  // Nobody dropped it.
  EXPECT_TRUE(machine.step(Tick{}).empty());
}

}  // namespace
}  // namespace millrace::tablet
