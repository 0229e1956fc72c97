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

TEST_F(TabletTest, ALateOrderOfADeposedCoordinatorIsRefusedAndCounted) {
  UpdateArrived update;
  update.base = Revision{0};
  update.revision = Revision{2};
  update.deltas = {table_on(0, {1}), OfficeTaken{NodeId{2}, Incarnation{1}, CoordinatorEpoch{2}}};
  update.from_epoch = CoordinatorEpoch{2};
  update.members_version = std::uint64_t{2} << 32;
  (void)machine.step(update);
  EXPECT_EQ(machine.coordinator(), NodeId{2});

  // It missed that it was deposed, and starts afresh a node that knows more than it does.
  UpdateArrived late;
  late.revision = Revision{0};
  late.image.emplace();
  late.from_epoch = CoordinatorEpoch{1};
  late.members_version = std::uint64_t{3} << 32;
  EXPECT_TRUE(machine.step(late).empty());
  EXPECT_EQ(machine.refused_orders(), 1U);
  EXPECT_EQ(machine.revision(), Revision{2});
  EXPECT_EQ(machine.replicas(), std::set<BucketId>{bucket(0, 0)});
}

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
  ASSERT_EQ(effects.size(), 6U);
  EXPECT_EQ(std::get<StartReplica>(effects[0]), StartReplica{bucket(0, 0)});
  EXPECT_EQ(std::get<Assign>(effects[1]).bucket, bucket(0, 0));
  EXPECT_EQ(std::get<Assign>(effects[1]).info.leader, self);
  EXPECT_EQ(std::get<StartReplica>(effects[2]), StartReplica{bucket(0, 2)});
  const ClusterView& view = std::get<Publish>(effects[4]).view;
  EXPECT_EQ(view.revision, Revision{1});
  EXPECT_EQ(view.coordinator, coordinator_node);
  EXPECT_TRUE(view.members.contains(self));
  EXPECT_NE(view.catalog.find_table(TableId{0}), nullptr);
  EXPECT_TRUE(std::holds_alternative<Report>(effects[5]));
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
  EXPECT_EQ(follow(1, {table_on(1, {1})}).size(), 4U);  // Version 1 again: the same list.
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
  ASSERT_EQ(effects.size(), 2U);
  EXPECT_EQ(std::get<StartReplica>(effects[0]), StartReplica{bucket(0, 0)});
  EXPECT_EQ(std::get<Assign>(effects[1]).bucket, bucket(0, 0));
  EXPECT_TRUE(machine.replicas().contains(bucket(0, 0)));
}

TEST_F(TabletTest, ReplicasHearOfTheirLeadersAndOfPeersThatReturn) {
  const NodeId other{7};
  TableInfo table;
  table.id = TableId{0};
  table.buckets = {{self, LeaderEpoch{0}, {self, other}, 0, {self, other}},
                   {other, LeaderEpoch{0}, {other}, 0, {other}}};
  (void)follow(0, {TableCreated{table}});
  const auto change = [&](std::int32_t index) {
    return LeadershipChange{bucket(0, index), other, LeaderEpoch{1}, 1, {other}, {}, Revision{2}};
  };
  const auto told = all_of<Assign>(follow(1, {LeadershipsChanged{{change(0), change(1)}}}));
  ASSERT_EQ(told.size(), 1U);  // Of the other bucket nothing is here.
  EXPECT_EQ(told[0].bucket, bucket(0, 0));
  EXPECT_EQ(told[0].info.leader, other);
  EXPECT_EQ(told[0].info.epoch, LeaderEpoch{1});
  EXPECT_EQ(all_of<TellReturned>(machine.step(PeerCame{other})),
            (std::vector{TellReturned{bucket(0, 0), other}}));
  EXPECT_TRUE(machine.step(PeerCame{NodeId{8}}).empty());
}

TEST_F(TabletTest, ALogThatCouldNotBeDeletedIsDeletedLater) {
  (void)follow(0, {table_on(0, {0}), dropped(0)});
  (void)machine.step(DeleteFailed{bucket(0, 1)});
  EXPECT_EQ(all_of<DeleteLog>(machine.step(Tick{})), std::vector{DeleteLog{bucket(0, 1)}});
  EXPECT_TRUE(machine.step(Tick{}).empty());
  (void)machine.step(DeleteFailed{bucket(9, 0)});  // Nobody dropped it.
  EXPECT_TRUE(machine.step(Tick{}).empty());
}

