#include "protocol/batch_codec.hpp"

#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <gtest/gtest.h>
#include <lz4frame.h>

#include "base/endian.hpp"
#include "protocol/arrow_message.hpp"
#include "protocol/buffer_compression.hpp"
#include "protocol/projection.hpp"
#include "tests/unit/protocol/batch_rows.hpp"

namespace millrace::protocol {
namespace {

const std::vector<Compression> compressions = {{CompressionType::none, 3},
                                               {CompressionType::lz4_frame, 3},
                                               {CompressionType::zstd, 1},
                                               {CompressionType::zstd, 22}};

Buffer encoded(const arrow::RecordBatch& rows, Compression compression) {
  auto batch = encode_batch(rows, {.schema_id = 3, .compression = compression});
  EXPECT_TRUE(batch.has_value()) << batch.error().message;
  return batch ? *batch : Buffer();
}

/// The same bytes at an address that is aligned to nothing.
Buffer misaligned(const Buffer& batch) {
  std::string shifted = "x" + std::string(batch.text());
  return Buffer::from(std::move(shifted)).slice(1, batch.size());
}

TEST(BatchCodec, RowsOfAnySchemaAndCompressionComeBackAsTheyWere) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Schema schema = random_schema(random);
    const auto rows = random_rows(schema, random.below(40), random);
    ASSERT_NE(rows, nullptr);
    for (const Compression& compression : compressions) {
      const Buffer batch = encoded(*rows, compression);
      ASSERT_TRUE(verify_crc(batch.bytes()).has_value());
      ASSERT_TRUE(check_batch(batch, BatchLayout(schema)).has_value());
      for (const Buffer& bytes : {batch, misaligned(batch)}) {
        const auto decoded = decode_batch(bytes, to_arrow(schema));
        ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
        expect_same_rows(**decoded, *rows);
      }
    }
  }
}

TEST(BatchCodec, ASliceOfRowsIsEncodedWithoutWhatLiesAroundIt) {
  Random random(7);
  const Schema schema =
      schema_of({{"a", "INT"}, {"b", "STRING"}, {"c", "ARRAY<STRING>"}, {"d", "BOOLEAN"}});
  const auto rows = random_rows(schema, 100, random);
  const auto part = rows->Slice(33, 11);
  const Buffer batch = encoded(*part, {CompressionType::none, 3});
  EXPECT_EQ(parse_whole_batch(batch.bytes())->record_count, 11);
  expect_same_rows(**decode_batch(batch, to_arrow(schema)), *part);
  EXPECT_LT(batch.size(), encoded(*rows, {CompressionType::none, 3}).size() / 3);
}

TEST(BatchCodec, EveryBufferStartsAtAMultipleOfEight) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Schema schema = random_schema(random);
    const auto rows = random_rows(schema, 1 + random.below(40), random);
    for (const Compression& compression : compressions) {
      const Buffer batch = encoded(*rows, compression);
      const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
      const ArrowMessage message = read_message(batch, header).value();
      for (const BodyRange& range : message.metadata.buffers) EXPECT_EQ(range.offset % 8, 0);
      EXPECT_EQ(message.metadata.body_length % 8, 0);
      EXPECT_EQ((message.body.data() - batch.data()) % 8, 0);
      EXPECT_EQ(message.body.data() + message.body.size(), batch.data() + batch.size());
    }
  }
}

std::shared_ptr<arrow::RecordBatch> long_column(std::int64_t rows) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(i % 1000).ok());
  return arrow::RecordBatch::Make(to_arrow(schema_of({{"n", "BIGINT"}})), rows,
                                  {builder.Finish().ValueOrDie()});
}

TEST(BatchCodec, Lz4FramesHaveIndependentBlocks) {
  const auto rows = long_column(50'000);  // Several blocks of 64 KiB.
  const Buffer batch = encoded(*rows, {CompressionType::lz4_frame, 3});
  const LogBatchHeader header = parse_whole_batch(batch.bytes()).value();
  const ArrowMessage message = read_message(batch, header).value();
  const BodyRange values = message.metadata.buffers.at(1);
  const std::byte* frame = message.body.data() + values.offset + 8;
  LZ4F_dctx* context = nullptr;
  ASSERT_EQ(LZ4F_createDecompressionContext(&context, LZ4F_VERSION), 0u);
  LZ4F_frameInfo_t info{};
  std::size_t size = static_cast<std::size_t>(values.length) - 8;
  const bool failed = LZ4F_isError(LZ4F_getFrameInfo(context, &info, frame, &size)) != 0;
  LZ4F_freeDecompressionContext(context);
  ASSERT_FALSE(failed);
  EXPECT_EQ(info.blockMode, LZ4F_blockIndependent);
  EXPECT_LT(batch.size(), 400'000u / 4);
  expect_same_rows(**decode_batch(batch, rows->schema()), *rows);
}

TEST(BatchCodec, BuffersThatDoNotShrinkAreStoredRaw) {
  const auto rows = rows_of(schema_of({{"n", "INT"}}), {"[1, 2, 3]"});
  for (const auto type : {CompressionType::lz4_frame, CompressionType::zstd}) {
    const Buffer batch = encoded(*rows, {type, 3});
    const ArrowMessage message =
        read_message(batch, parse_whole_batch(batch.bytes()).value()).value();
    const BodyRange values = message.metadata.buffers.at(1);
    EXPECT_EQ(values.length, 8 + 12);
    EXPECT_EQ(load_le<std::int64_t>(message.body.bytes(), static_cast<std::size_t>(values.offset)),
              -1);
  }
}

TEST(BatchCodec, ColumnTypesThatDoNotTravelAreRefused) {
  for (const auto& type :
       {arrow::large_utf8(), arrow::uint32(), arrow::dictionary(arrow::int8(), arrow::utf8()),
        arrow::list(arrow::large_binary())}) {
    SCOPED_TRACE(type->ToString());
    const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), 1,
                                               {arrow::MakeArrayOfNull(type, 1).ValueOrDie()});
    const auto batch = encode_batch(*rows, {});
    ASSERT_FALSE(batch.has_value());
    EXPECT_EQ(batch.error().code, Errc::malformed);
  }
}

