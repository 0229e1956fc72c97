#include "protocol/row_batch.hpp"

#include <gtest/gtest.h>

#include "base/endian.hpp"
#include "protocol/batch_check.hpp"
#include "protocol/row_batch_codec.hpp"
#include "protocol/row_codec.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

constexpr RowFormat formats[] = {RowFormat::indexed, RowFormat::compacted};

const std::vector<std::string>& more_types() {
  static const std::vector<std::string> types = {
      "DECIMAL(18, 4)",
      "DECIMAL(19, 1)",
      "DECIMAL(38, 5)",
      "TIME(5)",
      "TIMESTAMP(1)",
      "TIMESTAMP(4)",
      "TIMESTAMP(8)",
      "TIMESTAMP_LTZ(7)",
      "ARRAY<BOOLEAN>",
      "ARRAY<SMALLINT NOT NULL>",
      "ARRAY<BINARY(3)>",
      "ARRAY<CHAR(9)>",
      "ARRAY<FLOAT>",
      "ARRAY<DECIMAL(10, 2)>",
      "ARRAY<DECIMAL(25, 5)>",
      "ARRAY<TIMESTAMP(3)>",
      "ARRAY<TIMESTAMP_LTZ(9)>",
      "ARRAY<ARRAY<ARRAY<TIME(9)>>>",
      "MAP<TIMESTAMP(6), ROW<a DECIMAL(25, 5), b BYTES, c MAP<STRING, ARRAY<DATE>>>>",
      "ROW<a INT NOT NULL, b ROW<c CHAR(5), d ARRAY<ROW<e TINYINT, f DOUBLE>>> NOT NULL>"};
  return types;
}

/// Any type, a quarter of them NOT NULL.
Schema wide_schema(Random& random) {
  std::vector<ColumnText> columns;
  for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
    const std::vector<std::string>* const lists[] = {&scalar_types(), &nested_types(),
                                                     &more_types()};
    const auto& types = *lists[random.below(3)];
    columns.emplace_back("c" + std::to_string(i), types[random.below(types.size())] +
                                                      (random.chance(1, 4) ? " NOT NULL" : ""));
  }
  return schema_of(columns);
}

std::shared_ptr<arrow::RecordBatch> wide_rows(const Schema& schema, std::uint64_t count,
                                              Random& random) {
  std::vector<std::string> columns;
  for (const Column& column : schema.columns) {
    std::string json;
    for (std::uint64_t row = 0; row < count; ++row)
      json += (row == 0 ? "" : ",") + random_value(column.type, random);
    columns.push_back("[" + json + "]");
  }
  return rows_of(schema, columns);
}

Buffer encoded(const arrow::RecordBatch& rows, const Schema& schema, RowFormat format) {
  auto batch = encode_row_batch(rows, schema, format, {.schema_id = 3});
  EXPECT_TRUE(batch.has_value()) << batch.error().message;
  return batch ? *batch : Buffer();
}

LogFormat log_format(RowFormat format) {
  return format == RowFormat::indexed ? LogFormat::indexed : LogFormat::compacted;
}

TEST(RowBatch, RandomRowsOfEveryTypeComeBackAsTheyWere) {
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Schema schema = wide_schema(random);
    // A slice, so that no array starts at its buffers' front.
    const auto rows = wide_rows(schema, 3 + random.below(30), random)->Slice(2);
    for (const RowFormat format : formats) {
      const Buffer batch = encoded(*rows, schema, format);
      EXPECT_TRUE(verify_crc(batch.bytes()).has_value());
      const auto fine = BatchCheck(log_format(format), schema).check(batch);
      EXPECT_TRUE(fine.has_value()) << fine.error().message;
      const auto decoded = decode_row_batch(batch, schema, format);
      ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
      expect_same_rows(*decoded->rows, *rows);
      EXPECT_TRUE(decoded->changes.empty());
    }
  }
}