BucketId bucket_of(std::int64_t table, std::int64_t partition, std::int32_t index) {
  return {TableId{table}, BucketIndex{index}, PartitionId{partition}};
}

CatalogDelta partition_on(std::int64_t table, std::int64_t id,
                          const std::vector<std::int32_t>& nodes) {
  PartitionInfo partition;
  partition.id = PartitionId{id};
  partition.table = TableId{table};
  partition.values = {"v" + std::to_string(id)};
  for (const std::int32_t node : nodes) {
    partition.buckets.push_back({NodeId{node}, LeaderEpoch{0}, {NodeId{node}}});
  }
  return PartitionCreated{partition};
}

CatalogDelta partition_dropped(std::int64_t table, std::int64_t id) {
  return PartitionDropped{TableId{table}, PartitionId{id}};
}

TEST_F(TabletTest, PartitionsHaveReplicasOfTheirOwn) {
  const auto effects =
      follow(0, {table_on(0, {}), partition_on(0, 4, {1, 0, 1}), partition_on(0, 5, {1})});
  EXPECT_EQ(all_of<StartReplica>(effects),
            (std::vector{StartReplica{bucket_of(0, 4, 0)}, StartReplica{bucket_of(0, 4, 2)},
                         StartReplica{bucket_of(0, 5, 0)}}));
  // An image says the same again.
  EXPECT_TRUE(all_of<StartReplica>(image(9, {table_on(0, {}), partition_on(0, 4, {1, 0, 1}),
                                             partition_on(0, 5, {1})}))
                  .empty());
}

TEST_F(TabletTest, ADroppedPartitionsLogIsDeletedAndItsNeighboursAreNot) {
  (void)follow(0, {table_on(0, {}), partition_on(0, 4, {1}), partition_on(0, 5, {1})});
  const auto effects = follow(3, {partition_dropped(0, 4)});
  EXPECT_EQ(all_of<StopReplica>(effects), std::vector{StopReplica{bucket_of(0, 4, 0)}});
  EXPECT_TRUE(all_of<DeleteLog>(effects).empty());  // It is open still.
  const auto gone = machine.step(ReplicaGone{bucket_of(0, 4, 0)});
  EXPECT_EQ(all_of<DeleteLog>(gone), std::vector{DeleteLog{bucket_of(0, 4, 0)}});
  EXPECT_TRUE(machine.replicas().contains(bucket_of(0, 5, 0)));
}

TEST_F(TabletTest, ADroppedTableTakesThePartitionsAlong) {
  (void)follow(0, {table_on(0, {}), partition_on(0, 4, {1}), partition_on(0, 5, {1})});
  EXPECT_EQ(all_of<StopReplica>(follow(3, {dropped(0)})),
            (std::vector{StopReplica{bucket_of(0, 4, 0)}, StopReplica{bucket_of(0, 5, 0)}}));
}

TEST_F(TabletTest, LogsOfPartitionsDroppedWhileTheNodeWasAwayAreDeleted) {
  TabletMachine back{
      self, coordinator_node, {bucket_of(0, 4, 0), bucket_of(0, 5, 0), bucket_of(0, 7, 0)}};
  UpdateArrived update;
  update.revision = Revision{9};
  update.members_version = 1;
  update.image.emplace();
  for (const CatalogDelta& delta : {table_on(0, {}), partition_on(0, 4, {1}),
                                    partition_on(0, 5, {1}), partition_dropped(0, 4)}) {
    update.image->apply(delta);
  }
  // Partition 7 is one that this catalog has not heard of.
  EXPECT_EQ(all_of<DeleteLog>(back.step(update)), std::vector{DeleteLog{bucket_of(0, 4, 0)}});
}

CatalogDelta started(std::uint64_t start) { return NodeStarted{self, StartId{start}}; }

