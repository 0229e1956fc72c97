#include "apps/demo/live_tail.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

namespace millrace::demo {
namespace {

TEST(RenumberedRow, OneRowUnderAnotherNumber) {
  arrow::Int64Builder builder;
  ASSERT_TRUE(builder.AppendValues({1, 2, 3}).ok());
  const auto numbers = builder.Finish().ValueOrDie();
  const auto rows = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("year", arrow::int64()), arrow::field("flight", arrow::int64())}),
      3, {numbers, numbers});
  const auto row = renumbered_row(*rows, 1, 900).value();
  ASSERT_EQ(row->num_rows(), 1);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*row->column(0)).Value(0), 2);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*row->column(1)).Value(0), 900);
  EXPECT_FALSE(renumbered_row(*rows->RemoveColumn(1).ValueOrDie(), 0, 900));
}

}  // namespace
}  // namespace millrace::demo
