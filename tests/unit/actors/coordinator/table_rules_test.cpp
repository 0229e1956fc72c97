#include "actors/coordinator/table_rules.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::TableDescriptor;

const std::vector<NodeId> three_nodes{NodeId{0}, NodeId{1}, NodeId{4}};

Catalog catalog_with_database() {
  Catalog catalog;
  catalog.apply(DatabaseCreated{{"nyc", {}, 1, 1}});
  return catalog;
}

ErrorCode code_of(const Decision& decision) {
  const auto* error = std::get_if<protocol::ProtocolError>(&decision);
  return error == nullptr ? ErrorCode::none : error->code;
}

Decision create(const Catalog& catalog, const CreateTable& command,
                const std::vector<NodeId>& nodes = three_nodes) {
  return decide(catalog, command, TableDefaults{}, nodes, 1000);
}

TableInfo created(const Decision& decision) {
  const auto* delta = std::get_if<CatalogDelta>(&decision);
  EXPECT_NE(delta, nullptr);
  return delta == nullptr ? TableInfo{} : std::get<TableCreated>(*delta).table;
}

/// A create command whose descriptor breaks the rules that `breaking` names, all at once.
struct Breaking {
  bool descriptor = false;
  bool option = false;
  bool buckets = false;
  bool feature = false;
  bool replicas = false;
};

CreateTable broken(const Breaking& breaking, std::string name = "flights") {
  TableDescriptor table = log_table();
  if (breaking.descriptor) table.bucket_keys = {{"no such column"}};
  if (breaking.option) table.properties["table.no.such"] = "1";
  if (breaking.buckets) table.bucket_count = 5000;
  if (breaking.feature) table.properties["table.kv.ttl"] = "1d";
  if (breaking.replicas) table.properties["table.replication.factor"] = "4";
  return {"nyc", std::move(name), to_json(table), false};
}

TEST(TableRules, ChecksInTheOrderOfTheProtocol) {
  const Catalog catalog = catalog_with_database();
  const auto code = [&](const CreateTable& command) { return code_of(create(catalog, command)); };
  CreateTable all = broken({true, true, true, true, true}, "a b");
  all.database = "no/name";
  EXPECT_EQ(code(all), ErrorCode::invalid_database_exception);
  all.database = "__system";
  EXPECT_EQ(code(all), ErrorCode::invalid_database_exception);
  all.database = "nowhere";
  EXPECT_EQ(code(all), ErrorCode::invalid_table_exception);
  all.name = "";
  EXPECT_EQ(code(all), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code({"nyc", "t", "{", false}), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code({"nyc", "t", "", false}), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code(broken({true, true, true, true, true})), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code(broken({false, true, true, true, true})), ErrorCode::invalid_config_exception);
  EXPECT_EQ(code(broken({false, false, true, true, true})), ErrorCode::bucket_max_num_exception);
  EXPECT_EQ(code(broken({false, false, false, true, true})), ErrorCode::invalid_table_exception);
  CreateTable elsewhere = broken({false, false, false, false, true});
  elsewhere.database = "nowhere";
  EXPECT_EQ(code(elsewhere), ErrorCode::invalid_replication_factor);
  elsewhere = broken({});
  elsewhere.database = "nowhere";
  EXPECT_EQ(code(elsewhere), ErrorCode::database_not_exist);
}

TEST(TableRules, AnExistingTableIsAnErrorOrIgnored) {
  Catalog catalog = catalog_with_database();
  CreateTable command = broken({});
  catalog.apply(std::get<CatalogDelta>(create(catalog, command)));
  EXPECT_EQ(code_of(create(catalog, command)), ErrorCode::table_already_exist);
  command.ignore_if_exists = true;
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(create(catalog, command)));
  // What could never be created is refused although the name exists.
  CreateTable worse = broken({.replicas = true});
  worse.ignore_if_exists = true;
  EXPECT_EQ(code_of(create(catalog, worse)), ErrorCode::invalid_replication_factor);
}

TEST(TableRules, UnbuiltKindsAreNamed) {
  const Catalog catalog = catalog_with_database();
  const auto message = [&](TableDescriptor table) {
    const auto decision = create(catalog, {"nyc", "t", to_json(table), false});
    EXPECT_EQ(code_of(decision), ErrorCode::invalid_table_exception);
    return std::get<protocol::ProtocolError>(decision).message;
  };
  TableDescriptor keyed = log_table();
  keyed.schema.primary_key = {"id"};
  keyed.schema.columns[0].type.nullable = false;
  EXPECT_NE(message(keyed).find("primary key tables"), std::string::npos);
}

