#include "protocol/bucketing.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "protocol/java_text.hpp"
#include "protocol/partition_value.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

TableDescriptor table_with(const std::string& keys_type, const std::string& lake) {
  TableDescriptor table;
  table.schema = schema_of({{"other", "DOUBLE"}, {"key", keys_type}});
  table.bucket_count = 16;
  table.bucket_keys = {{"key"}};
  if (!lake.empty()) table.properties["table.datalake.format"] = lake;
  return table;
}

int bucket_of_one(const std::string& lake) {
  auto placement = RowPlacement::make(table_with("INT", lake), 16).value().value();
  EXPECT_EQ(placement.columns(), std::vector<std::size_t>{1});
  return placement.bucket_of(Cells{std::int64_t{1}}).value().value();
}

// Source: keys_buckets.json, key i, row 0.
TEST(RowPlacement, FollowsTheLakeOfTheTable) {
  EXPECT_EQ(bucket_of_one(""), 12);
  EXPECT_EQ(bucket_of_one("lance"), 12);
  EXPECT_EQ(bucket_of_one("PAIMON"), 14);
  EXPECT_EQ(bucket_of_one("iceberg"), 4);
  EXPECT_EQ(bucket_of_one("HUDI"), (31 + '1') % 16);
}

TEST(RowPlacement, TablesWithoutBucketKeysLeaveTheChoice) {
  TableDescriptor table = table_with("INT", "");
  table.bucket_keys.emplace();
  EXPECT_EQ(RowPlacement::make(table, 16).value(), std::nullopt);
  table.bucket_keys.reset();
  EXPECT_EQ(RowPlacement::make(table, 16).value(), std::nullopt);
}

TEST(RowPlacement, TypesThatALakeCannotHashAreRefused) {
  EXPECT_FALSE(RowPlacement::make(table_with("BOOLEAN", "iceberg"), 4));
  EXPECT_FALSE(RowPlacement::make(table_with("TIMESTAMP_LTZ(3)", "iceberg"), 4));
  EXPECT_FALSE(RowPlacement::make(table_with("BYTES", "hudi"), 4));
  EXPECT_TRUE(RowPlacement::make(table_with("BYTES", "paimon"), 4));
  TableDescriptor astray = table_with("INT", "");
  astray.bucket_keys = {{"no such column"}};
  EXPECT_FALSE(RowPlacement::make(astray, 4));
  TableDescriptor two = table_with("INT", "iceberg");
  two.bucket_keys = {{"key", "other"}};
  EXPECT_FALSE(RowPlacement::make(two, 4));
}

TEST(RowPlacement, NullsAreRefusedWhereAKeyCannotHoldThem) {
  for (const char* lake : {"", "iceberg"})
    EXPECT_FALSE(RowPlacement::make(table_with("INT", lake), 4).value()->bucket_of(Cells{Cell{}}));
  for (const char* lake : {"paimon", "hudi"})
    EXPECT_TRUE(RowPlacement::make(table_with("INT", lake), 4).value()->bucket_of(Cells{Cell{}}));
}

TEST(RowPlacement, TextsThatHudiCannotTellApartAreRefusedInLongerKeys) {
  TableDescriptor table = table_with("STRING", "hudi");
  const auto placed = [&](const TableDescriptor& in, const Cells& cells) {
    return RowPlacement::make(in, 4).value()->bucket_of(cells).has_value();
  };
  EXPECT_TRUE(placed(table, {bytes_of("a,b")}));
  table.bucket_keys = {{"key", "other"}};
  EXPECT_TRUE(placed(table, {bytes_of("a:b"), 1.0}));
  for (const char* text : {"a,b", "__null__", "__empty__"})
    EXPECT_FALSE(placed(table, {bytes_of(text), 1.0}));
}

