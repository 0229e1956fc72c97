#include <gtest/gtest.h>

#include "protocol/arrow_message.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/projection.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

const std::vector<std::int32_t> columns = {1, 3};

Schema full_schema() {
  return schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "BIGINT"}, {"d", "ARRAY<INT>"}});
}

Buffer joined(const std::vector<Buffer>& pieces) {
  std::string all;
  for (const Buffer& piece : pieces) all += piece.text();
  return Buffer::from(all);
}

/// Fluss and we may order the fields of the metadata differently; everything else is the same
/// bytes.
void expect_same_projection(const Buffer& ours, const Buffer& theirs) {
  LogBatchHeader header = parse_whole_batch(ours.bytes()).value();
  const LogBatchHeader expected = parse_whole_batch(theirs.bytes()).value();
  const ArrowMessage our_message = read_message(ours, header).value();
  const ArrowMessage their_message = read_message(theirs, expected).value();
  EXPECT_EQ(our_message.metadata, their_message.metadata);
  EXPECT_EQ(our_message.body.text(), their_message.body.text());
  const std::size_t rows_start = expected.message_offset();
  EXPECT_EQ(ours.text().substr(log_batch_header_size, rows_start - log_batch_header_size),
            theirs.text().substr(log_batch_header_size, rows_start - log_batch_header_size));
  header.length = expected.length;
  EXPECT_EQ(header, expected) << "more than the length changed";
}

void expect_projects(const std::string& full, const std::string& projected) {
  const Schema schema = full_schema();
  const Buffer source = golden_file(full);
  const Buffer theirs = golden_file(projected);
  ASSERT_TRUE(verify_crc(source.bytes()).has_value());
  const auto plan = ProjectionPlan::make(schema, columns).value();
  const Buffer ours = joined(project(source, plan).value());
  expect_same_projection(ours, theirs);

  const auto expected = rows_of(to_arrow(schema, columns), {R"(["x", "yy"])", "[[1, 2], null]"});
  for (const Buffer& batch : {ours, theirs}) {
    EXPECT_EQ(verify_crc(batch.bytes()).error().code, Errc::corrupt) << "the checksum is stale";
    expect_same_rows(**decode_batch(batch, to_arrow(schema, columns)), *expected);
    EXPECT_EQ(change_types_of(batch).value(), change_types_of(source).value());
  }
}

TEST(ProjectionGolden, AnAppendBatchIsProjectedAsFlussDoesIt) {
  expect_projects("proj_append_full.bin", "proj_append_cols_1_3.bin");
}

TEST(ProjectionGolden, AChangelogBatchKeepsItsChangeTypes) {
  expect_projects("proj_changelog_full.bin", "proj_changelog_cols_1_3.bin");
}

TEST(ProjectionGolden, ABatchWithoutRowsPassesUnchanged) {
  const Buffer empty = golden_file("log_v0_arrow_changelog_empty.bin");
  const auto plan = ProjectionPlan::make(full_schema(), columns).value();
  const auto pieces = project(empty, plan).value();
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].text(), empty.text());
}

TEST(ProjectionGolden, CompressedBuffersPassAsTheyAre) {
  const Schema schema = schema_of({{"id", "INT"}, {"name", "STRING"}});
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{1}).value();
  for (const char* file :
       {"log_v0_arrow_append_lz4_200rows.bin", "log_v0_arrow_append_zstd3_200rows.bin",
        "log_v0_arrow_append_lz4_nullstrings.bin", "log_v0_arrow_append_lz4.bin"}) {
    SCOPED_TRACE(file);
    const Buffer source = golden_file(file);
    const Buffer projected = joined(project(source, plan).value());
    EXPECT_LT(projected.size(), source.size());
    const auto rows = decode_batch(projected, to_arrow(schema, plan.fields()));
    ASSERT_TRUE(rows.has_value()) << rows.error().message;
    const auto full = decode_batch(source, to_arrow(schema));
    EXPECT_TRUE((*rows)->column(0)->Equals((*full)->column(1)));
  }
}

}  // namespace
}  // namespace millrace::protocol
