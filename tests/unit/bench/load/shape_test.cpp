#include "bench/load/shape.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"

namespace millrace::bench {
namespace {

TEST(Shape, HasItsColumnsAndAboutItsBytes) {
  const auto bytes_per_row = [](Shape shape) {
    return static_cast<double>(logical_bytes(*make_rows(shape, 2000))) / 2000;
  };
  EXPECT_EQ(schema_of(Shape::narrow).columns.size(), 6U);
  EXPECT_EQ(schema_of(Shape::wide).columns.size(), 44U);
  EXPECT_NEAR(bytes_per_row(Shape::narrow), 100, 1);
  EXPECT_NEAR(bytes_per_row(Shape::wide), 400, 8);
}

TEST(Shape, RowsFitTheTableAndAreTheSameEveryTime) {
  for (const Shape shape : {Shape::narrow, Shape::wide}) {
    SCOPED_TRACE(name_of(shape));
    const auto rows = make_rows(shape, 300);
    EXPECT_TRUE(rows->schema()->Equals(*protocol::to_arrow(schema_of(shape))));
    EXPECT_TRUE(rows->ValidateFull().ok());
    EXPECT_TRUE(rows->Equals(*make_rows(shape, 300)));
    const auto& counted = static_cast<const arrow::Int64Array&>(*rows->column(0));
    EXPECT_EQ(counted.Value(0), 0);
    EXPECT_EQ(counted.Value(299), 299);
  }
}

TEST(Shape, RepeatsDoNotCompressAway) {
  // Incompressible text of 24 hexadecimal digits is 12 bytes of a row; numbers add to that.
  const auto batch = protocol::encode_batch(*make_rows(Shape::narrow, 60'000), {});
  ASSERT_TRUE(batch);
  EXPECT_GT(batch->size(), 60'000U * 20);
  EXPECT_LT(batch->size(), 60'000U * 50);
}

TEST(Shape, LogicalBytesAreThoseOfTheColumnsNamed) {
  const auto rows = make_rows(Shape::narrow, 10);
  EXPECT_EQ(logical_bytes(*rows, {0, 2}), 10U * (8 + 4));
  EXPECT_EQ(logical_bytes(*rows, {4}), 10U * 24);
  EXPECT_EQ(logical_bytes(*rows->Slice(3, 2), {4, 5}), 2U * (24 + 48));
}

TEST(Shape, IsKnownByItsColumns) {
  protocol::Schema schema = schema_of(Shape::narrow);
  EXPECT_TRUE(is_shaped(schema));
  EXPECT_TRUE(is_shaped(schema_of(Shape::wide)));
  schema.columns[5].name = "customer";
  EXPECT_FALSE(is_shaped(schema));
  schema.columns.pop_back();
  EXPECT_FALSE(is_shaped(schema));
}

TEST(Shape, ColumnsAreSpreadEvenly) {
  EXPECT_EQ(spread_columns(3, 44), (std::vector<int>{0, 14, 29}));
  EXPECT_EQ(spread_columns(1, 6), (std::vector<int>{0}));
  EXPECT_EQ(spread_columns(6, 6), (std::vector<int>{0, 1, 2, 3, 4, 5}));
}

TEST(Shape, IsNamedByItsWord) {
  EXPECT_EQ(parse_shape("wide"), Shape::wide);
  EXPECT_EQ(parse_shape("Wide").error().code, Errc::malformed);
}

}  // namespace
}  // namespace millrace::bench
