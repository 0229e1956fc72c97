#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "client/row_spreader.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::client {
namespace {

using Values = std::vector<std::string>;

/// id BIGINT, region STRING, day DATE.
protocol::TableDescriptor table_by(Values keys) {
  protocol::TableDescriptor table;
  for (const auto& [name, type] :
       {std::pair{"id", "BIGINT"}, {"region", "STRING"}, {"day", "DATE"}}) {
    protocol::Column column;
    column.name = name;
    column.type = *protocol::parse_sql_type(type);
    table.schema.columns.push_back(std::move(column));
  }
  protocol::assign_field_ids(table.schema);
  table.partition_keys = std::move(keys);
  return table;
}

std::shared_ptr<arrow::RecordBatch> batch_of(const protocol::TableDescriptor& table,
                                             const std::string& json) {
  const auto type = arrow::struct_(protocol::to_arrow(table.schema)->fields());
  const auto structs = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(structs).ValueOrDie();
}

TEST(PartitionRows, RowsGoWhereTheirValuesSayAndKeepTheirOrder) {
  const auto table = table_by({"day", "region"});
  const auto parts = split_by_partition(
      table, batch_of(table, R"([[1, "b", 0], [2, "a", 0], [3, "b", 0], [4, "b", 20059]])"));
  ASSERT_TRUE(parts.has_value()) << parts.error().message;
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_EQ(parts->at(0).values, (Values{"1970-01-01", "a"}));
  EXPECT_EQ(parts->at(1).values, (Values{"1970-01-01", "b"}));
  EXPECT_EQ(parts->at(2).values, (Values{"2024-12-02", "b"}));
  EXPECT_TRUE(parts->at(1).rows->Equals(*batch_of(table, R"([[1, "b", 0], [3, "b", 0]])")));
}

TEST(PartitionRows, ABatchOfOnePartitionIsNotCopied) {
  const auto table = table_by({"region"});
  const auto batch = batch_of(table, R"([[1, "a", 0], [2, "a", 1]])");
  const auto parts = split_by_partition(table, batch);
  ASSERT_TRUE(parts.has_value());
  ASSERT_EQ(parts->size(), 1U);
  EXPECT_EQ(parts->at(0).rows, batch);
}

TEST(PartitionRows, ValuesThatNameNoPartitionAreRefusedWithTheirRow) {
  const auto table = table_by({"region"});
  for (const char* row :
       {R"([5, null, 0])", R"([5, "", 0])", R"([5, "a$b", 0])", R"([5, "..", 0])"}) {
    const auto parts =
        split_by_partition(table, batch_of(table, std::string(R"([[1, "a", 0], )") + row + "]"));
    ASSERT_FALSE(parts.has_value()) << row;
    EXPECT_EQ(parts.error().code, Errc::malformed);
    EXPECT_NE(parts.error().message.find("row 1"), std::string::npos) << parts.error().message;
  }
}

}  // namespace
}  // namespace millrace::client