TEST(RowBatch, SomeColumnsCanBeDecodedAlone) {
  Random random(5);
  const Schema schema = schema_of({{"a", "ARRAY<STRING>"}, {"b", "INT"}, {"c", "STRING"}});
  const auto rows = random_rows(schema, 20, random);
  for (const RowFormat format : formats) {
    const auto decoded =
        decode_row_batch(encoded(*rows, schema, format), schema, format, std::vector{0, 2});
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    expect_same_rows(*decoded->rows, *rows->SelectColumns({0, 2}).ValueOrDie());
  }
}

TEST(RowBatch, ChangeTypesTravelWithTheirRows) {
  const Schema schema = schema_of({{"n", "INT"}});
  const auto rows = rows_of(schema, {"[1, 2, 3]"});
  const std::vector<ChangeType> changes = {ChangeType::insert, ChangeType::remove,
                                           ChangeType::update_after};
  for (const RowFormat format : formats) {
    const auto batch = encode_row_batch(*rows, schema, format, {.changes = changes}).value();
    EXPECT_FALSE(parse_whole_batch(batch.bytes())->append_only());
    EXPECT_EQ(decode_row_batch(batch, schema, format)->changes, changes);
  }
}

TEST(RowBatch, NoRowsAreAHeader) {
  const Schema schema = schema_of({{"n", "INT"}});
  for (const RowFormat format : formats) {
    const Buffer batch = encoded(*rows_of(schema, {"[]"}), schema, format);
    EXPECT_EQ(batch.size(), log_batch_header_size);
    EXPECT_TRUE(check_row_batch(batch, format, row_type_of(schema)).has_value());
    EXPECT_EQ(decode_row_batch(batch, schema, format)->rows->num_rows(), 0);
  }
}

/// An array of `outer` arrays, all of them the same `inner` integers at the same place.
std::vector<std::byte> shared_arrays(std::int32_t outer, std::int32_t inner) {
  const auto null_words = [](std::int32_t count) { return (count + 31) / 32; };
  const std::int32_t inner_size = 4 + 4 * null_words(inner) + 4 * inner;
  const std::int32_t inner_at = 4 + 4 * null_words(outer) + 8 * outer;
  std::vector<std::byte> bytes;
  append_le(bytes, outer);
  for (std::int32_t i = 0; i < null_words(outer); ++i) append_le(bytes, std::int32_t{0});
  for (std::int32_t i = 0; i < outer; ++i) {
    append_le(bytes, inner_size);
    append_le(bytes, inner_at);
  }
  append_le(bytes, inner);
  for (std::int32_t i = 0; i < null_words(inner) + inner; ++i) append_le(bytes, std::int32_t{0});
  return bytes;
}

TEST(RowBatch, ArraysThatShareTheirBytesAreRefused) {
  const DataType row = row_type_of(schema_of({{"a", "ARRAY<ARRAY<INT>>"}}));
  for (const RowFormat format : formats) {
    const auto check = [&](std::int32_t outer, std::int32_t inner) {
      const auto array = shared_arrays(outer, inner);
      const Cell cell = Bytes(array);
      std::vector<std::byte> bytes;
      EXPECT_TRUE(append_row(format, row, std::span(&cell, 1), bytes).has_value());
      Cells scratch;
      return check_row(format, row, bytes, scratch);
    };
    EXPECT_TRUE(check(1, 40).has_value());
    const auto refused = check(1000, 1000);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::malformed);
  }
}

/// Errc::malformed, or nothing.
std::optional<Errc> encode_error(const std::string& type, const std::string& values,
                                 RowFormat format) {
  const Schema schema = schema_of({{"c", type}});
  const auto batch = encode_row_batch(*rows_of(schema, {values}), schema, format, {});
  return batch ? std::nullopt : std::optional(batch.error().code);
}