TEST(BatchCodec, AnImpossibleZstdLevelIsRefused) {
  const auto rows = rows_of(schema_of({{"n", "INT"}}), {"[1]"});
  for (const int level : {0, 23})
    EXPECT_FALSE(encode_batch(*rows, {.compression = {CompressionType::zstd, level}}).has_value());
}

TEST(BatchCodec, ASchemaThatDoesNotFitIsAnError) {
  const auto rows = rows_of(schema_of({{"n", "INT"}}), {"[1, 2, 3, 4, 5, 6, 7, 8, 9]"});
  const Buffer batch = encoded(*rows, {CompressionType::none, 3});
  for (const char* other : {"BIGINT", "STRING", "ARRAY<INT>"})
    EXPECT_FALSE(decode_batch(batch, to_arrow(schema_of({{"n", other}}))).has_value()) << other;
  EXPECT_FALSE(decode_batch(batch, to_arrow(schema_of({{"n", "INT"}, {"m", "INT"}}))).has_value());
}

TEST(DecompressedSize, ClaimsThatNoFrameCanMeetAreRefused) {
  const auto claim = [](std::int64_t size, std::size_t frame_size, CompressionType codec) {
    std::vector<std::byte> buffer;
    append_le(buffer, size);
    buffer.resize(buffer.size() + frame_size);
    return decompressed_size(buffer, codec);
  };
  constexpr auto lz4 = CompressionType::lz4_frame;
  constexpr auto zstd = CompressionType::zstd;
  EXPECT_EQ(claim(-1, 100, lz4).value(), 100);
  EXPECT_EQ(claim(0, 0, lz4).value(), 0);
  EXPECT_EQ(claim(25'500, 100, lz4).value(), 25'500);
  EXPECT_FALSE(claim(25'501, 100, lz4).has_value());
  EXPECT_EQ(claim(1 << 20, 100, zstd).value(), 1 << 20);
  EXPECT_FALSE(claim(std::int64_t{1} << 30, 100, zstd).has_value());
  EXPECT_FALSE(claim(std::numeric_limits<std::int64_t>::max(), 100, zstd).has_value());
  EXPECT_FALSE(claim(-2, 100, zstd).has_value());
  EXPECT_FALSE(claim(1, 0, lz4).has_value());
  EXPECT_EQ(decompressed_size({}, zstd).value(), 0);
  EXPECT_FALSE(decompressed_size(std::vector<std::byte>(7), zstd).has_value());
}

/// A batch of string columns whose every buffer is `frame` behind a claim of `size` bytes.
Buffer bomb(const Schema& schema, std::int64_t size, std::size_t frame_size) {
  MessageMetadata metadata{1, CompressionType::zstd, {}, {}, 0};
  std::vector<std::byte> body;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    metadata.nodes.push_back({1, 0});
    for (int buffer = 0; buffer < 3; ++buffer) {
      metadata.buffers.push_back(
          {static_cast<std::int64_t>(body.size()), static_cast<std::int64_t>(8 + frame_size)});
      append_le(body, size);
      body.resize(body.size() + frame_size);
    }
  }
  metadata.body_length = static_cast<std::int64_t>(body.size());
  const auto head = encode_message_head(metadata);
  LogBatchHeader header;
  header.attributes = 1;
  header.record_count = 1;
  header.length = static_cast<std::int32_t>(log_batch_header_size - length_field_end + head.size() +
                                            body.size());
  std::vector<std::byte> batch;
  append_header(batch, header);
  batch.insert(batch.end(), head.begin(), head.end());
  batch.insert(batch.end(), body.begin(), body.end());
  return Buffer::from(std::move(batch));
}

TEST(BatchCodec, ManyBuffersTogetherMayNotExceedWhatABatchMayGrowTo) {
  std::vector<ColumnText> columns;
  for (int i = 0; i < 200; ++i) columns.emplace_back("c" + std::to_string(i), "STRING");
  const Schema schema = schema_of(columns);
  const Buffer batch = bomb(schema, 10 << 20, 400);  // Each claim alone would pass.
  const auto rows = decode_batch(batch, to_arrow(schema));
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code, Errc::overloaded);
}

}  // namespace
}  // namespace millrace::protocol
