#include "protocol/table_descriptor.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "protocol/names.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

Column column(std::string name, std::string_view type) {
  Column column;
  column.name = std::move(name);
  column.type = *parse_sql_type(type);
  return column;
}

/// A log table with the given columns, ids assigned.
TableDescriptor table_of(std::vector<Column> columns) {
  TableDescriptor table;
  table.schema.columns = std::move(columns);
  assign_field_ids(table.schema);
  return table;
}

// Source: Fluss table JSON: key order, what is left out, what is always there.
constexpr std::string_view full_json =
    R"({"version":1,"schema":{"version":1,"columns":[)"
    R"({"name":"id","data_type":{"type":"INTEGER","nullable":false},"comment":"the key","id":0},)"
    R"({"name":"total","data_type":{"type":"BIGINT"},)"
    R"("agg_function":{"type":"listagg","parameters":{"delimiter":";"}},"id":1},)"
    R"({"name":"dt","data_type":{"type":"STRING","nullable":false},"id":2}],)"
    R"("primary_key":["id","dt"],"auto_increment_column":["seq"],"highest_field_id":3},)"
    R"("comment":"a table","partition_key":["dt"],"bucket_key":["id"],"bucket_count":3,)"
    R"("properties":{"table.replication.factor":"1"},"custom_properties":{"k":"v"}})";

TEST(TableJson, ReadsAndWritesEveryPart) {
  const auto table = parse_table_json(full_json);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->comment, "a table");
  EXPECT_EQ(table->partition_keys, std::vector<std::string>{"dt"});
  EXPECT_EQ(table->bucket_keys, std::vector<std::string>{"id"});
  EXPECT_EQ(table->bucket_count, 3);
  EXPECT_EQ(table->properties.at("table.replication.factor"), "1");
  EXPECT_EQ(table->custom_properties.at("k"), "v");
  ASSERT_EQ(table->schema.columns.size(), 3U);
  EXPECT_EQ(table->schema.columns[0].comment, "the key");
  EXPECT_EQ(table->schema.columns[1].agg_function,
            R"({"type":"listagg","parameters":{"delimiter":";"}})");
  EXPECT_EQ(table->schema.highest_field_id, 3);
  EXPECT_EQ(to_json(*table), full_json);
}

TEST(TableJson, TheSmallestTable) {
  const auto table = parse_table_json(
      R"({"schema":{"columns":[{"name":"a","data_type":{"type":"INTEGER"}}]},)"
      R"("partition_key":[],"properties":{},"custom_properties":{},"unknown":[1,{}]})");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_FALSE(table->bucket_keys);
  EXPECT_FALSE(table->bucket_count);
  EXPECT_EQ(to_json(*table),
            R"({"version":1,"schema":{"version":1,"columns":[)"
            R"({"name":"a","data_type":{"type":"INTEGER"},"id":0}],"highest_field_id":0},)"
            R"("partition_key":[],"properties":{},"custom_properties":{}})");
}

TEST(TableJson, WhatIsRequiredIsRequired) {
  const std::string schema = R"("schema":{"columns":[{"name":"a","data_type":{"type":"DATE"}}]})";
  const std::string rest = R"("partition_key":[],"properties":{},"custom_properties":{})";
  EXPECT_TRUE(parse_table_json("{" + schema + "," + rest + "}"));
  for (const std::string& text :
       {std::string("{}"), "{" + rest + "}", "{" + schema + "}",
        "{" + schema + R"(,"properties":{},"custom_properties":{}})",
        "{" + schema + R"(,"partition_key":[],"custom_properties":{}})",
        "{" + schema + R"(,"partition_key":[],"properties":{}})",
        "{" + schema + "," + rest + R"(,"bucket_count":3})",
        "{" + schema + "," + rest + R"(,"bucket_key":[],"bucket_count":"3"})",
        "{" + schema + "," + rest + R"(,"bucket_key":[1]})",
        "{" + schema + R"(,"partition_key":[],"properties":{"a":1},"custom_properties":{}})",
        std::string("\xff\xfe"), std::string("{\"a\":\"\xff\"}")}) {
    const auto table = parse_table_json(text);
    ASSERT_FALSE(table) << text;
    EXPECT_EQ(table.error().code, ErrorCode::invalid_table_exception) << text;
  }
}

TEST(TableJson, SizeAndNestingAreBounded) {
  EXPECT_FALSE(parse_table_json(std::string(1'000'000, '[')));
  EXPECT_FALSE(parse_table_json(R"({"x":)" + std::string(200, '[') + std::string(200, ']') + "}"));
  EXPECT_FALSE(parse_table_json("{\"x\":\"" + std::string(std::size_t{3} << 20, 'x') + "\"}"));
}

TEST(SchemaJson, ColumnsWithoutIdsGetTheirPositions) {
  const auto schema =
      parse_schema_json(R"({"columns":[{"name":"a","data_type":{"type":"ROW","fields":[)"
                        R"({"name":"x","field_type":{"type":"DATE"},"field_id":0}]}},)"
                        R"({"name":"b","data_type":{"type":"DATE"},"id":-1}]})");
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(schema->columns[0].id, 0);
  EXPECT_EQ(schema->columns[0].type.children[0].id, -1);
  EXPECT_EQ(schema->columns[1].id, 1);
  EXPECT_EQ(schema->highest_field_id, 1);
}