TEST(RowBatch, ValuesThatAFormatCannotHoldAreRefused) {
  EXPECT_EQ(encode_error("CHAR(2)", R"(["abc"])", RowFormat::indexed), Errc::malformed);
  EXPECT_EQ(encode_error("CHAR(2)", R"(["abc"])", RowFormat::compacted), std::nullopt);
  for (const RowFormat format : formats) {
    EXPECT_EQ(encode_error("TIME(6)", "[1001]", format), Errc::malformed);
    EXPECT_EQ(encode_error("TIME(9)", "[1000001]", format), Errc::malformed);
    EXPECT_EQ(encode_error("INT NOT NULL", "[null]", format), Errc::malformed);
    EXPECT_EQ(encode_error("ARRAY<INT NOT NULL>", "[[1, null]]", format), Errc::malformed);
    EXPECT_EQ(encode_error("ROW<a ROW<b INT NOT NULL>>", "[[[null]]]", format), Errc::malformed);
    EXPECT_EQ(encode_error("TIMESTAMP(0)", "[9223372036854775807]", format), Errc::malformed);
  }
}

TEST(RowBatch, OtherColumnsThanTheTablesAreRefused) {
  const auto rows = rows_of(schema_of({{"n", "INT"}}), {"[1]"});
  for (const RowFormat format : formats) {
    EXPECT_FALSE(encode_row_batch(*rows, schema_of({{"n", "BIGINT"}}), format, {}));
    EXPECT_FALSE(encode_row_batch(*rows, schema_of({{"n", "INT"}, {"m", "INT"}}), format, {}));
  }
}

TEST(RowBatch, MomentsBefore1970KeepTheirFractions) {
  const Schema schema = schema_of({{"t", "TIMESTAMP(9)"}, {"u", "TIMESTAMP_LTZ(6)"}});
  const auto rows = rows_of(schema, {"[-1, -1000000, -1000001]", "[-1, -1000, -1001]"});
  for (const RowFormat format : formats)
    expect_same_rows(*decode_row_batch(encoded(*rows, schema, format), schema, format)->rows,
                     *rows);
}

TEST(RowBatch, NullsOfAWideBinaryDoNotFillTheMemory) {
  const Schema schema = schema_of({{"wide", "ROW<a BINARY(2000000000)>"}});
  std::vector<std::byte> batch(log_batch_header_size);
  const auto null_row = [&](std::vector<std::byte>& out) {
    return append_row(RowFormat::compacted, row_type_of(schema), Cells{Cell{}}, out);
  };
  ASSERT_TRUE(append_record(batch, ChangeType::append, null_row));
  const Buffer sealed = finish_batch(std::move(batch), start_header(1, {}).value());
  EXPECT_TRUE(check_row_batch(sealed, RowFormat::compacted, row_type_of(schema)).has_value());
  const auto decoded = decode_row_batch(sealed, schema, RowFormat::compacted);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, Errc::overloaded);
}

/// Reads damaged bytes in every way. What can be decoded must have passed the check.
int read_all_ways(std::vector<std::byte> bytes, const Schema& schema, RowFormat format) {
  const Buffer batch = Buffer::from(std::move(bytes));
  const bool fine = BatchCheck(log_format(format), schema).check(batch).has_value();
  const auto decoded = decode_row_batch(batch, schema, format);
  if (decoded) {
    EXPECT_TRUE(fine);
    EXPECT_TRUE(decoded->rows->ValidateFull().ok());
  }
  return (fine ? 1 : 0) + (decoded ? 1 : 0);
}

void damage(std::vector<std::byte>& bytes, Random& random) {
  // Only rows: headers are other tests' business.
  const std::size_t rows_size = bytes.size() - log_batch_header_size;
  for (std::uint64_t hits = 1 + random.below(3); hits > 0; --hits) {
    const std::size_t at = log_batch_header_size + random.below(rows_size);
    if (random.chance(1, 3)) {
      bytes[at] ^= std::byte{1} << random.below(8);
    } else if (random.chance(1, 2)) {
      bytes[at] = static_cast<std::byte>(random.below(256));
    } else if (at + 4 <= bytes.size()) {
      store_le(bytes.data() + at, static_cast<std::int32_t>(random.next() >> random.below(64)));
    }
  }
}

