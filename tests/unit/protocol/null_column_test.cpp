#include "protocol/null_column.hpp"

#include <arrow/array/util.h>
#include <gtest/gtest.h>

#include <numeric>

#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

Buffer joined(const std::vector<Buffer>& pieces) {
  std::string all;
  for (const Buffer& piece : pieces) all += piece.text();
  return Buffer::from(all);
}

/// (a INT) and, added to it, a column of each type.
struct Grown {
  Schema old = schema_of({{"a", "INT"}});
  Schema now;

  explicit Grown(const std::vector<std::string>& types) : now(old) {
    for (const std::string& type : types)
      append_column(now,
                    {"c" + std::to_string(now.columns.size()), *parse_sql_type(type), {}, -1, {}});
  }
};

TEST(NullColumn, ColumnsYoungerThanABatchAreNullsOfTheirTypeInEveryCodec) {
  std::vector<std::string> types = scalar_types();
  types.insert(types.end(), nested_types().begin(), nested_types().end());
  const Grown table(types);
  std::vector<std::int32_t> fields(table.now.columns.size());
  std::iota(fields.begin(), fields.end(), 0);
  for (const std::uint64_t rows : {1U, 7U, 8U, 1000U}) {
    Random random(rows);
    const auto written = random_rows(table.old, rows, random);
    for (const auto type :
         {CompressionType::none, CompressionType::lz4_frame, CompressionType::zstd}) {
      SCOPED_TRACE(rows);
      const Buffer batch = encode_batch(*written, {.compression = {.type = type}}).value();
      const auto plan = ProjectionPlan::make(table.old, table.now, fields).value();
      const auto pieces = project(batch, plan);
      ASSERT_TRUE(pieces.has_value()) << pieces.error().message;
      const auto read = decode_batch(joined(*pieces), to_arrow(table.now));
      ASSERT_TRUE(read.has_value()) << read.error().message;
      EXPECT_TRUE((*read)->column(0)->Equals(written->column(0)));
      for (int i = 1; i < (*read)->num_columns(); ++i) {
        const auto nulls =
            arrow::MakeArrayOfNull((*read)->column(i)->type(), static_cast<std::int64_t>(rows));
        EXPECT_TRUE((*read)->column(i)->Equals(*nulls))
            << table.now.columns[static_cast<std::size_t>(i)].name;
      }
    }
  }
}

TEST(NullColumn, ColumnsThatTheBatchHasComeFirst) {
  const Grown table({"STRING", "BIGINT"});
  Random random(1);
  const Buffer batch = encode_batch(*random_rows(table.old, 3, random), {}).value();
  using Fields = std::vector<std::int32_t>;
  const auto none = ProjectionPlan::make(table.old, table.now, Fields{2}).value();
  EXPECT_TRUE(none.fields().empty());
  ASSERT_EQ(none.absent().size(), 1U);
  const auto read = decode_batch(joined(*project(batch, none)), to_arrow(table.now, Fields{2}));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ((*read)->column(0)->null_count(), 3);
  EXPECT_FALSE(ProjectionPlan::make(table.old, table.now, Fields{3}).has_value());
  EXPECT_FALSE(ProjectionPlan::make(table.old, table.now, Fields{2, 1}).has_value());
}

TEST(NullColumn, MoreThanItsBoundIsRefused) {
  const auto type = parse_sql_type("BINARY(2000000)").value();
  std::size_t room = null_columns_bytes_max;
  const auto fits = null_column(type, 30, CompressionType::zstd, room);
  ASSERT_TRUE(fits.has_value()) << fits.error().message;
  EXPECT_LT(fits->buffers.back().size(), 100'000U);  // Zeros take little room on the wire.
  // The next column of the same message has what is left.
  EXPECT_EQ(null_column(type, 30, CompressionType::zstd, room).error().code, Errc::overloaded);
  room = null_columns_bytes_max;
  EXPECT_EQ(null_column(type, 40, CompressionType::zstd, room).error().code, Errc::overloaded);
  room = null_columns_bytes_max;
  EXPECT_EQ(null_column(type, std::int64_t{1} << 40, CompressionType::none, room).error().code,
            Errc::overloaded);
}

}  // namespace
}  // namespace millrace::protocol
