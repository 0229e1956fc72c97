#include "protocol/table_options.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

TEST(Durations, AreNumbersWithUnits) {
  EXPECT_EQ(parse_duration("7d"), 7 * 24h);
  EXPECT_EQ(parse_duration("3min"), 3min);
  EXPECT_EQ(parse_duration("3 m"), 3min);
  EXPECT_EQ(parse_duration("0ms"), 0ms);
  EXPECT_EQ(parse_duration(" 15 S "), 15s);
  EXPECT_EQ(parse_duration("2 hours"), 2h);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("9223372036854775807ms"), Duration::max());
  for (const char* text : {"", "7", "d", "-1d", "1.5h", "7 fortnights", "99999999999999999999d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Sizes, AreBytesUnlessAUnitSaysMore) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("16mb"), 16U << 20);
  EXPECT_EQ(parse_size("128 KB"), 128U << 10);
  EXPECT_EQ(parse_size("1g"), 1U << 30);
  EXPECT_EQ(parse_size("2tb"), std::uint64_t{2} << 40);
  for (const char* text : {"", "mb", "-1", "1.5mb", "1 parsec", "18446744073709551615k"})
    EXPECT_FALSE(parse_size(text)) << text;
}

/// A log table with these options.
TableDescriptor table_with(Properties properties) {
  TableDescriptor table;
  Column column;
  column.name = "a";
  table.schema.columns = {column};
  assign_field_ids(table.schema);
  table.properties = std::move(properties);
  return table;
}

std::optional<ErrorCode> code_for(std::string key, std::string value) {
  const auto error = check_options(table_with({{std::move(key), std::move(value)}}));
  return error ? std::optional<ErrorCode>(error->code) : std::nullopt;
}

TEST(TableOptions, KnownOnesWithReadableValuesPass) {
  EXPECT_EQ(check_options(table_with({})), std::nullopt);
  EXPECT_EQ(check_options(table_with({{"table.replication.factor", "3"},
                                      {"table.log.format", "arrow"},
                                      {"table.log.arrow.compression.type", "Lz4_Frame"},
                                      {"table.log.arrow.compression.zstd.level", "22"},
                                      {"table.log.ttl", "0ms"},
                                      {"table.log.local-ttl", "1d"},
                                      {"table.log.tiered.local-segments", "1"},
                                      {"table.datalake.enabled", "FALSE"},
                                      {"table.datalake.format", "paimon"},
                                      {"table.datalake.freshness", "3min"},
                                      {"table.auto-increment.cache-size", "100000"}})),
            std::nullopt);
}

TEST(TableOptions, BadOnesAreConfigurationErrors) {
  const auto refused = ErrorCode::invalid_config_exception;
  EXPECT_EQ(code_for("table.unknown", "1"), refused);
  EXPECT_EQ(code_for("connector", "fluss"), refused);
  EXPECT_EQ(code_for("", ""), refused);
  EXPECT_EQ(code_for("table.replication.factor", "three"), refused);
  EXPECT_EQ(code_for("table.replication.factor", "4294967297"), refused);
  EXPECT_EQ(code_for("table.log.format", "avro"), refused);
  EXPECT_EQ(code_for("table.log.format", ""), refused);
  EXPECT_EQ(code_for("table.log.arrow.compression.zstd.level", "23"), refused);
  EXPECT_EQ(code_for("table.log.arrow.compression.zstd.level", "0"), refused);
  EXPECT_EQ(code_for("table.log.ttl", "7"), refused);
  EXPECT_EQ(code_for("table.log.local-ttl", "8d"), refused);
  EXPECT_EQ(code_for("table.log.tiered.local-segments", "0"), refused);
  EXPECT_EQ(code_for("table.datalake.enabled", "yes"), refused);
  EXPECT_EQ(code_for("table.kv.format-version", "3"), refused);
  EXPECT_EQ(code_for("table.merge-engine", "first_row"), refused);       // No primary key.
  EXPECT_EQ(code_for("table.delete.behavior", "ignore"), refused);       // No primary key.
  EXPECT_EQ(code_for("table.auto-partition.enabled", "true"), refused);  // No partitions.
}

TEST(TableOptions, IndexedLogsNeedIndexedValues) {
  TableDescriptor table = table_with({{"table.log.format", "INDEXED"}});
  EXPECT_EQ(check_options(table), std::nullopt);
  table.schema.primary_key = {table.schema.columns.at(0).name};
  EXPECT_EQ(check_options(table)->code, ErrorCode::invalid_config_exception);
  table.properties["table.kv.format"] = "INDEXED";
  EXPECT_EQ(check_options(table), std::nullopt);
  table.properties["table.log.format"] = "COMPACTED";
  EXPECT_EQ(check_options(table), std::nullopt);
}

TEST(TableOptions, ASlipOfThePenIsPointedOut) {
  const auto error = check_options(table_with({{"table.log.tll", "7d"}}));
  ASSERT_TRUE(error);
  EXPECT_NE(error->message.find("table.log.ttl"), std::string::npos) << error->message;
  const auto huge = check_options(table_with({{std::string(100'000, 'x'), "1"}}));
  ASSERT_TRUE(huge);
  EXPECT_LT(huge->message.size(), 3000U);
}

TEST(TableOptions, ValuesComeOutTyped) {
  EXPECT_EQ(log_format_of(table_with({})), LogFormat::arrow);
  EXPECT_EQ(log_format_of(table_with({{"table.log.format", "indexed"}})), LogFormat::indexed);
  EXPECT_EQ(log_format_of(table_with({{"table.log.format", "COMPACTED"}})), LogFormat::compacted);
  EXPECT_EQ(compression_of(table_with({})), (Compression{CompressionType::zstd, 3}));
  EXPECT_EQ(compression_of(table_with({{"table.log.arrow.compression.type", "none"}})).type,
            CompressionType::none);
  EXPECT_EQ(compression_of(table_with({{"table.log.arrow.compression.type", "LZ4_FRAME"}})).type,
            CompressionType::lz4_frame);
  EXPECT_EQ(
      compression_of(table_with({{"table.log.arrow.compression.zstd.level", "9"}})).zstd_level, 9);
  EXPECT_EQ(row_format_of(LogFormat::indexed), RowFormat::indexed);
  EXPECT_EQ(row_format_of(LogFormat::compacted), RowFormat::compacted);
  EXPECT_EQ(lake_format_of(table_with({})), std::nullopt);
  EXPECT_EQ(lake_format_of(table_with({{"table.datalake.format", "paimon"}})), LakeFormat::paimon);
  EXPECT_EQ(lake_format_of(table_with({{"table.datalake.format", "HUDI"}})), LakeFormat::hudi);
  EXPECT_EQ(replication_factor_of(table_with({})), std::nullopt);
  EXPECT_EQ(replication_factor_of(table_with({{"table.replication.factor", "2"}})), 2);
}

TEST(TableOptions, StatisticsAreOfColumnsThatHaveAnOrder) {
  TableDescriptor table = table_with({});
  EXPECT_FALSE(has_statistics(table));
  const auto add = [&](const std::string& name, const std::string& type) {
    append_column(table.schema, {name, *parse_sql_type(type), {}, -1, {}});
  };
  add("n", "BIGINT");
  add("raw", "BYTES");
  add("list", "ARRAY<INT>");
  std::string& value = table.properties["table.statistics.columns"];
  for (const char* good : {"*", "n", "a,n", " a , n "}) {
    value = good;
    EXPECT_EQ(check_options(table), std::nullopt) << good;
    EXPECT_TRUE(has_statistics(table));
  }
  for (const char* bad : {"", "m", "a,", "raw", "n,list", "A"}) {
    value = bad;
    const auto broken = check_options(table);
    ASSERT_TRUE(broken.has_value()) << bad;
    EXPECT_EQ(broken->code, ErrorCode::invalid_config_exception);
  }
}

TEST(TableOptions, WhatIsNotBuiltIsNamed) {
  EXPECT_EQ(unbuilt_feature(table_with({})), std::nullopt);
  EXPECT_EQ(unbuilt_feature(table_with({{"table.datalake.enabled", "false"}})), std::nullopt);
  for (const char* format : {"INDEXED", "compacted"})
    EXPECT_EQ(unbuilt_feature(table_with({{"table.log.format", format}})), std::nullopt);
  EXPECT_EQ(unbuilt_feature(table_with({{"table.datalake.enabled", "true"}})),
            "table.datalake.enabled");
  EXPECT_EQ(unbuilt_feature(table_with({{"table.statistics.columns", "*"}})), std::nullopt);
  EXPECT_EQ(unbuilt_feature(table_with({{"table.kv.ttl", "1d"}})), "table.kv.ttl");
  auto keyed = table_with({});
  keyed.schema.primary_key = {"a"};
  EXPECT_EQ(unbuilt_feature(keyed), "primary key tables");
}

TEST(Mutations, OfOptionValuesNeverCrash) {
  const Buffer value = Buffer::from(std::string("128 minutes"));
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::string mutated(mutate(value, random).text());
    (void)parse_duration(mutated);
    (void)parse_size(mutated);
    const auto error = check_options(table_with({{"table.log.ttl", mutated}}));
    EXPECT_EQ(error.has_value(), !parse_duration(mutated).has_value());
  }
}

}  // namespace
}  // namespace millrace::protocol
