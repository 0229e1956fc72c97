#include "actors/coordinator/alteration_rules.hpp"

#include <gtest/gtest.h>

#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

using protocol::AlterDatabase;
using protocol::AlterTable;
using protocol::ErrorCode;
using protocol::TagServers;

constexpr EpochMillis now = 5000;

Catalog catalog_with_table() {
  Catalog catalog;
  DatabaseInfo database{"nyc", {}, 1, 1};
  database.descriptor.comment = "the city";
  database.descriptor.custom_properties = {{"owner", "port authority"}};
  catalog.apply(DatabaseCreated{database});
  TableInfo table;
  table.id = TableId{7};
  table.database = "nyc";
  table.name = "flights";
  table.descriptor = log_table();
  table.descriptor.properties["table.replication.factor"] = "1";
  table.descriptor.custom_properties["team"] = "ops";
  table.buckets = {{NodeId{0}, LeaderEpoch{0}, {NodeId{0}}}};
  table.created_at = table.modified_at = 10;
  catalog.apply(TableCreated{table});
  return catalog;
}

Decision decide_on(const Catalog& catalog, const protocol::Alteration& alteration) {
  const TableDefaults defaults;
  return decide(catalog, alteration,
                {defaults, {NodeId{0}, NodeId{1}}, {NodeId{0}, NodeId{1}, NodeId{2}}, now});
}

Decision decide_on(const protocol::Alteration& alteration) {
  return decide_on(catalog_with_table(), alteration);
}

ErrorCode code_of(const Decision& decision) {
  const auto* error = std::get_if<protocol::ProtocolError>(&decision);
  return error == nullptr ? ErrorCode::none : error->code;
}

template <class Fact>
Fact fact_of(const Decision& decision) {
  const auto* delta = std::get_if<CatalogDelta>(&decision);
  EXPECT_TRUE(delta != nullptr && std::holds_alternative<Fact>(*delta))
      << static_cast<std::int32_t>(code_of(decision));
  return delta == nullptr ? Fact{} : std::get<Fact>(*delta);
}

bool is_nothing(const Decision& decision) { return std::holds_alternative<NothingToDo>(decision); }

AlterTable setting(const std::string& key, std::optional<std::string> value,
                   std::int32_t operation = protocol::config_set) {
  return {"nyc", "flights", false, {{key, std::move(value), operation}}, {}, {}};
}

AlterTable adding(const std::vector<protocol::AddedColumn>& columns) {
  return {"nyc", "flights", false, {}, columns, {}};
}

constexpr auto int_json = R"({"type":"INTEGER"})";

TEST(AlterTable, AddsNullableColumnsAtTheEndWithTheNextIds) {
  const auto fact = fact_of<TableAltered>(decide_on(adding(
      {{"delay", int_json, "minutes", 0, ""},
       {"gate",
        R"({"type":"ROW","fields":[{"name":"a","field_type":{"type":"INTEGER"}},{"name":"b","field_type":{"type":"STRING"},"field_id":0}]})",
        {},
        0,
        ""},
       {"tail", R"({"type":"STRING"})", {}, 0, ""}})));
  EXPECT_EQ(fact.table, TableId{7});
  EXPECT_EQ(fact.schema_id, 2);
  EXPECT_EQ(fact.modified_at, now);
  const auto& columns = fact.descriptor.schema.columns;
  ASSERT_EQ(columns.size(), 5U);
  EXPECT_EQ(columns[2].name, "delay");
  EXPECT_EQ(columns[2].comment, "minutes");
  EXPECT_EQ(columns[2].id, 2);
  EXPECT_EQ(columns[3].id, 3);
  EXPECT_EQ(columns[3].type.children[0].id, 4);  // Ids that were sent are the builder's, not ours.
  EXPECT_EQ(columns[3].type.children[1].id, 5);
  EXPECT_EQ(columns[4].id, 6);
  EXPECT_EQ(fact.descriptor.schema.highest_field_id, 6);
}

