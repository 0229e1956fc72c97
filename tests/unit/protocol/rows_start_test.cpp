#include "protocol/rows_start.hpp"

#include <gtest/gtest.h>

#include "protocol/row_batch_codec.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/statistics_batch.hpp"

namespace millrace::protocol {
namespace {

// Where the magic lies, and its bit that tells the two layouts apart.
constexpr std::size_t at_magic = 12;

const Schema schema = schema_of({{"id", "INT"}, {"carrier", "STRING"}});

std::shared_ptr<arrow::RecordBatch> rows() {
  return rows_of(schema, {"[1, 2]", R"(["UA", "AA"])"});
}
Buffer plain() { return encode_batch(*rows(), {.schema_id = 1, .compression = {}}).value(); }

Buffer with_other_magic(const Buffer& batch) {
  std::vector<std::byte> bytes(batch.bytes().begin(), batch.bytes().end());
  bytes[at_magic] ^= std::byte{1};
  return Buffer::from(std::move(bytes));
}

Status check(const Buffer& batch) {
  return check_rows_start(parse_header(batch.bytes()).value(), batch.bytes());
}

TEST(RowsStart, BothLayoutsAreTold) {
  const Buffer statistics = with_statistics(plain(), statistics_block({{0, 0, 1, 2}}));
  for (const Buffer& sound : {plain(), statistics, with_statistics(plain(), {})}) {
    EXPECT_TRUE(check(sound).has_value());
    EXPECT_EQ(check(with_other_magic(sound)).error().code, Errc::malformed);
  }
}

TEST(RowsStart, ABatchOfRowsIsNoneWithStatistics) {
  for (const RowFormat format : {RowFormat::indexed, RowFormat::compacted}) {
    const Buffer batch =
        encode_row_batch(*rows(), schema, format, {.schema_id = 1, .compression = {}}).value();
    EXPECT_EQ(check(with_other_magic(batch)).error().code, Errc::malformed);
  }
}

TEST(RowsStart, WhatCannotBeReadIsToldAsItIs) {
  const Buffer batch = plain();
  const auto failed = check_rows_start(
      parse_header(batch.bytes()).value(),
      [](std::size_t, std::size_t) { return Result<Bytes>(fail(Errc::unavailable, "no disk")); });
  EXPECT_EQ(failed.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace millrace::protocol