TEST(RowBatch, DamagedRowsEndInRowsOrInAnError) {
  int passed = 0;
  int tried = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Schema schema = wide_schema(random);
    const auto rows = wide_rows(schema, 1 + random.below(5), random);
    for (const RowFormat format : formats) {
      const Buffer batch = encoded(*rows, schema, format);
      for (int round = 0; round < 50; ++round) {
        std::vector<std::byte> bytes(batch.bytes().begin(), batch.bytes().end());
        damage(bytes, random);
        passed += read_all_ways(std::move(bytes), schema, format);
        tried += 2;
      }
    }
  }
  EXPECT_GT(passed, tried / 10);
  EXPECT_LT(passed, tried * 9 / 10);
}

TEST(RowBatch, EveryTruncationIsAnError) {
  Random random(3);
  const Schema schema = wide_schema(random);
  const auto rows = wide_rows(schema, 3, random);
  for (const RowFormat format : formats) {
    const Buffer batch = encoded(*rows, schema, format);
    const Bytes whole = batch.bytes();
    for (std::size_t size = log_batch_header_size + 1; size < whole.size(); ++size) {
      std::vector<std::byte> bytes(whole.begin(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(size));
      store_le(bytes.data() + 8, static_cast<std::int32_t>(size - length_field_end));
      EXPECT_EQ(read_all_ways(std::move(bytes), schema, format), 0) << size;
    }
  }
}

TEST(RowBatch, RecordsThatDoNotFitTheirBatchAreRefused) {
  const Schema schema = schema_of({{"n", "INT"}});
  const auto rows = rows_of(schema, {"[1, 2]"});
  for (const RowFormat format : formats) {
    const Buffer batch = encoded(*rows, schema, format);
    const auto check = [&](std::size_t at, std::byte value) {
      std::vector<std::byte> bytes(batch.bytes().begin(), batch.bytes().end());
      bytes[at] = value;
      return check_row_batch(Buffer::from(std::move(bytes)), format, row_type_of(schema));
    };
    constexpr std::size_t at_length = log_batch_header_size;
    constexpr std::size_t at_change = at_length + 4;
    EXPECT_TRUE(check(at_change, std::byte{4}).has_value());
    EXPECT_FALSE(check(at_change, std::byte{5}).has_value());
    EXPECT_FALSE(check(at_length, std::byte{0}).has_value());
    EXPECT_FALSE(check(at_length + 3, std::byte{0x80}).has_value());
    // One row fewer than the header says, and one more.
    constexpr std::size_t at_last_offset_delta = 28;
    constexpr std::size_t at_record_count = 44;
    for (const std::byte count : {std::byte{1}, std::byte{3}}) {
      std::vector<std::byte> bytes(batch.bytes().begin(), batch.bytes().end());
      bytes[at_record_count] = count;
      bytes[at_last_offset_delta] = static_cast<std::byte>(std::to_integer<int>(count) - 1);
      EXPECT_FALSE(check_row_batch(Buffer::from(std::move(bytes)), format, row_type_of(schema)));
    }
  }
}

TEST(BatchCheck, KnowsTheFormatOfTheTable) {
  const Schema schema = schema_of({{"n", "INT"}, {"s", "STRING"}});
  const auto rows = rows_of(schema, {"[1, 2]", R"(["x", null])"});
  const std::vector<std::pair<LogFormat, Buffer>> batches = {
      {LogFormat::arrow, encode_batch(*rows, {}).value()},
      {LogFormat::indexed, encoded(*rows, schema, RowFormat::indexed)},
      {LogFormat::compacted, encoded(*rows, schema, RowFormat::compacted)}};
  for (const auto& [format, batch] : batches) {
    for (const LogFormat wanted : {LogFormat::arrow, LogFormat::indexed, LogFormat::compacted})
      EXPECT_EQ(BatchCheck(wanted, schema).check(batch).has_value(), wanted == format);
  }
}

}  // namespace
}  // namespace millrace::protocol