TEST(SchemaJson, IdsAreAllOrNoneAndUnique) {
  const auto parses = [](const std::string& a, const std::string& b, const std::string& rest) {
    return parse_schema_json(R"({"columns":[{"name":"a","data_type":{"type":"DATE"})" + a +
                             R"(},{"name":"b","data_type":{"type":"ROW","fields":[{"name":"x",)" +
                             R"("field_type":{"type":"DATE"},"field_id":5}]})" + b + "}]" + rest +
                             "}")
        .has_value();
  };
  EXPECT_TRUE(parses(R"(,"id":0)", R"(,"id":1)", ""));
  EXPECT_TRUE(parses(R"(,"id":0)", R"(,"id":1)", R"(,"highest_field_id":5)"));
  EXPECT_TRUE(parses(R"(,"id":7)", R"(,"id":1)", R"(,"highest_field_id":9)"));
  EXPECT_FALSE(parses(R"(,"id":0)", R"(,"id":1)", R"(,"highest_field_id":4)"));
  EXPECT_FALSE(parses(R"(,"id":0)", "", ""));
  EXPECT_FALSE(parses(R"(,"id":1)", R"(,"id":1)", ""));
  EXPECT_FALSE(parses(R"(,"id":5)", R"(,"id":1)", ""));
  EXPECT_FALSE(parses(R"(,"id":-2)", R"(,"id":1)", ""));
}

// Source: Fluss client builder: a column, then its nested ROW fields in pre-order, one counter.
TEST(SchemaJson, AssignedIdsRunThroughNestedFields) {
  auto table = table_of({column("a", "INT"), column("b", "ROW<x INT, y ROW<z INT>, w INT>"),
                         column("c", "ARRAY<ROW<u INT>>"), column("d", "INT")});
  const auto& columns = table.schema.columns;
  EXPECT_EQ(columns[0].id, 0);
  EXPECT_EQ(columns[1].id, 1);
  EXPECT_EQ(columns[1].type.children[0].id, 2);
  EXPECT_EQ(columns[1].type.children[1].id, 3);
  EXPECT_EQ(columns[1].type.children[1].type.children[0].id, 4);
  EXPECT_EQ(columns[1].type.children[2].id, 5);
  EXPECT_EQ(columns[2].id, 6);
  EXPECT_EQ(columns[2].type.children[0].type.children[0].id, 7);
  EXPECT_EQ(columns[3].id, 8);
  EXPECT_EQ(table.schema.highest_field_id, 8);
  EXPECT_EQ(parse_schema_json(to_json(table.schema)), table.schema);
}

TEST(SchemaJson, PrimaryKeyColumnsBecomeNotNull) {
  const auto schema =
      parse_schema_json(R"({"columns":[{"name":"a","data_type":{"type":"DATE"}},)"
                        R"({"name":"b","data_type":{"type":"DATE"}}],"primary_key":["b"]})");
  ASSERT_TRUE(schema);
  EXPECT_TRUE(schema->columns[0].type.nullable);
  EXPECT_FALSE(schema->columns[1].type.nullable);
}

TEST(SchemaJson, AggregationsAreNormalizedAndUnknownOnesDropped) {
  const auto read = [](const std::string& function) {
    const auto schema =
        parse_schema_json(R"({"columns":[{"name":"a","data_type":{"type":"DATE"},"agg_function":)" +
                          function + "}]}");
    if (!schema) return "error: " + schema.error().message;
    return schema->columns[0].agg_function.value_or("none");
  };
  EXPECT_EQ(read(R"({"type":"LAST-VALUE"})"), R"({"type":"last_value"})");
  EXPECT_EQ(read(R"({"type":"sum","parameters":{}})"), R"({"type":"sum"})");
  EXPECT_EQ(read(R"({"type":"median"})"), "none");
  EXPECT_TRUE(read(R"("sum")").starts_with("error"));
}

TEST(DatabaseJson, RoundTrips) {
  const std::string json = R"({"version":1,"comment":"all of 2013","custom_properties":{"a":"b"}})";
  const auto database = parse_database_json(json);
  ASSERT_TRUE(database);
  EXPECT_EQ(database->comment, "all of 2013");
  EXPECT_EQ(to_json(*database), json);
  EXPECT_EQ(to_json(DatabaseDescriptor{}), R"({"version":1,"custom_properties":{}})");
  EXPECT_EQ(parse_database_json("{}").error().code, ErrorCode::invalid_database_exception);
}

