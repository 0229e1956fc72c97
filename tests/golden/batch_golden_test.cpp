#include <gtest/gtest.h>

#include "protocol/arrow_message.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/batch_statistics.hpp"
#include "protocol/projection.hpp"
#include "protocol/row_batch.hpp"
#include "protocol/row_batch_codec.hpp"
#include "protocol/row_codec.hpp"
#include "tests/golden/all_types.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/mutation.hpp"

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
  // Magic 1 of 0.9.1 means something else than that of 1.0.0.
  for (const char* file :
       {"log_v1of091_arrow_changelog_none.bin", "head_log_v2_changelog_stats.bin"}) {
    SCOPED_TRACE(file);
    const Buffer batch = golden_file(file);
    EXPECT_EQ(parse_header(batch.bytes()).error().code, Errc::malformed);
    EXPECT_EQ(split_batches(batch).error().code, Errc::malformed);
    EXPECT_EQ(verify_crc(batch.bytes()).error().code, Errc::malformed);
    EXPECT_EQ(decode_batch(batch, to_arrow(schema_of(t2))).error().code, Errc::malformed);
  }
}

TEST(BatchGolden, StatisticsOfClient100AreReadAndItsRowsAreThoseOfAnyBatch) {
  const Buffer batch = golden_file("head_log_v1_append_stats.bin");
  const Schema schema = schema_of(t2);
  const auto rows = rows_of(schema, {"[1, 2, 3]", R"(["a", null, "hello-world"])"});
  expect_same_rows(*decoded(batch, schema), *rows);
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  EXPECT_EQ(header.magic, magic_statistics);
  EXPECT_EQ(header.statistics_length, 0x57);
  ASSERT_EQ(split_batches(batch).value().size(), 1U);

  const auto statistics = BatchStatistics::read(batch).value().value();
  const auto ids = statistics.of(0, schema.columns[0].type).value();
  EXPECT_EQ(ids.rows, 3);
  EXPECT_EQ(ids.nulls, 0);
  EXPECT_EQ(ids.least, comparable(std::int64_t{1}));
  EXPECT_EQ(ids.greatest, comparable(std::int64_t{3}));
  const auto names = statistics.of(1, schema.columns[1].type).value();
  EXPECT_EQ(names.nulls, 1);
  EXPECT_EQ(names.least, ComparableValue{.text = "a"});
  EXPECT_EQ(names.greatest, ComparableValue{.text = "hello-world"});
  EXPECT_FALSE(statistics.of(2, schema.columns[0].type));

  // A projection drops the block.
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{1}).value();
  std::string projected;
  const auto pieces = project(batch, plan).value();
  for (const Buffer& piece : pieces) projected += piece.text();
  const Buffer cut = Buffer::from(std::move(projected));
  EXPECT_EQ(parse_whole_batch(cut.bytes())->statistics_length, 0);
  EXPECT_EQ(parse_whole_batch(cut.bytes())->magic, magic_statistics);
  const auto read = decode_batch(cut, to_arrow(schema, std::vector<std::int32_t>{1}));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  expect_same_rows(**read, **rows->SelectColumns({1}));
}

TEST(BatchGolden, RowFormatsAreRefusedAsArrow) {
  for (const char* file : {"log_v0_indexed_append.bin", "log_v0_compacted_append.bin",
                           "log_v0_compacted_changelog.bin"}) {
    SCOPED_TRACE(file);
    const Buffer batch = golden_file(file);
    EXPECT_TRUE(verify_crc(batch.bytes()).has_value());
    EXPECT_EQ(check_batch(batch, BatchLayout(schema_of(t2))).error().code, Errc::malformed);
    EXPECT_EQ(decode_batch(batch, to_arrow(schema_of(t2))).error().code, Errc::malformed);
  }
}

/// Decodes the file, compares, and encodes the same rows to the very same bytes.
void expect_row_batch(const std::string& file, RowFormat format, const arrow::RecordBatch& rows,
                      const std::vector<ChangeType>& changes) {
  SCOPED_TRACE(file);
  const Schema schema = schema_of(t2);
  const Buffer theirs = golden_file(file);
  EXPECT_TRUE(verify_crc(theirs.bytes()).has_value());
  EXPECT_TRUE(check_row_batch(theirs, format, row_type_of(schema)).has_value());
  const auto decoded = decode_row_batch(theirs, schema, format);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  expect_same_rows(*decoded->rows, rows);
  EXPECT_EQ(decoded->changes, changes);
  const LogBatchHeader header = parse_whole_batch(theirs.bytes()).value();
  const auto ours = encode_row_batch(
      rows, schema, format,
      {.writer = header.writer, .sequence = header.batch_sequence, .changes = changes});
  ASSERT_TRUE(ours.has_value()) << ours.error().message;
  EXPECT_EQ(hex(*ours), hex(theirs));
  const RowFormat other = format == RowFormat::indexed ? RowFormat::compacted : RowFormat::indexed;
  EXPECT_FALSE(check_row_batch(theirs, other, row_type_of(schema)).has_value());
}

TEST(BatchGolden, RowFormatsDecodeAndEncodeToTheSameBytes) {
  const auto rows = rows_of(schema_of(t2), three_rows);
  expect_row_batch("log_v0_indexed_append.bin", RowFormat::indexed, *rows, {});
  expect_row_batch("log_v0_compacted_append.bin", RowFormat::compacted, *rows, {});
  expect_row_batch("log_v0_compacted_changelog.bin", RowFormat::compacted,
                   *rows_of(schema_of(t2), {"[1, 1, 1, 1]", R"(["a", "a", "b", "b"])"}),
                   {ChangeType::insert, ChangeType::update_before, ChangeType::update_after,
                    ChangeType::remove});
}

TEST(BatchGolden, AnArrowChangelogIsWrittenWithItsChangeTypes) {
  const Buffer theirs = golden_file("log_v0_arrow_changelog_none.bin");
  const Schema schema = schema_of(t2);
  const auto changes = change_types_of(theirs).value();
  const auto rows = decoded(theirs, schema);
  const auto ours = encode_batch(*rows, {.compression = {.type = CompressionType::none},
                                         .writer = WriterId(9),
                                         .sequence = 0,
                                         .changes = changes});
  ASSERT_TRUE(ours.has_value()) << ours.error().message;
  EXPECT_EQ(change_types_of(*ours).value(), changes);
  expect_same_rows(*decoded(*ours, schema), *rows);
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
