#include <arrow/builder.h>
#include <gtest/gtest.h>

#include "protocol/arrow_message.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

const std::vector<ColumnText> t2 = {{"id", "INT"}, {"name", "STRING"}};
const std::vector<std::string> three_rows = {"[1, 2, 3]", R"(["a", null, "ccc"])"};

std::shared_ptr<arrow::RecordBatch> decoded(const Buffer& batch, const Schema& schema) {
  EXPECT_TRUE(verify_crc(batch.bytes()).has_value());
  EXPECT_TRUE(check_batch(batch, BatchLayout(schema)).has_value());
  auto rows = decode_batch(batch, to_arrow(schema));
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  return rows ? *rows : arrow::RecordBatch::MakeEmpty(to_arrow(schema)).ValueOrDie();
}

Buffer encoded(const arrow::RecordBatch& rows, CompressionType type, WriterId writer = no_writer,
               std::int32_t sequence = -1) {
  auto batch = encode_batch(
      rows,
      {.schema_id = 1, .compression = {.type = type}, .writer = writer, .sequence = sequence});
  EXPECT_TRUE(batch.has_value()) << batch.error().message;
  return batch ? *batch : Buffer();
}

/// What two writers must agree on even though their Arrow metadata need not be the same bytes.
void expect_same_header(const LogBatchHeader& ours, const LogBatchHeader& theirs) {
  LogBatchHeader expected = theirs;
  expected.length = ours.length;
  expected.crc = ours.crc;
  EXPECT_EQ(ours, expected);
}

/// Decodes the file, encodes the same rows again, and compares header and rows.
void expect_both_ways(const std::string& file, const Schema& schema,
                      const arrow::RecordBatch& rows) {
  SCOPED_TRACE(file);
  const Buffer theirs = golden_file(file);
  expect_same_rows(*decoded(theirs, schema), rows);
  const LogBatchHeader header = parse_whole_batch(theirs.bytes()).value();
  for (const auto type :
       {CompressionType::none, CompressionType::lz4_frame, CompressionType::zstd}) {
    const Buffer ours = encoded(rows, type, header.writer, header.batch_sequence);
    expect_same_header(parse_whole_batch(ours.bytes()).value(), header);
    expect_same_rows(*decoded(ours, schema), rows);
  }
}

TEST(BatchGolden, ThreeRowsHaveTheHeaderThatTheFormatDescribes) {
  const Buffer batch = golden_file("log_v0_arrow_append_none.bin");
  ASSERT_EQ(batch.size(), 312u);
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  LogBatchHeader expected;
  expected.length = 300;
  expected.crc = 0x10f11830;
  expected.schema_id = 1;
  expected.attributes = 1;
  expected.last_offset_delta = 2;
  expected.record_count = 3;
  EXPECT_EQ(header, expected);
  const ArrowMessage message = read_message(batch, header).value();
  EXPECT_EQ(message.metadata.nodes, (std::vector<FieldNode>{{3, 0}, {3, 1}}));
  EXPECT_EQ(message.metadata.buffers,
            (std::vector<BodyRange>{{0, 1}, {8, 12}, {24, 1}, {32, 16}, {48, 4}}));
}

TEST(BatchGolden, BatchesOfEveryCompressionDecodeToTheRowsThatWereWritten) {
  const Schema schema = schema_of(t2);
  const auto rows = rows_of(schema, three_rows);
  for (const char* file :
       {"log_v0_arrow_append_none.bin", "log_v0_arrow_append_none_writer7_seq3.bin",
        "log_v0_arrow_append_lz4.bin", "log_v0_arrow_append_zstd3.bin"})
    expect_both_ways(file, schema, *rows);
}

TEST(BatchGolden, WriterAndSequenceAreWhereTheFormatHasThem) {
  const Buffer batch = golden_file("log_v0_arrow_append_none_writer7_seq3.bin");
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  EXPECT_EQ(header.writer, WriterId(7));
  EXPECT_EQ(header.batch_sequence, 3);
}

TEST(BatchGolden, ReallyCompressedBuffersDecode) {
  const Schema schema = schema_of(t2);
  std::string ids = "[";
  std::string names = "[";
  for (int i = 0; i < 200; ++i) {
    ids += (i == 0 ? "" : ",") + std::to_string(i);
    names += (i == 0 ? "" : ",") + ("\"value-" + std::to_string(i % 3) + "\"");
  }
  const auto rows = rows_of(schema, {ids + "]", names + "]"});
  expect_both_ways("log_v0_arrow_append_lz4_200rows.bin", schema, *rows);
  expect_both_ways("log_v0_arrow_append_zstd3_200rows.bin", schema, *rows);
}

