#include "actors/coordinator/partition_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::Properties;

const std::vector<NodeId> two_nodes{NodeId{0}, NodeId{1}};
constexpr EpochMillis hour = 3'600'000;
constexpr EpochMillis day = 24 * hour;
constexpr EpochMillis now = 1'732'968'000'000 + 5 * hour;  // 2024-11-30T17:00Z

ErrorCode code_of(const Decision& decision) {
  const auto* error = std::get_if<protocol::ProtocolError>(&decision);
  return error == nullptr ? ErrorCode::none : error->code;
}

/// Tables nyc.t (partitioned as asked) and nyc.plain (not).
class PartitionRules : public testing::Test {
 protected:
  PartitionRules() { catalog.apply(DatabaseCreated{{"nyc", {}, 1, 1}}); }

  void make_table(std::vector<std::string> keys, Properties properties = {},
                  std::int32_t buckets = 2) {
    make("plain", {}, {}, 1);
    make("t", std::move(keys), std::move(properties), buckets);
  }

  Decision create(PartitionSpec spec, bool ignore = false, const std::string& table = "t") {
    return decide(catalog, CreatePartition{"nyc", table, std::move(spec), ignore}, defaults,
                  two_nodes, now);
  }
  Decision drop(PartitionSpec spec, bool ignore = false, const std::string& table = "t") {
    return decide(catalog, DropPartition{"nyc", table, std::move(spec), ignore});
  }
  ErrorCode add(const std::string& value) {
    const Decision decision = create({{"carrier", value}});
    if (const auto* delta = std::get_if<CatalogDelta>(&decision)) catalog.apply(*delta);
    return code_of(decision);
  }

  /// Does what time asks for until nothing is left.
  void let_time_work(EpochMillis at, bool delay_days = false) {
    while (auto delta = next_automatic(catalog, table(), defaults, two_nodes, at, delay_days)) {
      catalog.apply(*delta);
    }
  }
  const TableInfo& table() { return *catalog.find_table("nyc", "t"); }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const auto& one : catalog.partitions_of(table().id).all()) {
      names.push_back(partition_name(one->values));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Catalog catalog;
  TableDefaults defaults;

 private:
  void make(const std::string& name, std::vector<std::string> keys, Properties properties,
            std::int32_t buckets) {
    auto descriptor = log_table();
    descriptor.partition_keys = std::move(keys);
    descriptor.properties = std::move(properties);
    descriptor.bucket_count = buckets;
    const auto decision = decide(catalog, CreateTable{"nyc", name, to_json(descriptor), false},
                                 defaults, two_nodes, 1);
    ASSERT_EQ(code_of(decision), ErrorCode::none);
    catalog.apply(std::get<CatalogDelta>(decision));
  }
};

using Names = std::vector<std::string>;

TEST_F(PartitionRules, APartitionGetsBucketsAndAnIdThatIsNeverUsedAgain) {
  make_table({"carrier"});
  const auto decision = create({{"carrier", "UA"}});
  const auto& made = std::get<PartitionCreated>(std::get<CatalogDelta>(decision)).partition;
  EXPECT_EQ(made.id, PartitionId{0});
  EXPECT_EQ(made.table, table().id);
  EXPECT_EQ(made.values, Names{"UA"});
  EXPECT_EQ(made.created_at, now);
  ASSERT_EQ(made.buckets.size(), 2U);
  EXPECT_NE(made.buckets[0].leader, made.buckets[1].leader);
  EXPECT_EQ(add("UA"), ErrorCode::none);
  catalog.apply(std::get<CatalogDelta>(drop({{"carrier", "UA"}})));
  EXPECT_EQ(catalog.partitions_of(table().id).size(), 0U);
  EXPECT_EQ(add("UA"), ErrorCode::none);
  EXPECT_EQ(catalog.partitions_of(table().id).find("UA")->id, PartitionId{1});
}

