#include "bench/load/load_options.hpp"

#include <gtest/gtest.h>

#include "protocol/table_options.hpp"

namespace millrace::bench {
namespace {

using protocol::CompressionType;

Result<LoadOptions> read(const std::vector<std::string>& arguments) {
  std::vector<Option> options;
  for (const char* name : {"table", "shape", "rows", "batch-bytes", "compression", "buckets",
                           "columns", "rate", "seconds", "servers", "data-dir", "hosts", "launch"})
    options.push_back(load_option(name));
  return read_load_options(CommandLine::parse(arguments, options).value());
}

TEST(LoadOptions, HaveDefaults) {
  const LoadOptions options = read({}).value();
  EXPECT_EQ(to_string(options.table), "bench.load");
  EXPECT_EQ(options.shape, Shape::narrow);
  EXPECT_EQ(options.rows, 2'000'000);
  EXPECT_EQ(options.batch_bytes, 2U << 20);
  EXPECT_EQ(options.compression, protocol::Compression());
  EXPECT_EQ(options.buckets, 1);
  EXPECT_EQ(options.columns, std::nullopt);
  EXPECT_EQ(options.length, 10s);
  EXPECT_TRUE(options.servers.empty());
  EXPECT_EQ(options.launch, std::nullopt);
}

TEST(LoadOptions, AreReadFromTheLine) {
  const LoadOptions options =
      read({"--table=a.b", "--shape=wide", "--rows=7", "--compression=LZ4_FRAME", "--columns=13",
            "--rate=50", "--seconds=2", "--servers=12,34", "--data-dir=x", "--launch=true"})
          .value();
  EXPECT_EQ(to_string(options.table), "a.b");
  EXPECT_EQ(options.shape, Shape::wide);
  EXPECT_EQ(options.rows, 7);
  EXPECT_EQ(options.compression.type, CompressionType::lz4_frame);
  EXPECT_EQ(options.columns, 13);
  EXPECT_EQ(options.rows_per_second, 50);
  EXPECT_EQ(options.length, 2s);
  EXPECT_EQ(options.servers, (std::vector<int>{12, 34}));
  EXPECT_EQ(options.data, "x");
  EXPECT_EQ(options.launch, "true");
}

TEST(LoadOptions, NameWhatIsWrong) {
  for (const char* wrong : {"--table=a", "--shape=round", "--rows=0", "--compression=GZIP",
                            "--buckets=x", "--servers=12,", "--servers=12,0", "--seconds=9999"}) {
    SCOPED_TRACE(wrong);
    const auto options = read({wrong});
    ASSERT_FALSE(options);
    const std::string name = std::string(wrong).substr(0, std::string(wrong).find('='));
    EXPECT_NE(options.error().message.find(name), std::string::npos) << options.error().message;
  }
}

TEST(LoadCompression, HasALevelWithZstdOnly) {
  EXPECT_EQ(parse_compression("ZSTD:1")->zstd_level, 1);
  EXPECT_EQ(parse_compression("ZSTD")->zstd_level, 3);
  EXPECT_EQ(parse_compression("NONE")->type, CompressionType::none);
  for (const char* wrong : {"", "zstd", "ZSTD:", "ZSTD:0", "ZSTD:23", "ZSTD:1x", "NONE:1"}) {
    SCOPED_TRACE(wrong);
    EXPECT_FALSE(parse_compression(wrong));
  }
}

TEST(LoadCompression, BecomesOptionsOfTheTable) {
  protocol::TableDescriptor table;
  for (const char* text : {"NONE", "LZ4_FRAME", "ZSTD:7"}) {
    SCOPED_TRACE(text);
    const auto compression = parse_compression(text).value();
    table.properties = table_properties(compression);
    EXPECT_EQ(protocol::compression_of(table), compression);
  }
}

}  // namespace
}  // namespace millrace::bench
