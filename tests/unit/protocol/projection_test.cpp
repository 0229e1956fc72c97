#include "protocol/projection.hpp"

#include <gtest/gtest.h>

#include "protocol/batch_codec.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

Buffer joined(const std::vector<Buffer>& pieces) {
  std::string all;
  for (const Buffer& piece : pieces) all += piece.text();
  return Buffer::from(all);
}

/// `append` as the changelog that a server would have written for the same rows.
Buffer as_changelog(const Buffer& append) {
  LogBatchHeader header = parse_whole_batch(append.bytes()).value();
  header.attributes = 0;
  header.length += header.record_count;
  std::vector<std::byte> batch;
  append_header(batch, header);
  for (std::int32_t i = 0; i < header.record_count; ++i)
    batch.push_back(static_cast<std::byte>(1 + i % 4));
  const Bytes message = append.bytes().subspan(log_batch_header_size);
  batch.insert(batch.end(), message.begin(), message.end());
  seal_crc(batch);
  return Buffer::from(std::move(batch));
}

std::vector<std::int32_t> random_fields(const Schema& schema, Random& random) {
  std::vector<std::int32_t> fields;
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    if (random.chance(1, 2)) fields.push_back(static_cast<std::int32_t>(i));
  if (fields.empty()) fields.push_back(0);
  return fields;
}

void expect_projected(const Buffer& batch, const arrow::RecordBatch& rows, const Schema& schema,
                      const std::vector<std::int32_t>& fields) {
  const auto plan = ProjectionPlan::make(schema, fields).value();
  const auto pieces = project(batch, plan);
  ASSERT_TRUE(pieces.has_value()) << pieces.error().message;
  const Buffer projected = joined(*pieces);
  ASSERT_EQ(sum_of(*pieces), projected.size());
  const auto decoded = decode_batch(projected, to_arrow(schema, fields));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  const std::vector<int> positions(fields.begin(), fields.end());
  expect_same_rows(**decoded, **rows.SelectColumns(positions));
  if (rows.num_rows() == 0) return;
  EXPECT_EQ(change_types_of(projected).value(), change_types_of(batch).value());
}

TEST(Projection, AnyColumnsOfAnyBatchAreWhatDecodingAllAndSelectingGives) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Schema schema = random_schema(random);
    const auto rows = random_rows(schema, random.below(30), random);
    for (const auto type :
         {CompressionType::none, CompressionType::lz4_frame, CompressionType::zstd}) {
      const Buffer batch = encode_batch(*rows, {.compression = {.type = type}}).value();
      const auto fields = random_fields(schema, random);
      expect_projected(batch, *rows, schema, fields);
      if (rows->num_rows() > 0) expect_projected(as_changelog(batch), *rows, schema, fields);
    }
  }
}

TEST(Projection, AProjectedBatchCanBeProjectedAgain) {
  Random random(3);
  const Schema schema =
      schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "ARRAY<INT>"}, {"d", "BIGINT"}});
  const auto rows = random_rows(schema, 20, random);
  const Buffer batch = encode_batch(*rows, {}).value();
  const std::vector<std::int32_t> first = {0, 1, 3};
  const Buffer once = joined(*project(batch, ProjectionPlan::make(schema, first).value()));
  const Schema rest = schema_of({{"a", "INT"}, {"b", "STRING"}, {"d", "BIGINT"}});
  expect_projected(once, **rows->SelectColumns({0, 1, 3}), rest, {1, 2});
}

TEST(Projection, ABatchWithoutRowsPassesWhateverItsBodyIs) {
  const Schema schema = schema_of({{"a", "INT"}, {"b", "STRING"}});
  LogBatchHeader header;
  header.attributes = 1;
  header.length = static_cast<std::int32_t>(log_batch_header_size - length_field_end + 5);
  std::vector<std::byte> bytes;
  append_header(bytes, header);
  bytes.resize(bytes.size() + 5);
  const Buffer batch = Buffer::from(std::move(bytes));
  EXPECT_TRUE(check_batch(batch, BatchLayout(schema)).has_value());
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{1}).value();
  const auto pieces = project(batch, plan).value();
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].data(), batch.data());
  EXPECT_EQ((*decode_batch(batch, to_arrow(schema)))->num_rows(), 0);
}

TEST(Projection, TheBodyIsNotCopiedAndNeighboursAreOnePiece) {
  const Schema schema = schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "INT"}, {"d", "INT"}});
  Random random(1);
  const Buffer batch = encode_batch(*random_rows(schema, 50, random), {}).value();
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{0, 2, 3}).value();
  const auto pieces = project(batch, plan).value();
  ASSERT_EQ(pieces.size(), 3u);  // The front, column 0, columns 2 and 3.
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    EXPECT_GE(pieces[i].data(), batch.data());
    EXPECT_LE(pieces[i].data() + pieces[i].size(), batch.data() + batch.size());
  }
}

TEST(ProjectionPlan, FieldsMustAscendAndExist) {
  const Schema schema = schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "INT"}});
  using Fields = std::vector<std::int32_t>;
  for (const Fields& good : {Fields{0}, Fields{2}, Fields{0, 1, 2}, Fields{0, 2}})
    EXPECT_EQ(ProjectionPlan::make(schema, good)->fields(), good);
  for (const Fields& bad : {Fields{}, Fields{3}, Fields{-1}, Fields{1, 0}, Fields{1, 1},
                            Fields{0, 1, 3}, Fields{std::numeric_limits<std::int32_t>::max()}}) {
    const auto plan = ProjectionPlan::make(schema, bad);
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().code, Errc::malformed);
  }
}