/// A tablet at the start of its node that is called 7, on a disk that was there at these before.
TabletMachine started_as_seven(const std::vector<std::uint64_t>& before) {
  KnownStarts starts;
  for (const std::uint64_t start : before) starts.history.add(StartId{start});
  starts.history.add(StartId{7});
  starts.present = StartId{7};
  return {self, coordinator_node, {}, starts};
}

UpdateArrived update_of(std::uint64_t base, std::vector<CatalogDelta> deltas) {
  UpdateArrived update;
  update.base = Revision{base};
  update.revision = Revision{base + deltas.size()};
  update.deltas = std::move(deltas);
  update.members_version = 1 + base;
  return update;
}

TEST(TabletDisk, ServesOnceTheCatalogKnowsOfThisStart) {
  TabletMachine machine = started_as_seven({1, 6});
  EXPECT_TRUE(
      all_of<StartReplica>(machine.step(update_of(0, {started(6), table_on(0, {1})}))).empty());
  EXPECT_EQ(machine.disk(), DiskVerdict::own);
  EXPECT_EQ(all_of<StartReplica>(machine.step(update_of(2, {started(7)}))),
            std::vector{StartReplica{bucket(0, 0)}});
}

TEST(TabletDisk, NothingIsServedFromAnotherDiskOrAnOlderCopy) {
  for (const auto& before : {std::vector<std::uint64_t>{}, std::vector<std::uint64_t>{1, 5}}) {
    TabletMachine machine = started_as_seven(before);
    EXPECT_TRUE(
        all_of<StartReplica>(machine.step(update_of(0, {started(6), table_on(0, {1})}))).empty());
    EXPECT_EQ(machine.disk(), DiskVerdict::foreign);
    EXPECT_TRUE(all_of<DeleteLog>(machine.step(Tick{})).empty());
    // Nothing is said to lie there any more: any disk will do.
    (void)machine.step(update_of(2, {dropped(0)}));
    EXPECT_EQ(machine.disk(), DiskVerdict::own);
    EXPECT_EQ(all_of<StartReplica>(machine.step(update_of(3, {started(7), table_on(1, {1})}))),
              std::vector{StartReplica{bucket(1, 0)}});
  }
}

bool last_served(const std::vector<Effect>& effects) {
  return all_of<Publish>(effects).at(0).view.serves;
}

TEST(TabletDisk, ItIsToldWhetherReplicasRun) {
  TabletMachine machine = started_as_seven({6});
  EXPECT_FALSE(last_served(machine.step(update_of(0, {started(6), table_on(0, {1})}))));
  EXPECT_TRUE(last_served(machine.step(update_of(2, {started(7)}))));
  TabletMachine foreign = started_as_seven({});
  EXPECT_FALSE(last_served(foreign.step(update_of(0, {started(6), table_on(0, {1})}))));
}

TEST(TabletDisk, AHealthyNodeIsNotKeptAwayForLongWhenItsStartCannotBeWrittenDown) {
  TabletMachine machine = started_as_seven({6});
  (void)machine.step(update_of(0, {started(6), table_on(0, {1})}));
  EXPECT_TRUE(machine.step(Tick{}).empty());
  const auto effects = machine.step(Tick{});
  EXPECT_EQ(all_of<StartReplica>(effects), std::vector{StartReplica{bucket(0, 0)}});
  EXPECT_TRUE(last_served(effects));
  TabletMachine foreign = started_as_seven({});
  (void)foreign.step(update_of(0, {started(6), table_on(0, {1})}));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(foreign.step(Tick{}).empty());
}

TEST(TabletDisk, OneWhoseNoteIsDamagedIsBelieved) {
  KnownStarts starts;
  starts.is_believed = true;
  TabletMachine machine(self, coordinator_node, {}, starts);
  EXPECT_EQ(all_of<StartReplica>(machine.step(update_of(0, {started(6), table_on(0, {1})}))).size(),
            1U);
}

TEST(TabletDisk, OneThatIsNotAskedIsBelieved) {
  TabletMachine machine(self, coordinator_node, {});
  EXPECT_EQ(all_of<StartReplica>(machine.step(update_of(0, {started(6), table_on(0, {1})}))).size(),
            1U);
}

}  // namespace
}  // namespace millrace::tablet
