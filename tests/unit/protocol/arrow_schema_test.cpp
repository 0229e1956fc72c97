#include "protocol/arrow_schema.hpp"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

TEST(ArrowSchema, EveryColumnTypeHasTheArrowTypeThatPeersExpect) {
  const std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>> expected = {
      {"BOOLEAN", arrow::boolean()},
      {"TINYINT", arrow::int8()},
      {"SMALLINT", arrow::int16()},
      {"INT", arrow::int32()},
      {"BIGINT", arrow::int64()},
      {"FLOAT", arrow::float32()},
      {"DOUBLE", arrow::float64()},
      {"CHAR(5)", arrow::utf8()},
      {"STRING", arrow::utf8()},
      {"BINARY(3)", arrow::fixed_size_binary(3)},
      {"BYTES", arrow::binary()},
      {"DECIMAL(25, 5)", arrow::decimal128(25, 5)},
      {"DATE", arrow::date32()},
      {"TIME(0)", arrow::time32(arrow::TimeUnit::SECOND)},
      {"TIME(1)", arrow::time32(arrow::TimeUnit::MILLI)},
      {"TIME(4)", arrow::time64(arrow::TimeUnit::MICRO)},
      {"TIME(9)", arrow::time64(arrow::TimeUnit::NANO)},
      {"TIMESTAMP(0)", arrow::timestamp(arrow::TimeUnit::SECOND)},
      {"TIMESTAMP(3)", arrow::timestamp(arrow::TimeUnit::MILLI)},
      {"TIMESTAMP(6)", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"TIMESTAMP(7)", arrow::timestamp(arrow::TimeUnit::NANO)},
      {"TIMESTAMP_LTZ(2)", arrow::timestamp(arrow::TimeUnit::MILLI)},
      {"ARRAY<INT>", arrow::list(arrow::field("element", arrow::int32()))},
      {"MAP<STRING, INT>", arrow::map(arrow::utf8(), arrow::int32())},
      {"ROW<x INT, y STRING>",
       arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())})},
  };
  for (const auto& [sql, type] : expected) {
    const auto actual = to_arrow(parse_sql_type(sql).value());
    EXPECT_TRUE(actual->Equals(*type)) << sql << ": " << actual->ToString();
    EXPECT_TRUE(is_wire_type(*actual)) << sql;
  }
}

TEST(ArrowSchema, NullabilityAndNamesAreThoseOfTheColumns) {
  const auto schema =
      to_arrow(schema_of({{"id", "INT NOT NULL"}, {"tags", "ARRAY<INT NOT NULL>"}}));
  EXPECT_EQ(schema->field(0)->name(), "id");
  EXPECT_FALSE(schema->field(0)->nullable());
  EXPECT_TRUE(schema->field(1)->nullable());
  EXPECT_EQ(schema->field(1)->type()->field(0)->name(), "element");
  EXPECT_FALSE(schema->field(1)->type()->field(0)->nullable());
}

TEST(ArrowSchema, AProjectionKeepsTheNamedColumnsInTheirOrder) {
  const Schema schema = schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "DATE"}});
  const auto projected = to_arrow(schema, std::vector<std::int32_t>{0, 2});
  ASSERT_EQ(projected->num_fields(), 2);
  EXPECT_EQ(projected->field(0)->name(), "a");
  EXPECT_TRUE(projected->field(1)->type()->Equals(*arrow::date32()));
}

std::string column_type_of(const std::shared_ptr<arrow::DataType>& type) {
  const auto schema = from_arrow(*arrow::schema({arrow::field("c", type)}));
  return schema ? to_string(schema->columns[0].type) : schema.error().message;
}

TEST(FromArrow, TypesWithoutAnEqualAreWidened) {
  EXPECT_EQ(column_type_of(arrow::uint8()), "SMALLINT");
  EXPECT_EQ(column_type_of(arrow::uint16()), "INT");
  EXPECT_EQ(column_type_of(arrow::uint32()), "BIGINT");
  EXPECT_EQ(column_type_of(arrow::uint64()), "DECIMAL(20, 0)");
  EXPECT_EQ(column_type_of(arrow::float16()), "FLOAT");
  EXPECT_EQ(column_type_of(arrow::large_utf8()), "STRING");
  EXPECT_EQ(column_type_of(arrow::utf8_view()), "STRING");
  EXPECT_EQ(column_type_of(arrow::null()), "STRING");
  EXPECT_EQ(column_type_of(arrow::date64()), "DATE");
  EXPECT_EQ(column_type_of(arrow::dictionary(arrow::int32(), arrow::utf8())), "STRING");
  EXPECT_EQ(column_type_of(arrow::decimal256(38, 2)), "DECIMAL(38, 2)");
  EXPECT_EQ(column_type_of(arrow::timestamp(arrow::TimeUnit::MICRO)), "TIMESTAMP(6)");
  EXPECT_EQ(column_type_of(arrow::timestamp(arrow::TimeUnit::NANO, "UTC")), "TIMESTAMP_LTZ(9)");
  EXPECT_EQ(column_type_of(arrow::large_list(arrow::int8())), "ARRAY<TINYINT>");
}

TEST(FromArrow, TypesThatNoColumnHoldsAreRefusedByName) {
  for (const auto& type : {arrow::decimal256(50, 2), arrow::duration(arrow::TimeUnit::SECOND),
                           arrow::decimal128(10, -2), arrow::fixed_size_binary(0),
                           arrow::dense_union({arrow::field("u", arrow::int32())})}) {
    const auto schema = from_arrow(*arrow::schema({arrow::field("odd_one", type)}));
    ASSERT_FALSE(schema.has_value()) << type->ToString();
    EXPECT_EQ(schema.error().code, Errc::malformed);
    EXPECT_NE(schema.error().message.find("odd_one"), std::string::npos);
  }
}

TEST(FromArrow, BottomlessNestingIsRefused) {
  std::shared_ptr<arrow::DataType> type = arrow::int32();
  for (int i = 0; i < 100; ++i) type = arrow::list(type);
  EXPECT_FALSE(from_arrow(*arrow::schema({arrow::field("c", type)})).has_value());
}

TEST(FromArrow, ReadsBackWhatToArrowGives) {
  std::vector<ColumnText> columns;
  for (const auto& types : {scalar_types(), nested_types()}) {
    for (const std::string& type : types) {
      // CHAR and time zones do not travel; a BINARY(n) does.
      if (type.starts_with("CHAR") || type.starts_with("TIMESTAMP_LTZ")) continue;
      columns.emplace_back("c" + std::to_string(columns.size()), type);
    }
  }
  const Schema schema = schema_of(columns);
  const auto back = from_arrow(*to_arrow(schema));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  ASSERT_EQ(back->columns.size(), schema.columns.size());
  EXPECT_TRUE(to_arrow(*back)->Equals(*to_arrow(schema))) << to_arrow(*back)->ToString();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    // Arrow has no map with nullable keys.
    if (columns[i].second.starts_with("MAP")) continue;
    EXPECT_EQ(to_string(back->columns[i].type), to_string(schema.columns[i].type));
  }
}

}  // namespace
}  // namespace millrace::protocol
