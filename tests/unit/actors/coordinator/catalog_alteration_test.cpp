// Facts of altering: what they make of a catalog, and that they outlive the store.
#include <gtest/gtest.h>

#include "state/meta/catalog/catalog_codec.hpp"
#include "tests/unit/actors/coordinator/commands.hpp"

namespace millrace::coordinator {
namespace {

constexpr TableId flights{3};

TableInfo flights_table() {
  TableInfo table;
  table.id = flights;
  table.database = "fluss";
  table.name = "flights";
  table.descriptor = log_table();
  table.buckets = {{NodeId{1}, LeaderEpoch{0}, {NodeId{1}}}};
  return table;
}

TableAltered with_column(const TableInfo& table, const std::string& name) {
  TableAltered fact{table.id, table.schema_id + 1, table.descriptor, 99};
  protocol::append_column(fact.descriptor.schema,
                          {name, *protocol::parse_sql_type("BIGINT"), {}, -1, {}});
  return fact;
}

Catalog altered_catalog() {
  Catalog catalog;
  catalog.apply(DatabaseCreated{{"fluss", {}, 1, 1}});
  catalog.apply(TableCreated{flights_table()});
  catalog.apply(with_column(*catalog.find_table(flights), "a"));
  catalog.apply(with_column(*catalog.find_table(flights), "b"));
  catalog.apply(ServersTagged{{NodeId{1}, NodeId{2}}, ServerTag::temporary_offline});
  catalog.apply(ClusterConfigsChanged{{{"kv.snapshot.interval", "1min"}, {"a", ""}}});
  return catalog;
}

TEST(CatalogAlteration, EverySchemaStaysKnownByItsId) {
  const Catalog catalog = altered_catalog();
  const auto table = catalog.find_table(flights);
  EXPECT_EQ(table->schema_id, 3);
  EXPECT_EQ(table->modified_at, 99);
  EXPECT_EQ(table->find_schema(0), nullptr);
  EXPECT_EQ(table->find_schema(-1), nullptr);
  EXPECT_EQ(table->find_schema(4), nullptr);
  for (std::int32_t id = 1; id <= 3; ++id) {
    ASSERT_NE(table->find_schema(id), nullptr);
    EXPECT_EQ(table->find_schema(id)->columns.size(), static_cast<std::size_t>(id) + 1);
  }
  EXPECT_EQ(catalog.find_table("fluss", "flights"), table);
}

TEST(CatalogAlteration, PropertiesAloneMakeNoSchema) {
  Catalog catalog = altered_catalog();
  TableAltered fact{flights, 3, catalog.find_table(flights)->descriptor, 100};
  fact.descriptor.custom_properties["k"] = "v";
  catalog.apply(fact);
  EXPECT_EQ(catalog.find_table(flights)->older_schemas.size(), 2U);
  EXPECT_EQ(catalog.find_table(flights)->descriptor.custom_properties.at("k"), "v");
}

TEST(CatalogAlteration, FactsAboutWhatIsGoneAreIgnored) {
  Catalog catalog;
  const Catalog before = catalog;
  catalog.apply(with_column(flights_table(), "a"));
  catalog.apply(DatabaseAltered{{"nowhere", {}, 1, 2}});
  EXPECT_EQ(catalog, before);
}

TEST(CatalogAlteration, OverridesAndTagsAreTakenBack) {
  Catalog catalog = altered_catalog();
  catalog.apply(ServersTagged{{NodeId{1}}, std::nullopt});
  catalog.apply(ClusterConfigsChanged{{{"a", std::nullopt}, {"b", "2"}}});
  EXPECT_EQ(catalog.server_tags(),
            (std::map<NodeId, ServerTag>{{NodeId{2}, ServerTag::temporary_offline}}));
  EXPECT_EQ(catalog.cluster_configs(),
            (protocol::Properties{{"b", "2"}, {"kv.snapshot.interval", "1min"}}));
}

TEST(CatalogAlteration, FactsAndImagesAreStoredWhole) {
  DatabaseInfo database{"fluss", {}, 1, 7};
  database.descriptor.comment = "c";
  database.descriptor.custom_properties = {{"k", "v"}};
  const std::vector<CatalogDelta> facts{
      with_column(flights_table(), "a"),
      DatabaseAltered{database},
      ServersTagged{{NodeId{0}, NodeId{4}}, ServerTag::permanent_offline},
      ServersTagged{{NodeId{4}}, std::nullopt},
      ClusterConfigsChanged{{{"x", std::string("a\0b", 3)}, {"y", std::nullopt}, {"z", ""}}},
      NodeStarted{NodeId{4}, StartId{9}},
      OfficeTaken{NodeId{4}, Incarnation{9}, CoordinatorEpoch{7}},
      LeadershipsChanged{
          {{{TableId{3}, BucketIndex{1}, PartitionId{2}},
            no_node,
            LeaderEpoch{4},
            9,
            {NodeId{1}},
            {NodeId{2}, NodeId{0}},
            Revision{77}},
           {{TableId{4}, BucketIndex{0}}, NodeId{1}, LeaderEpoch{0}, 1, {}, {}, {}}}},
  };
  for (const CatalogDelta& fact : facts) {
    const auto read = decode_delta(encode_delta(fact));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(*read, fact) << fact.index();
  }
  const Catalog catalog = altered_catalog();
  const auto image = decode_catalog(encode_catalog(catalog));
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(*image, catalog);
  EXPECT_NE(*image, Catalog());
}

}  // namespace
}  // namespace millrace::coordinator