TEST(BatchGolden, CompressedBuffersOfNothingDecode) {
  const Schema schema = schema_of(t2);
  const auto rows = rows_of(schema, {"[1, 2]", "[null, null]"});
  expect_both_ways("log_v0_arrow_append_lz4_nullstrings.bin", schema, *rows);
  expect_both_ways("log_v0_arrow_append_zstd3_nullstrings.bin", schema, *rows);
}

const std::vector<ColumnText> all_types = {{"c0", "BOOLEAN"},
                                           {"c1", "TINYINT"},
                                           {"c2", "SMALLINT"},
                                           {"c3", "INT"},
                                           {"c4", "BIGINT"},
                                           {"c5", "FLOAT"},
                                           {"c6", "DOUBLE"},
                                           {"c7", "CHAR(5)"},
                                           {"c8", "STRING"},
                                           {"c9", "BINARY(3)"},
                                           {"c10", "BYTES"},
                                           {"c11", "DECIMAL(10, 2)"},
                                           {"c12", "DECIMAL(25, 5)"},
                                           {"c13", "DATE"},
                                           {"c14", "TIME(0)"},
                                           {"c15", "TIME(3)"},
                                           {"c16", "TIME(6)"},
                                           {"c17", "TIME(9)"},
                                           {"c18", "TIMESTAMP(0)"},
                                           {"c19", "TIMESTAMP(3)"},
                                           {"c20", "TIMESTAMP(6)"},
                                           {"c21", "TIMESTAMP(9)"},
                                           {"c22", "TIMESTAMP_LTZ(0)"},
                                           {"c23", "TIMESTAMP_LTZ(3)"},
                                           {"c24", "TIMESTAMP_LTZ(6)"},
                                           {"c25", "TIMESTAMP_LTZ(9)"},
                                           {"c26", "ARRAY<INT>"},
                                           {"c27", "ARRAY<STRING>"},
                                           {"c28", "MAP<STRING, INT>"},
                                           {"c29", "ROW<x INT, y STRING>"}};