TEST(AlterTable, RefusesWhatCannotBeDoneToColumns) {
  const auto code = [](const protocol::AddedColumn& column) {
    return code_of(decide_on(adding({column})));
  };
  EXPECT_EQ(code({"id", int_json, {}, 0, ""}), ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code({"delay", R"({"type":"INTEGER","nullable":false})", {}, 0, ""}),
            ErrorCode::unknown_server_error);
  EXPECT_EQ(code({"delay", int_json, {}, 1, ""}), ErrorCode::unknown_server_error);
  EXPECT_EQ(code({"delay", int_json, {}, 0, "sum"}), ErrorCode::invalid_config_exception);
  EXPECT_EQ(code({"delay", "{", {}, 0, ""}), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code({"__offset", int_json, {}, 0, ""}), ErrorCode::invalid_table_exception);
  EXPECT_EQ(code_of(decide_on(adding({{"a", int_json, {}, 0, ""}, {"a", int_json, {}, 0, ""}}))),
            ErrorCode::invalid_alter_table_exception);
  AlterTable other = adding({});
  other.other_change = "DROP COLUMN";
  EXPECT_EQ(code_of(decide_on(other)), ErrorCode::unknown_server_error);
  AlterTable both = adding({{"delay", int_json, {}, 0, ""}});
  both.configs = setting("team", "dev").configs;
  EXPECT_EQ(code_of(decide_on(both)), ErrorCode::invalid_alter_table_exception);
}

TEST(AlterTable, SchemasEndWhereBatchesCannotNameThem) {
  Catalog catalog = catalog_with_table();
  protocol::TableDescriptor descriptor = catalog.find_table(TableId{7})->descriptor;
  catalog.apply(TableAltered{TableId{7}, 32767, descriptor, now});
  EXPECT_EQ(code_of(decide_on(catalog, adding({{"delay", int_json, {}, 0, ""}}))),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(fact_of<TableAltered>(decide_on(catalog, setting("team", "dev"))).schema_id, 32767);
}

TEST(AlterTable, SetsAndResetsOptionsAndCustomProperties) {
  auto fact = fact_of<TableAltered>(decide_on(setting("table.log.ttl", "3d")));
  EXPECT_EQ(fact.schema_id, 1);
  EXPECT_EQ(fact.descriptor.properties.at("table.log.ttl"), "3d");
  fact = fact_of<TableAltered>(decide_on(setting("team", "dev")));
  EXPECT_EQ(fact.descriptor.custom_properties.at("team"), "dev");
  EXPECT_FALSE(fact.descriptor.properties.contains("team"));
  fact = fact_of<TableAltered>(decide_on(setting("team", {}, protocol::config_delete)));
  EXPECT_TRUE(fact.descriptor.custom_properties.empty());
}

TEST(AlterTable, WhatChangesNothingIsFine) {
  EXPECT_TRUE(is_nothing(decide_on(setting("team", "ops"))));
  EXPECT_TRUE(is_nothing(decide_on(setting("nobody", {}, protocol::config_delete))));
  EXPECT_TRUE(is_nothing(decide_on(setting("table.log.ttl", {}, protocol::config_delete))));
  EXPECT_TRUE(is_nothing(decide_on(adding({}))));
}

TEST(AlterTable, RefusesOptionsAndValuesByTheirCodes) {
  const auto code = [](const AlterTable& alteration) { return code_of(decide_on(alteration)); };
  EXPECT_EQ(code(setting("table.log.format", "INDEXED")), ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.no.such", "1")), ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.replication.factor", {}, protocol::config_delete)),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.statistics.columns", {}, protocol::config_delete)),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.datalake.enabled", "true")),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.kv.standby-replica.enabled", "true")),
            ErrorCode::invalid_alter_table_exception);
  EXPECT_EQ(code(setting("table.log.ttl", "a week")), ErrorCode::invalid_config_exception);
  EXPECT_EQ(code(setting("table.log.local-ttl", "30d")), ErrorCode::invalid_config_exception);
  EXPECT_EQ(code(setting("table.auto-partition.enabled", "true")),
            ErrorCode::invalid_config_exception);
  EXPECT_EQ(code(setting("team", "x", protocol::config_append)), ErrorCode::unknown_server_error);
  EXPECT_EQ(code(setting("team", {})), ErrorCode::unknown_server_error);
}

TEST(AlterTable, AutomaticPartitionsFollowTheRulesOfCreation) {
  const auto decide_for = [](std::vector<std::string> keys, const std::string& key,
                             const std::string& value, const std::string& precreate = "0") {
    Catalog catalog = catalog_with_table();
    TableAltered fact{TableId{7}, 1, catalog.find_table(TableId{7})->descriptor, now};
    for (const char* name : {"a", "b"}) {
      protocol::append_column(fact.descriptor.schema,
                              {name, *protocol::parse_sql_type("STRING"), {}, -1, {}});
    }
    fact.descriptor.partition_keys = std::move(keys);
    fact.descriptor.properties["table.auto-partition.key"] = "a";
    fact.descriptor.properties["table.auto-partition.num-precreate"] = precreate;
    catalog.apply(fact);
    return decide_on(catalog, setting("table.auto-partition." + key, value));
  };
  const auto fact = fact_of<TableAltered>(decide_for({"a"}, "enabled", "true"));
  EXPECT_EQ(fact.descriptor.properties.at("table.auto-partition.enabled"), "true");
  EXPECT_EQ(fact_of<TableAltered>(decide_for({"a"}, "num-retention", "3")).schema_id, 1);
  // With several keys none are created ahead.
  (void)fact_of<TableAltered>(decide_for({"a", "b"}, "enabled", "true"));
  EXPECT_EQ(code_of(decide_for({"a", "b"}, "enabled", "true", "2")),
            ErrorCode::invalid_table_exception);
  for (const char* fixed : {"key", "time-unit", "time-zone", "time-format"}) {
    EXPECT_EQ(code_of(decide_for({"a"}, fixed, "b")), ErrorCode::invalid_alter_table_exception);
  }
}