/// A batch of one INT column made of the given parts.
Buffer batch_of(const MessageMetadata& metadata, std::size_t body_size, std::int32_t rows) {
  const auto head = encode_message_head(metadata);
  LogBatchHeader header;
  header.attributes = 1;
  header.record_count = rows;
  header.last_offset_delta = rows - 1;
  header.length =
      static_cast<std::int32_t>(log_batch_header_size - length_field_end + head.size() + body_size);
  std::vector<std::byte> batch;
  append_header(batch, header);
  batch.insert(batch.end(), head.begin(), head.end());
  batch.resize(batch.size() + body_size);
  seal_crc(batch);
  return Buffer::from(std::move(batch));
}

TEST(CheckBatch, RefusesMessagesThatAreNotOfTheSchemaOrLieAboutTheirBody) {
  const BatchLayout layout(schema_of({{"a", "INT"}}));
  constexpr auto none = CompressionType::none;
  const MessageMetadata good{2, none, {{2, 0}}, {{0, 0}, {0, 8}}, 8};
  ASSERT_TRUE(check_batch(batch_of(good, 8, 2), layout).has_value());
  const std::vector<std::pair<const char*, MessageMetadata>> damaged = {
      {"other row count", {3, none, {{3, 0}}, {{0, 0}, {0, 8}}, 8}},
      {"column shorter than the batch", {2, none, {{1, 0}}, {{0, 0}, {0, 8}}, 8}},
      {"more nulls than values", {2, none, {{2, 3}}, {{0, 0}, {0, 8}}, 8}},
      {"negative null count", {2, none, {{2, -1}}, {{0, 0}, {0, 8}}, 8}},
      {"too few buffers", {2, none, {{2, 0}}, {{0, 8}}, 8}},
      {"too many nodes", {2, none, {{2, 0}, {2, 0}}, {{0, 0}, {0, 8}}, 8}},
      {"buffer past the body", {2, none, {{2, 0}}, {{0, 0}, {8, 8}}, 8}},
      {"negative offset", {2, none, {{2, 0}}, {{0, 0}, {-8, 8}}, 8}},
      {"negative length", {2, none, {{2, 0}}, {{0, 0}, {0, -8}}, 8}},
      {"sum that overflows",
       {2, none, {{2, 0}}, {{0, 0}, {8, std::numeric_limits<std::int64_t>::max()}}, 8}},
      {"overlapping buffers", {2, none, {{2, 0}}, {{0, 8}, {4, 4}}, 8}},
      {"body longer than the batch", {2, none, {{2, 0}}, {{0, 0}, {0, 8}}, 16}},
      {"negative body", {2, none, {{2, 0}}, {{0, 0}, {0, 0}}, -8}},
  };
  const auto plan =
      ProjectionPlan::make(schema_of({{"a", "INT"}}), std::vector<std::int32_t>{0}).value();
  for (const auto& [what, metadata] : damaged) {
    SCOPED_TRACE(what);
    const Buffer batch = batch_of(metadata, 8, 2);
    ASSERT_FALSE(check_batch(batch, layout).has_value());
    EXPECT_EQ(check_batch(batch, layout).error().code, Errc::malformed);
    EXPECT_FALSE(project(batch, plan).has_value());
  }
}

TEST(Projection, AWriterThatPadsNothingIsStillServedAlignedBuffers) {
  const Schema schema = schema_of({{"a", "INT"}, {"b", "INT"}});
  // Validity and values touch each other, and the body ends with the last value.
  const MessageMetadata metadata{
      3, CompressionType::none, {{3, 0}, {3, 0}}, {{0, 1}, {1, 12}, {13, 1}, {14, 12}}, 26};
  const Buffer batch = batch_of(metadata, 26, 3);
  const auto plan = ProjectionPlan::make(schema, std::vector<std::int32_t>{0, 1}).value();
  const Buffer projected = joined(project(batch, plan).value());
  const ArrowMessage message =
      read_message(projected, parse_whole_batch(projected.bytes()).value()).value();
  EXPECT_EQ(message.metadata.buffers, (std::vector<BodyRange>{{0, 1}, {8, 12}, {24, 1}, {32, 12}}));
  EXPECT_EQ(message.metadata.body_length, 48);
  EXPECT_EQ(message.body.size(), 48u);
}

TEST(ArrowMessage, NoBytesAreNoMetadata) {
  EXPECT_EQ(read_metadata({}, 100).error().code, Errc::malformed);
}

TEST(CheckBatch, RefusesUnknownChangeTypes) {
  const Schema schema = schema_of({{"a", "INT"}});
  Random random(1);
  const Buffer batch = as_changelog(encode_batch(*random_rows(schema, 9, random), {}).value());
  ASSERT_TRUE(check_batch(batch, BatchLayout(schema)).has_value());
  std::string bytes(batch.text());
  bytes[log_batch_header_size + 8] = 9;
  EXPECT_FALSE(check_batch(Buffer::from(bytes), BatchLayout(schema)).has_value());
}

}  // namespace
}  // namespace millrace::protocol