TEST(TableRules, APartitionedTableHasNoBucketsOfItsOwn) {
  TableDescriptor table = log_table();
  table.partition_keys = {"carrier"};
  const auto made = created(create(catalog_with_database(), {"nyc", "t", to_json(table), false}));
  EXPECT_TRUE(made.buckets.empty());
  EXPECT_EQ(made.descriptor.bucket_count, 1);
}

TEST(TableRules, AutomaticPartitionsOfSeveralKeysArePrecreatedByNobody) {
  TableDescriptor table = log_table();
  table.partition_keys = {"carrier", "id"};
  table.properties = {{"table.auto-partition.enabled", "true"},
                      {"table.auto-partition.key", "carrier"}};
  const auto made = created(create(catalog_with_database(), {"nyc", "t", to_json(table), false}));
  EXPECT_EQ(made.descriptor.properties.at("table.auto-partition.num-precreate"), "0");
  table.properties.erase("table.auto-partition.key");
  EXPECT_EQ(code_of(create(catalog_with_database(), {"nyc", "t", to_json(table), false})),
            ErrorCode::invalid_table_exception);
}

TEST(TableRules, LogsOfEveryFormatAreBuilt) {
  const Catalog catalog = catalog_with_database();
  for (const char* format : {"ARROW", "indexed", "COMPACTED"}) {
    TableDescriptor table = log_table();
    table.properties["table.log.format"] = format;
    EXPECT_EQ(code_of(create(catalog, {"nyc", "t", to_json(table), false})), ErrorCode::none);
  }
}

TEST(TableRules, ReplicasNeedALiveNodeEach) {
  const Catalog catalog = catalog_with_database();
  EXPECT_EQ(code_of(create(catalog, broken({}), {})), ErrorCode::invalid_replication_factor);
  for (const char* factor : {"0", "4", "-1"}) {
    TableDescriptor table = log_table();
    table.properties["table.replication.factor"] = factor;
    EXPECT_EQ(code_of(create(catalog, {"nyc", "t", to_json(table), false})),
              ErrorCode::invalid_replication_factor)
        << factor;
  }
  TableDescriptor table = log_table();
  table.properties["table.replication.factor"] = "many";
  EXPECT_EQ(code_of(create(catalog, {"nyc", "t", to_json(table), false})),
            ErrorCode::invalid_config_exception);
}

TEST(TableRules, DefaultsAreStoredInTheDescriptor) {
  TableDescriptor table = log_table();
  table.bucket_count.reset();
  table.bucket_keys.reset();
  const TableInfo info =
      created(decide(catalog_with_database(), CreateTable{"nyc", "t", to_json(table), false},
                     TableDefaults{.bucket_count = 4}, three_nodes, 1000));
  EXPECT_EQ(info.descriptor.bucket_count, 4);
  EXPECT_EQ(info.descriptor.bucket_keys, std::vector<std::string>{});
  EXPECT_EQ(info.descriptor.properties.at("table.replication.factor"), "1");
  EXPECT_EQ(info.schema_id, 1);
  EXPECT_EQ(info.created_at, 1000);
}

TEST(TableRules, ReplicasLieOnDifferentNodesAndFollowersAreSpread) {
  const std::vector<NodeId> five{NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}};
  std::map<std::pair<NodeId, NodeId>, int> follows;
  for (const BucketInfo& bucket : place({7, 100, 3}, five)) {
    EXPECT_EQ(bucket.leader, bucket.replicas.front());
    EXPECT_EQ(bucket.in_sync, bucket.replicas);
    EXPECT_EQ(std::set(bucket.replicas.begin(), bucket.replicas.end()).size(), 3U);
    for (const NodeId replica : bucket.replicas) ++follows[{bucket.leader, replica}];
  }
  // Every node leads 20, and each of the four others follows it in half of them.
  EXPECT_EQ(follows.size(), 25U);
  for (const auto& [pair, count] : follows) EXPECT_EQ(count, pair.first == pair.second ? 20 : 10);
}

TEST(TableRules, WithoutAWordThereAreAsManyReplicasAsTheDefaultAndTheNodesAllow) {
  const Catalog catalog = catalog_with_database();
  const CreateTable command{"nyc", "t", to_json(log_table()), false};
  const auto replicas = [&](const std::vector<NodeId>& nodes) {
    return created(decide(catalog, command, TableDefaults{.replication_factor = 3}, nodes, 1000))
        .buckets.front()
        .replicas.size();
  };
  EXPECT_EQ(replicas({NodeId{0}}), 1U);
  EXPECT_EQ(replicas({NodeId{0}, NodeId{1}}), 2U);
  EXPECT_EQ(replicas({NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}}), 3U);
}