TEST(RowPlacement, EveryKeyHasABucketOfTheTable) {
  Random random(1);
  for (const KeyEncoding encoding :
       {KeyEncoding::compacted, KeyEncoding::paimon, KeyEncoding::iceberg, KeyEncoding::hudi}) {
    for (int i = 0; i < 2000; ++i) {
      std::vector<std::byte> key(4 + random.below(9));
      for (std::byte& byte : key) byte = static_cast<std::byte>(random.below(256));
      const auto count = static_cast<std::int32_t>(1 + random.below(100));
      const std::int32_t bucket = bucket_of(encoding, key, count).value();
      EXPECT_GE(bucket, 0);
      EXPECT_LT(bucket, count);
    }
  }
}

TEST(JavaText, FloatsAreWrittenAsJavaWritesThem) {
  const std::vector<std::pair<double, std::string>> cases = {{0.0, "0.0"},
                                                             {-0.0, "-0.0"},
                                                             {1.0, "1.0"},
                                                             {100.0, "100.0"},
                                                             {1234567.0, "1234567.0"},
                                                             {9999999.0, "9999999.0"},
                                                             {1e7, "1.0E7"},
                                                             {12345678.5, "1.23456785E7"},
                                                             {0.001, "0.001"},
                                                             {0.00012, "1.2E-4"},
                                                             {0.0123, "0.0123"},
                                                             {-2.25, "-2.25"},
                                                             {1e300, "1.0E300"},
                                                             {4.9e-324, "4.9E-324"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(java_text(value), text);
  EXPECT_EQ(java_text(0.1F), "0.1");
  EXPECT_EQ(java_text(3.4028235e38F), "3.4028235E38");
  EXPECT_EQ(java_text(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(java_text(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(JavaText, DecimalsKeepTheirScale) {
  EXPECT_EQ(java_text(arrow::BasicDecimal128(std::int64_t{-5}), 2), "-0.05");
  EXPECT_EQ(java_text(arrow::BasicDecimal128(std::int64_t{0}), 8), "0.00000000");
  EXPECT_EQ(java_text(arrow::BasicDecimal128(std::int64_t{1200}), 0), "1200");
}

TEST(JavaText, MomentsLoseTrailingParts) {
  EXPECT_EQ(java_text(Timestamp{0, 0}), "1970-01-01T00:00");
  EXPECT_EQ(java_text(Timestamp{1000, 0}), "1970-01-01T00:00:01");
  EXPECT_EQ(java_text(Timestamp{-1, 0}), "1969-12-31T23:59:59.999");
  EXPECT_EQ(java_text(Timestamp{0, 1000}), "1970-01-01T00:00:00.000001");
  EXPECT_EQ(java_text(Timestamp{0, 1}), "1970-01-01T00:00:00.000000001");
  EXPECT_EQ(java_text(Timestamp{951'782'400'000, 0}), "2000-02-29T00:00");
  EXPECT_EQ(java_text(Timestamp{253'402'300'800'000, 0}), "+10000-01-01T00:00");
}

TEST(JavaText, HashesGoOverUtf16) {
  EXPECT_EQ(java_hash("hello"), 99162322U);
  EXPECT_EQ(java_hash("ü"), 0xfcU);
  EXPECT_EQ(java_hash("🚀"), 31U * 0xd83d + 0xde80);
  EXPECT_EQ(java_hash("\xff"), 0xfffdU);
  EXPECT_EQ(java_hash("\xe4\xbd"), java_hash("\xff\xff"));
}

TEST(PartitionValue, NullsAndOtherTypesAreRefused) {
  EXPECT_FALSE(partition_value_of(parse_sql_type("INT").value(), Cell{}));
  EXPECT_FALSE(partition_value_of(parse_sql_type("DECIMAL(3, 1)").value(),
                                  arrow::BasicDecimal128(std::int64_t{1})));
  EXPECT_FALSE(partition_value_of(parse_sql_type("ARRAY<INT>").value(), Bytes()));
}

}  // namespace
}  // namespace millrace::protocol