TEST_F(PartitionRules, WhatExistsAndWhatDoesNot) {
  make_table({"carrier"});
  EXPECT_EQ(code_of(create({{"carrier", "UA"}}, false, "nope")), ErrorCode::table_not_exist);
  EXPECT_EQ(code_of(create({{"carrier", "UA"}}, false, "plain")),
            ErrorCode::table_not_partitioned_exception);
  EXPECT_EQ(code_of(drop({{"carrier", "UA"}}, false, "nope")), ErrorCode::table_not_exist);
  EXPECT_EQ(code_of(drop({{"carrier", "UA"}}, false, "plain")),
            ErrorCode::table_not_partitioned_exception);
  EXPECT_EQ(code_of(drop({{"carrier", "UA"}})), ErrorCode::partition_not_exists);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(drop({{"carrier", "UA"}}, true)));
  EXPECT_EQ(add("UA"), ErrorCode::none);
  EXPECT_EQ(add("UA"), ErrorCode::partition_already_exists);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(create({{"carrier", "UA"}}, true)));
}

TEST_F(PartitionRules, ASpecNamesEachKeyOnceAndLegalValues) {
  make_table({"carrier", "id"});
  EXPECT_EQ(code_of(create({{"id", "7"}, {"carrier", "UA"}})), ErrorCode::none);  // In any order.
  const std::vector<PartitionSpec> bad = {{},
                                          {{"carrier", "UA"}},
                                          {{"carrier", "UA"}, {"carrier", "UA"}},
                                          {{"carrier", "UA"}, {"delay", "7"}},
                                          {{"carrier", "UA"}, {"id", "7"}, {"delay", "7"}},
                                          {{"carrier", "U$A"}, {"id", "7"}},
                                          {{"carrier", ""}, {"id", "7"}},
                                          {{"carrier", ".."}, {"id", "7"}},
                                          {{"carrier", std::string(201, 'a')}, {"id", "7"}}};
  for (const PartitionSpec& spec : bad) {
    EXPECT_EQ(code_of(create(spec)), ErrorCode::partition_spec_invalid_exception);
    EXPECT_EQ(code_of(drop(spec)), ErrorCode::partition_spec_invalid_exception);
  }
  const PartitionSpec reserved = {{"carrier", "__UA"}, {"id", "7"}};
  EXPECT_EQ(code_of(create(reserved)), ErrorCode::partition_spec_invalid_exception);
  EXPECT_EQ(code_of(drop(reserved)), ErrorCode::partition_not_exists);
}

TEST_F(PartitionRules, PartitionsAndTheirBucketsAreCounted) {
  defaults.partition_count_max = 2;
  make_table({"carrier"});
  EXPECT_EQ(add("A"), ErrorCode::none);
  EXPECT_EQ(add("B"), ErrorCode::none);
  EXPECT_EQ(add("C"), ErrorCode::partition_max_num_exception);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(create({{"carrier", "A"}}, true)));
  defaults.partition_count_max = 100;
  defaults.bucket_count_max = 5;  // Two a partition.
  EXPECT_EQ(add("C"), ErrorCode::bucket_max_num_exception);
  defaults.bucket_count_max = 6;
  EXPECT_EQ(add("C"), ErrorCode::none);
  EXPECT_EQ(code_of(decide(catalog, CreatePartition{"nyc", "t", {{"carrier", "D"}}, false},
                           TableDefaults{}, {}, now)),
            ErrorCode::invalid_replication_factor);
}

TEST_F(PartitionRules, ATableTakesItsPartitionsWithIt) {
  make_table({"carrier"});
  EXPECT_EQ(add("A"), ErrorCode::none);
  const TableId id = table().id;
  Catalog other = catalog;
  other.apply(TableDropped{id});
  EXPECT_EQ(other.partitions_of(id).size(), 0U);
  EXPECT_EQ(other.next_partition(), PartitionId{1});
  other = catalog;
  other.apply(DatabaseDropped{"nyc"});
  EXPECT_EQ(other.partitions_of(id).size(), 0U);
  EXPECT_EQ(catalog.partitions_of(id).size(), 1U);  // A copy is a version of its own.
}

TEST_F(PartitionRules, TimesMustHaveTheFormatAndNotBeTooOld) {
  make_table({"carrier"}, {{"table.auto-partition.enabled", "true"},
                           {"table.auto-partition.num-retention", "2"}});
  EXPECT_EQ(add("20241201"), ErrorCode::none);
  EXPECT_EQ(add("20241128"), ErrorCode::none);
  EXPECT_EQ(add("20241127"), ErrorCode::partition_spec_invalid_exception);
  EXPECT_EQ(add("2024-12-01"), ErrorCode::partition_spec_invalid_exception);
  EXPECT_EQ(add("20241131"), ErrorCode::partition_spec_invalid_exception);
}