TEST(AlterTable, ATableThatIsNotThereIsMissedUnlessThatIsFine) {
  AlterTable missing = setting("team", "dev");
  missing.name = "planes";
  EXPECT_EQ(code_of(decide_on(missing)), ErrorCode::table_not_exist);
  missing.ignore_if_missing = true;
  EXPECT_TRUE(is_nothing(decide_on(missing)));
}

TEST(AlterTable, ATableMadeBeforeLogTablesWereForbiddenCanBeAltered) {
  TableDefaults defaults;
  defaults.allow_log_tables = false;
  const Decision decision = decide(catalog_with_table(), setting("team", "dev"),
                                   {defaults, {NodeId{0}}, {NodeId{0}}, now});
  EXPECT_EQ(fact_of<TableAltered>(decision).descriptor.custom_properties.at("team"), "dev");
}

TEST(AlterDatabase, ChangesCustomPropertiesAndTheComment) {
  const auto fact = fact_of<DatabaseAltered>(decide_on(
      AlterDatabase{"nyc",
                    false,
                    {{"zone", "EST", protocol::config_set}, {"owner", {}, protocol::config_delete}},
                    "another"}));
  EXPECT_EQ(fact.database.descriptor.comment, "another");
  EXPECT_EQ(fact.database.descriptor.custom_properties, (protocol::Properties{{"zone", "EST"}}));
  EXPECT_EQ(fact.database.created_at, 1);
  EXPECT_EQ(fact.database.modified_at, now);
  const auto kept = fact_of<DatabaseAltered>(
      decide_on(AlterDatabase{"nyc", false, {{"zone", "EST", protocol::config_set}}, {}}));
  EXPECT_EQ(kept.database.descriptor.comment, "the city");
  EXPECT_TRUE(is_nothing(decide_on(AlterDatabase{"nyc", false, {}, "the city"})));
  EXPECT_TRUE(is_nothing(decide_on(AlterDatabase{"nowhere", true, {}, "x"})));
  EXPECT_EQ(code_of(decide_on(AlterDatabase{"nowhere", false, {}, "x"})),
            ErrorCode::database_not_exist);
}

TEST(ServerTags, AreGivenAndTakenAllOrNone) {
  Catalog catalog = catalog_with_table();
  const auto added = fact_of<ServersTagged>(decide_on(catalog, TagServers{{1, 2}, 0, false}));
  EXPECT_EQ(added.nodes, (std::vector<NodeId>{NodeId{1}, NodeId{2}}));
  EXPECT_EQ(added.tag, ServerTag::permanent_offline);
  catalog.apply(added);
  EXPECT_TRUE(is_nothing(decide_on(catalog, TagServers{{1}, 0, false})));
  EXPECT_EQ(code_of(decide_on(catalog, TagServers{{0, 1}, 1, false})),
            ErrorCode::sever_tag_already_exist_exception);
  EXPECT_EQ(code_of(decide_on(catalog, TagServers{{0, 9}, 0, false})),
            ErrorCode::server_not_exist_exception);
  EXPECT_EQ(code_of(decide_on(catalog, TagServers{{1}, 1, true})),
            ErrorCode::sever_tag_not_exist_exception);
  EXPECT_EQ(code_of(decide_on(catalog, TagServers{{9}, 0, true})),
            ErrorCode::server_not_exist_exception);
  EXPECT_EQ(code_of(decide_on(catalog, TagServers{{1}, 2, false})),
            ErrorCode::unknown_server_error);
  const auto removed = fact_of<ServersTagged>(decide_on(catalog, TagServers{{0, 1}, 0, true}));
  EXPECT_EQ(removed.nodes, std::vector<NodeId>{NodeId{1}});
  EXPECT_FALSE(removed.tag);
  catalog.apply(removed);
  EXPECT_EQ(catalog.server_tags(),
            (std::map<NodeId, ServerTag>{{NodeId{2}, ServerTag::permanent_offline}}));
}

}  // namespace
}  // namespace millrace::coordinator