/// Bytes that are no text cannot be written as JSON.
std::shared_ptr<arrow::Array> bytes_and_null(arrow::ArrayBuilder& builder) {
  EXPECT_TRUE(builder.AppendNull().ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> all_types_rows(const Schema& schema) {
  const std::vector<std::string> values = {
      "true", "-2", "-300", "-5", "1234567890123", "1.5", "-2.25", R"("abcde")",
      R"("hello, world")", R"("xxx")", R"("xxx")", R"("-12345.67")",
      R"("12345678901234567890.12345")", "19000",
      // Times and timestamps in the unit of their type.
      "45296", "45296789", "45296789000", "45296789000000", "1700000000", "1700000000123",
      "1700000000123456", "1700000000123456789", "1700000000", "1700000000123", "1700000000123456",
      "1700000000123456789", "[1, null, 3]", R"(["s", "longer-than-7"])",
      R"([["k1", 1], ["key-two-long", null]])", R"([7, "yy"])"};
  std::vector<std::string> columns;
  for (const std::string& value : values) columns.push_back("[" + value + ", null]");
  auto rows = rows_of(schema, columns);
  arrow::FixedSizeBinaryBuilder fixed(arrow::fixed_size_binary(3));
  EXPECT_TRUE(fixed.Append("\x01\x02\x03").ok());
  arrow::BinaryBuilder variable;
  EXPECT_TRUE(variable.Append(std::string_view("\xff\x00\x80", 3)).ok());
  rows = rows->SetColumn(9, rows->schema()->field(9), bytes_and_null(fixed)).ValueOrDie();
  return rows->SetColumn(10, rows->schema()->field(10), bytes_and_null(variable)).ValueOrDie();
}

TEST(BatchGolden, EveryTypeDecodesToTheValueThatWasWritten) {
  const Schema schema = schema_of(all_types);
  const auto rows = all_types_rows(schema);
  for (const char* file :
       {"log_v0_arrow_append_alltypes_none.bin", "log_v0_arrow_append_alltypes_lz4.bin",
        "log_v0_arrow_append_alltypes_zstd3.bin"})
    expect_both_ways(file, schema, *rows);
}

TEST(BatchGolden, StampGivesTheBytesThatTheLeaderStores) {
  const Buffer sent = golden_file("log_v0_arrow_append_none.bin");
  const Buffer stored = golden_file("log_v0_arrow_append_none_stamped.bin");
  const auto pieces = stamp(sent, 100, 1700000000000);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(std::string(pieces[0].text()) + std::string(pieces[1].text()), stored.text());
  EXPECT_EQ(pieces[1].data(), sent.data() + log_batch_header_size) << "the body was copied";
  EXPECT_TRUE(verify_crc(stored.bytes()).has_value());
  EXPECT_EQ(parse_whole_batch(stored.bytes())->last_offset(), 102);
}

TEST(BatchGolden, ChangelogRowsComeWithTheirChangeTypes) {
  const Buffer batch = golden_file("log_v0_arrow_changelog_none.bin");
  const Schema schema = schema_of(t2);
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  EXPECT_FALSE(header.append_only());
  EXPECT_EQ(header.base_offset, 42);
  EXPECT_EQ(header.commit_timestamp, 1700000000000);
  EXPECT_EQ(header.writer, WriterId(9));
  EXPECT_EQ(change_types_of(batch).value(),
            (std::vector<ChangeType>{ChangeType::insert, ChangeType::update_before,
                                     ChangeType::update_after, ChangeType::remove}));
  expect_same_rows(*decoded(batch, schema),
                   *rows_of(schema, {"[1, 1, 1, 1]", R"(["a", "a", "b", "b"])"}));
}

TEST(BatchGolden, AnEmptyBatchIsAHeaderThatTakesOneOffset) {
  const Buffer batch = golden_file("log_v0_arrow_changelog_empty.bin");
  ASSERT_EQ(batch.size(), log_batch_header_size);
  const Schema schema = schema_of(t2);
  EXPECT_EQ(decoded(batch, schema)->num_rows(), 0);
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  EXPECT_EQ(header.next_offset(), header.base_offset + 1);
  EXPECT_TRUE(change_types_of(batch).value().empty());

  const auto none = arrow::RecordBatch::MakeEmpty(to_arrow(schema)).ValueOrDie();
  LogBatchHeader ours =
      parse_whole_batch(encoded(*none, CompressionType::zstd, WriterId(9), 1).bytes()).value();
  ours.attributes = 0;  // The file is a changelog, and says so.
  expect_same_header(ours, header);
}

TEST(BatchGolden, OtherMagicsAreRefused) {
  for (const char* file : {"log_v1of091_arrow_changelog_none.bin", "head_log_v1_append_stats.bin",
                           "head_log_v2_changelog_stats.bin"}) {
    SCOPED_TRACE(file);
    const Buffer batch = golden_file(file);
    EXPECT_EQ(parse_header(batch.bytes()).error().code, Errc::malformed);
    EXPECT_EQ(split_batches(batch).error().code, Errc::malformed);
    EXPECT_EQ(verify_crc(batch.bytes()).error().code, Errc::malformed);
    EXPECT_EQ(decode_batch(batch, to_arrow(schema_of(t2))).error().code, Errc::malformed);
  }
}

TEST(BatchGolden, RowFormatsHaveSoundHeadersButAreRefusedAsArrow) {
  for (const char* file : {"log_v0_indexed_append.bin", "log_v0_compacted_append.bin",
                           "log_v0_compacted_changelog.bin"}) {
    SCOPED_TRACE(file);
    const Buffer batch = golden_file(file);
    EXPECT_TRUE(verify_crc(batch.bytes()).has_value());
    EXPECT_EQ(check_batch(batch, BatchLayout(schema_of(t2))).error().code, Errc::malformed);
    EXPECT_EQ(decode_batch(batch, to_arrow(schema_of(t2))).error().code, Errc::malformed);
  }
}

TEST(BatchGolden, BatchesInARowAreSplitWhereTheyWereJoined) {
  std::string joined;
  const std::vector<std::string> files = {"log_v0_arrow_append_none.bin",
                                          "log_v0_arrow_changelog_empty.bin",
                                          "log_v0_arrow_append_zstd3_200rows.bin"};
  for (const std::string& file : files) joined += golden_file(file).text();
  const auto batches = split_batches(Buffer::from(joined)).value();
  ASSERT_EQ(batches.size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i)
    EXPECT_EQ(batches[i].text(), golden_file(files[i]).text());
}

}  // namespace
}  // namespace millrace::protocol