TEST_F(PartitionRules, AFormatIsCheckedEvenWhenNothingIsAutomatic) {
  make_table({"carrier"}, {{"table.auto-partition.time-format", "yyyy-MM-dd"}});
  EXPECT_EQ(add("20241201"), ErrorCode::partition_spec_invalid_exception);
  EXPECT_EQ(add("2001-01-01"), ErrorCode::none);
  let_time_work(now);
  EXPECT_EQ(names(), Names{"2001-01-01"});
}

TEST_F(PartitionRules, TimeCreatesAndDropsPartitions) {
  make_table({"carrier"}, {{"table.auto-partition.enabled", "true"},
                           {"table.auto-partition.num-precreate", "3"},
                           {"table.auto-partition.num-retention", "1"}});
  let_time_work(now);
  EXPECT_EQ(names(), (Names{"20241130", "20241201", "20241202"}));
  let_time_work(now + 2 * day);
  EXPECT_EQ(names(), (Names{"20241201", "20241202", "20241203", "20241204"}));
  let_time_work(now + 2 * day);
  EXPECT_EQ(names().size(), 4U);
}

TEST_F(PartitionRules, EveryUnitAndTheZoneOfTheTable) {
  for (const auto& [unit, expected] : {std::pair<std::string, Names>{"YEAR", {"2024", "2025"}},
                                       {"QUARTER", {"20244", "20251"}},
                                       {"MONTH", {"202412", "202501"}},
                                       {"DAY", {"20241201", "20241202"}},
                                       {"HOUR", {"2024120101", "2024120102"}}}) {
    catalog = {};
    catalog.apply(DatabaseCreated{{"nyc", {}, 1, 1}});
    make_table({"carrier"}, {{"table.auto-partition.enabled", "true"},
                             {"table.auto-partition.time-unit", unit},
                             {"table.auto-partition.time-zone", "Asia/Shanghai"}});
    let_time_work(now);
    EXPECT_EQ(names(), expected) << unit;
  }
}

TEST_F(PartitionRules, NegativeRetentionKeepsAll) {
  make_table({"carrier"}, {{"table.auto-partition.enabled", "true"},
                           {"table.auto-partition.num-retention", "-1"}});
  EXPECT_EQ(add("19990101"), ErrorCode::none);
  let_time_work(now);
  EXPECT_EQ(names(), (Names{"19990101", "20241130", "20241201"}));
}

TEST_F(PartitionRules, OfSeveralKeysAllPartitionsOfAnOldTimeGo) {
  make_table({"id", "carrier"}, {{"table.auto-partition.enabled", "true"},
                                 {"table.auto-partition.key", "carrier"},
                                 {"table.auto-partition.num-retention", "1"}});
  for (const char* id : {"1", "2"}) {
    for (const char* time : {"20241129", "20241130"}) {
      catalog.apply(std::get<CatalogDelta>(create({{"id", id}, {"carrier", time}})));
    }
  }
  let_time_work(now);
  EXPECT_EQ(names().size(), 4U);
  let_time_work(now + day);
  EXPECT_EQ(names(), (Names{"1$20241130", "2$20241130"}));
}

TEST_F(PartitionRules, AFullTableIsLeftAsItIs) {
  defaults.partition_count_max = 1;
  make_table({"carrier"}, {{"table.auto-partition.enabled", "true"}});
  let_time_work(now);
  EXPECT_EQ(names(), Names{"20241130"});
}

TEST_F(PartitionRules, DaysToComeWaitADifferentTimeForEachTableButNeverToday) {
  make_table({"carrier"}, {{"table.auto-partition.enabled", "true"}});
  const EpochMillis midnight = now + 7 * hour;  // Of the first of December.
  let_time_work(midnight, true);
  EXPECT_EQ(names(), Names{"20241201"});
  let_time_work(midnight + 23 * hour, true);
  EXPECT_EQ(names(), (Names{"20241201", "20241202"}));
}

}  // namespace
}  // namespace millrace::coordinator