TEST(Names, FollowTheProtocol) {
  for (const std::string name : {"a", "nyc", "A-b_9", "__x", "..."}) {
    EXPECT_EQ(why_bad_name(name).has_value(), name == "...") << name;
  }
  EXPECT_FALSE(why_bad_name(std::string(200, 'x')));
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a$b"),
        std::string("\xc3\xa9"), std::string("a\0b", 3), std::string(201, 'x')}) {
    EXPECT_TRUE(why_bad_name(name)) << name;
  }
  EXPECT_TRUE(is_reserved_name("__internal"));
  EXPECT_FALSE(is_reserved_name("_internal"));
  EXPECT_TRUE(is_reserved_column("_change_type"));
  EXPECT_FALSE(is_reserved_column("change_type"));
}

/// A primary-key table that breaks no rule: key (id, dt), partitioned by dt.
TableDescriptor good_table() {
  auto table = table_of({column("id", "INT NOT NULL"), column("dt", "STRING NOT NULL"),
                         column("seq", "BIGINT"), column("tags", "ARRAY<STRING>"),
                         column("price", "DECIMAL(5, 2) NOT NULL")});
  table.schema.primary_key = {"id", "dt"};
  table.schema.auto_increment = {"seq"};
  table.partition_keys = {"dt"};
  table.bucket_keys = std::vector<std::string>{"id"};
  table.bucket_count = 4;
  return table;
}

struct Rule {
  const char* name;
  void (*breaks)(TableDescriptor&);
};

TEST(DescriptorRules, EachOneIsChecked) {
  const Rule rules[] = {
      {"no columns", [](auto& t) { t = TableDescriptor{}; }},
      {"column twice", [](auto& t) { t.schema.columns[3].name = "seq"; }},
      {"reserved column", [](auto& t) { t.schema.columns[3].name = "__bucket"; }},
      {"bad type", [](auto& t) { t.schema.columns[4].type.scale = 9; }},
      {"primary key unknown",
       [](auto& t) {
         t.schema.primary_key = {"nope", "dt"};
       }},
      {"primary key twice",
       [](auto& t) {
         t.schema.primary_key = {"id", "dt", "id"};
       }},
      {"primary key nested",
       [](auto& t) {
         t.schema.primary_key = {"id", "dt", "tags"};
       }},
      {"primary key aggregated",
       [](auto& t) { t.schema.columns[0].agg_function = R"({"type":"sum"})"; }},
      {"two auto-increments",
       [](auto& t) {
         t.schema.auto_increment = {"seq", "id"};
       }},
      {"auto-increment unknown", [](auto& t) { t.schema.auto_increment = {"nope"}; }},
      {"auto-increment in key", [](auto& t) { t.schema.auto_increment = {"id"}; }},
      {"auto-increment type", [](auto& t) { t.schema.auto_increment = {"tags"}; }},
      {"auto-increment on a log table",
       [](auto& t) {
         t.schema.primary_key.clear();
         t.partition_keys.clear();
       }},
      {"partition key unknown", [](auto& t) { t.partition_keys = {"nope"}; }},
      {"partition key outside primary key", [](auto& t) { t.partition_keys = {"seq"}; }},
      {"partition key decimal",
       [](auto& t) {
         t.schema.primary_key = {"id", "price"};
         t.partition_keys = {"price"};
       }},
      {"bucket key unknown", [](auto& t) { t.bucket_keys = {{"nope"}}; }},
      {"bucket key twice",
       [](auto& t) {
         t.bucket_keys = {{"id", "id"}};
       }},
      {"bucket key is partition key", [](auto& t) { t.bucket_keys = {{"dt"}}; }},
      {"bucket key outside primary key", [](auto& t) { t.bucket_keys = {{"price"}}; }},
      {"bucket key nested", [](auto& t) { t.bucket_keys = {{"tags"}}; }},
      {"nothing to hash",
       [](auto& t) {
         t.bucket_keys.reset();
         t.schema.primary_key = {"dt"};
       }},
      {"no buckets", [](auto& t) { t.bucket_count = 0; }},
  };
  EXPECT_EQ(check_descriptor(good_table()), std::nullopt);
  for (const Rule& rule : rules) {
    SCOPED_TRACE(rule.name);
    auto table = good_table();
    rule.breaks(table);
    const auto error = check_descriptor(table);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::invalid_table_exception);
    EXPECT_FALSE(error->message.empty());
  }
}

TEST(DescriptorRules, ALogTableNeedsNoKeys) {
  auto table = table_of({column("a", "ARRAY<INT>")});
  EXPECT_EQ(check_descriptor(table), std::nullopt);
  table.bucket_keys = std::vector<std::string>{};
  table.bucket_count = 3;
  EXPECT_EQ(check_descriptor(table), std::nullopt);
}

TEST(Mutations, OfJsonNeverCrashAndWhatIsReadCanBeWritten) {
  const Buffer json = Buffer::from(std::string(full_json));
  std::size_t read = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto table = parse_table_json(mutate(json, random).text());
    if (!table) continue;
    ++read;
    (void)check_descriptor(*table);
    EXPECT_EQ(parse_table_json(to_json(*table)), table);
  }
  EXPECT_GT(read, 100U);  // Or the loop proved nothing.
}

}  // namespace
}  // namespace millrace::protocol
