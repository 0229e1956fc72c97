#include "protocol/data_type.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "protocol/table_descriptor.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

TEST(DataType, RootNamesAreTheProtocols) {
  for (int i = 0; i <= static_cast<int>(TypeRoot::row); ++i) {
    const auto root = static_cast<TypeRoot>(i);
    EXPECT_EQ(find_type_root(name_of(root)), root);
  }
  EXPECT_EQ(name_of(TypeRoot::integer), "INTEGER");
  EXPECT_EQ(name_of(TypeRoot::time), "TIME_WITHOUT_TIME_ZONE");
  EXPECT_EQ(name_of(TypeRoot::timestamp_ltz), "TIMESTAMP_WITH_LOCAL_TIME_ZONE");
  EXPECT_FALSE(find_type_root("INT"));
}

TEST(DataType, SqlTextRoundTrips) {
  for (const std::string text : {"BOOLEAN",
                                 "TINYINT NOT NULL",
                                 "SMALLINT",
                                 "INT",
                                 "BIGINT",
                                 "FLOAT",
                                 "DOUBLE",
                                 "CHAR(5)",
                                 "STRING NOT NULL",
                                 "BINARY(3)",
                                 "BYTES",
                                 "DECIMAL(10, 2) NOT NULL",
                                 "DATE",
                                 "TIME(0)",
                                 "TIMESTAMP(3)",
                                 "TIMESTAMP_LTZ(9)",
                                 "ARRAY<INT NOT NULL>",
                                 "MAP<STRING NOT NULL, ARRAY<INT>> NOT NULL",
                                 "ROW<x INT, `odd ``name` STRING>",
                                 "ROW<>"}) {
    const auto type = parse_sql_type(text);
    ASSERT_TRUE(type) << text << ": " << type.error().message;
    EXPECT_EQ(to_string(*type), text);
    const auto from_json = parse_data_type_json(to_json(*type));
    ASSERT_TRUE(from_json) << text << ": " << from_json.error().message;
    EXPECT_EQ(*from_json, *type);
  }
}

TEST(DataType, SqlTextMayBeSloppyAndLeaveDefaultsOut) {
  const auto text_of = [](std::string_view text) {
    const auto type = parse_sql_type(text);
    return type ? to_string(*type) : "error: " + type.error().message;
  };
  EXPECT_EQ(text_of("  integer not   null "), "INT NOT NULL");
  EXPECT_EQ(text_of("int null"), "INT");
  EXPECT_EQ(text_of("decimal"), "DECIMAL(10, 0)");
  EXPECT_EQ(text_of("decimal(5)"), "DECIMAL(5, 0)");
  EXPECT_EQ(text_of("Timestamp"), "TIMESTAMP(6)");
  EXPECT_EQ(text_of("time"), "TIME(0)");
  EXPECT_EQ(text_of("char"), "CHAR(1)");
  EXPECT_EQ(text_of("row<A int,b map<string,int>>"), "ROW<A INT, b MAP<STRING, INT>>");
}

TEST(DataType, SqlTextThatIsNoTypeIsRefused) {
  for (const std::string text : {"",
                                 "INTT",
                                 "INT INT",
                                 "INT NOT",
                                 "CHAR(0)",
                                 "CHAR(-1)",
                                 "CHAR(99999999999)",
                                 "INT(3)",
                                 "DECIMAL(39, 0)",
                                 "DECIMAL(5, 6)",
                                 "DECIMAL(5, 2",
                                 "TIMESTAMP(10)",
                                 "ARRAY",
                                 "ARRAY<>",
                                 "ARRAY<INT, INT>",
                                 "MAP<INT>",
                                 "MAP<INT, INT, INT>",
                                 "ROW<INT>",
                                 "ROW<`a INT>",
                                 "ARRAY<INT",
                                 "STRING,"}) {
    const auto type = parse_sql_type(text);
    ASSERT_FALSE(type) << text;
    EXPECT_EQ(type.error().code, ErrorCode::invalid_table_exception) << text;
  }
}

TEST(DataType, NestingIsBounded) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 1; i < depth; ++i) text += "ARRAY<";
    return text + "INT" + std::string(static_cast<std::size_t>(depth - 1), '>');
  };
  EXPECT_TRUE(parse_sql_type(nested(type_depth_max)));
  EXPECT_FALSE(parse_sql_type(nested(type_depth_max + 1)));
  EXPECT_FALSE(parse_sql_type(nested(100'000)));
  const auto deepest = parse_sql_type(nested(type_depth_max));
  EXPECT_EQ(parse_data_type_json(to_json(*deepest)), deepest);
}

// Source: Fluss data types: nullable is written only when false.
TEST(DataType, JsonIsTheProtocols) {
  const auto json_of = [](std::string_view text) { return to_json(*parse_sql_type(text)); };
  EXPECT_EQ(json_of("INT"), R"({"type":"INTEGER"})");
  EXPECT_EQ(json_of("INT NOT NULL"), R"({"type":"INTEGER","nullable":false})");
  EXPECT_EQ(json_of("CHAR(5)"), R"({"type":"CHAR","length":5})");
  EXPECT_EQ(json_of("DECIMAL(10, 2)"), R"({"type":"DECIMAL","precision":10,"scale":2})");
  EXPECT_EQ(json_of("TIMESTAMP(3)"), R"({"type":"TIMESTAMP_WITHOUT_TIME_ZONE","precision":3})");
  EXPECT_EQ(json_of("ARRAY<INT NOT NULL>"),
            R"({"type":"ARRAY","element_type":{"type":"INTEGER","nullable":false}})");
  EXPECT_EQ(json_of("MAP<STRING, INT>"),
            R"({"type":"MAP","key_type":{"type":"STRING"},"value_type":{"type":"INTEGER"}})");
  EXPECT_EQ(
      json_of("ROW<x INT>"),
      R"({"type":"ROW","fields":[{"name":"x","field_type":{"type":"INTEGER"},"field_id":-1}]})");
}

TEST(DataType, JsonThatIsNoTypeIsRefused) {
  for (const std::string text :
       {"", "{", "[]", "{}", "null", R"({"type":"INT"})", R"({"type":3})",
        R"({"type":"INTEGER","nullable":"false"})", R"({"type":"CHAR"})",
        R"({"type":"CHAR","length":0})", R"({"type":"CHAR","length":1.5})",
        R"({"type":"CHAR","length":18446744073709551615})",
        R"({"type":"CHAR","length":-9223372036854775808})", R"({"type":"DECIMAL","precision":39})",
        R"({"type":"ARRAY"})", R"({"type":"MAP","key_type":{"type":"INTEGER"}})",
        R"({"type":"ROW"})", R"({"type":"ROW","fields":[{"field_type":{"type":"INTEGER"}}]})",
        R"({"type":"ROW","fields":[7]})"}) {
    EXPECT_FALSE(parse_data_type_json(text)) << text;
  }
}

TEST(Mutations, OfSqlTypesNeverCrash) {
  const Buffer text = Buffer::from(
      std::string("ROW<a DECIMAL(10, 2) NOT NULL, `b c` MAP<STRING, ARRAY<TIMESTAMP(3)>>>"));
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto type = parse_sql_type(mutate(text, random).text());
    if (!type) continue;
    EXPECT_EQ(parse_sql_type(to_string(*type)), type);
  }
}

}  // namespace
}  // namespace millrace::protocol