TEST(TableRules, BucketsAreSpreadFromAStartThatMovesOn) {
  Catalog catalog = catalog_with_database();
  TableDescriptor table = log_table();
  table.bucket_count = 4;
  const auto leaders = [&](const std::string& name) {
    const auto decision = create(catalog, {"nyc", name, to_json(table), false});
    const TableInfo info = created(decision);
    catalog.apply(std::get<CatalogDelta>(decision));
    std::vector<int> found;
    for (const BucketInfo& bucket : info.buckets) {
      EXPECT_EQ(bucket.replicas, std::vector{bucket.leader});
      found.push_back(bucket.leader.value());
    }
    return found;
  };
  EXPECT_EQ(leaders("a"), (std::vector{0, 1, 4, 0}));
  EXPECT_EQ(leaders("b"), (std::vector{1, 4, 0, 1}));
}

TEST(TableRules, AllBucketsOfTheClusterHaveABound) {
  Catalog catalog = catalog_with_database();
  TableDefaults defaults;
  defaults.cluster_bucket_count_max = 5;
  const auto create_three = [&](const std::string& name) {
    TableDescriptor table = log_table();
    table.bucket_count = 3;
    return decide(catalog, CreateTable{"nyc", name, to_json(table), false}, defaults, three_nodes,
                  1000);
  };
  catalog.apply(TableCreated{created(create_three("one"))});
  EXPECT_EQ(code_of(create_three("two")), ErrorCode::bucket_max_num_exception);
  // What is there already needs no room.
  EXPECT_EQ(code_of(create_three("one")), ErrorCode::table_already_exist);
  defaults.cluster_bucket_count_max = 6;
  EXPECT_EQ(code_of(create_three("two")), ErrorCode::none);
}

TEST(TableRules, DroppingATable) {
  Catalog catalog = catalog_with_database();
  EXPECT_EQ(code_of(decide(catalog, DropTable{"nyc", "flights", false})),
            ErrorCode::table_not_exist);
  EXPECT_EQ(code_of(decide(catalog, DropTable{"nowhere", "flights", false})),
            ErrorCode::table_not_exist);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(decide(catalog, DropTable{"nyc", "x", true})));
  catalog.apply(std::get<CatalogDelta>(create(catalog, broken({}))));
  const auto dropped = decide(catalog, DropTable{"nyc", "flights", false});
  EXPECT_EQ(std::get<TableDropped>(std::get<CatalogDelta>(dropped)).table, TableId{0});
  catalog.apply(std::get<CatalogDelta>(dropped));
  EXPECT_EQ(created(create(catalog, broken({}))).id, TableId{1});  // Ids are never reused.
}

TEST(TableRules, CreatingADatabase) {
  const Catalog catalog = catalog_with_database();
  const auto create = [&](const CreateDatabase& command) { return decide(catalog, command, 77); };
  for (const char* name : {"", "a b", "..", "__x", "a\n"}) {
    EXPECT_EQ(code_of(create({name, "", false})), ErrorCode::invalid_database_exception) << name;
  }
  EXPECT_EQ(code_of(create({"new", "[", false})), ErrorCode::invalid_database_exception);
  EXPECT_EQ(code_of(create({"nyc", "", false})), ErrorCode::database_already_exist);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(create({"nyc", "", true})));
  const auto made = create({"new", R"({"version":1,"comment":"c","custom_properties":{}})", false});
  const auto& database = std::get<DatabaseCreated>(std::get<CatalogDelta>(made)).database;
  EXPECT_EQ(database.descriptor.comment, "c");
  EXPECT_EQ(database.created_at, 77);
}

TEST(TableRules, DroppingADatabase) {
  Catalog catalog = catalog_with_database();
  EXPECT_EQ(code_of(decide(catalog, DropDatabase{"x", false, false})),
            ErrorCode::database_not_exist);
  EXPECT_TRUE(std::holds_alternative<NothingToDo>(decide(catalog, DropDatabase{"x", true, false})));
  EXPECT_EQ(code_of(decide(catalog, DropDatabase{"nyc", false, false})), ErrorCode::none);
  catalog.apply(std::get<CatalogDelta>(create(catalog, broken({}))));
  EXPECT_EQ(code_of(decide(catalog, DropDatabase{"nyc", false, false})),
            ErrorCode::database_not_empty);
  const auto dropped = decide(catalog, DropDatabase{"nyc", false, true});
  EXPECT_EQ(std::get<DatabaseDropped>(std::get<CatalogDelta>(dropped)).name, "nyc");
}

}  // namespace
}  // namespace millrace::coordinator
