#include "protocol/partition_time.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace millrace::protocol {
namespace {

EpochMillis utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::sys_days date{std::chrono::year{year} / std::chrono::month{month} /
                                   std::chrono::day{day}};
  const auto at = date + std::chrono::hours{hour} + std::chrono::minutes{minute};
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::string time_in(const std::string& zone, TimeUnit unit, EpochMillis now, int offset = 0) {
  const auto found = TimeZone::find(zone);
  if (!found) return found.error().message;
  return partition_time(TimeFormat::of(unit), *found, now, offset);
}

TEST(TimeZone, OffsetsAreReadAsJavaReadsThem) {
  const EpochMillis now = utc(2024, 3, 1, 23, 45);
  EXPECT_EQ(time_in("Z", TimeUnit::hour, now), "2024030123");
  EXPECT_EQ(time_in("UTC", TimeUnit::hour, now), "2024030123");
  EXPECT_EQ(time_in("GMT", TimeUnit::hour, now), "2024030123");
  EXPECT_EQ(time_in("+8", TimeUnit::hour, now), "2024030207");
  EXPECT_EQ(time_in("+08:00", TimeUnit::hour, now), "2024030207");
  EXPECT_EQ(time_in("UTC+0530", TimeUnit::hour, now), "2024030205");
  EXPECT_EQ(time_in("GMT-03:30", TimeUnit::hour, now), "2024030120");
  EXPECT_EQ(time_in("UT-18", TimeUnit::hour, now), "2024030105");
  EXPECT_EQ(time_in("Asia/Shanghai", TimeUnit::hour, now), "2024030207");
  for (const char* bad : {"", "+", "+19", "+8:00", "+08:60", "+-8", "UTC+", "UTC8", "Mars/Olympus",
                          "+080000", "+18:01"}) {
    EXPECT_FALSE(TimeZone::find(bad).has_value()) << bad;
  }
  EXPECT_TRUE(TimeZone::find(TimeZone::system_name()).has_value());
}

TEST(PartitionTime, DaysAreTheZonesDays) {
  EXPECT_EQ(time_in("Asia/Shanghai", TimeUnit::day, utc(2024, 2, 28, 16)), "20240229");
  EXPECT_EQ(time_in("America/New_York", TimeUnit::day, utc(2024, 1, 1, 4, 59)), "20231231");
  EXPECT_EQ(time_in("America/New_York", TimeUnit::year, utc(2024, 1, 1, 4, 59)), "2023");
  EXPECT_EQ(time_in("America/New_York", TimeUnit::year, utc(2024, 1, 1, 5)), "2024");
}

TEST(PartitionTime, UnitsAreCountedOnTheCalendar) {
  const EpochMillis last = utc(2024, 1, 31, 12);
  EXPECT_EQ(time_in("UTC", TimeUnit::month, last, 1), "202402");
  EXPECT_EQ(time_in("UTC", TimeUnit::month, last, -2), "202311");
  EXPECT_EQ(time_in("UTC", TimeUnit::quarter, last, -1), "20234");
  EXPECT_EQ(time_in("UTC", TimeUnit::quarter, last, 4), "20251");
  EXPECT_EQ(time_in("UTC", TimeUnit::day, last, 29), "20240229");
  EXPECT_EQ(time_in("UTC", TimeUnit::year, last, 1), "2025");
  EXPECT_EQ(time_in("UTC", TimeUnit::hour, utc(2023, 12, 31, 23), 1), "2024010100");
}

TEST(PartitionTime, ADayWithoutAnHourAndOneWithAnHourTwice) {
  // Clocks went from 2 to 3 on 2024-03-31 and from 3 back to 2 on 2024-10-27.
  const EpochMillis before_spring = utc(2024, 3, 31, 0, 30);
  EXPECT_EQ(time_in("Europe/Berlin", TimeUnit::hour, before_spring), "2024033101");
  EXPECT_EQ(time_in("Europe/Berlin", TimeUnit::hour, before_spring, 1), "2024033103");
  const EpochMillis before_autumn = utc(2024, 10, 27, 0, 30);
  EXPECT_EQ(time_in("Europe/Berlin", TimeUnit::hour, before_autumn), "2024102702");
  EXPECT_EQ(time_in("Europe/Berlin", TimeUnit::hour, before_autumn, 1), "2024102702");
  EXPECT_EQ(time_in("Europe/Berlin", TimeUnit::day, before_spring, 1), "20240401");
}

TEST(TimeFormat, PatternsHaveTheFieldsOfTheUnitAndLiterals) {
  const auto text = [](TimeUnit unit, std::string_view pattern) -> std::string {
    const auto format = TimeFormat::parse(unit, pattern);
    if (!format) return "refused";
    const auto written = partition_time(*format, *TimeZone::find("Z"), utc(2024, 5, 6, 7), 0);
    EXPECT_TRUE(format->matches(written)) << written;
    return written;
  };
  EXPECT_EQ(text(TimeUnit::day, "yyyy-MM-dd"), "2024-05-06");
  EXPECT_EQ(text(TimeUnit::hour, "yyyy_MM_dd_HH"), "2024_05_06_07");
  EXPECT_EQ(text(TimeUnit::quarter, "yyyy'Q'Q"), "2024Q2");
  EXPECT_EQ(text(TimeUnit::year, "'y'yyyy"), "y2024");
  EXPECT_EQ(text(TimeUnit::month, "yyyyMM"), "202405");
  EXPECT_EQ(*TimeFormat::parse(TimeUnit::day, "yyyyMMdd"), TimeFormat::of(TimeUnit::day));
  for (const char* bad :
       {"yyyyMM", "yyyyMMddHH", "MMddyyyy", "yyMMdd", "yyyyMMd", "yyyyMMMdd", "yyyy/MM/dd",
        "yyyy[-]MMdd", "yyyyMMdd'", "'__'yyyyMMdd", "yyyyMMdd''", "uuuuMMdd", "", "yyyy MM dd"}) {
    EXPECT_EQ(text(TimeUnit::day, bad), "refused") << bad;
  }
}

TEST(TimeFormat, OnlyDatesThatAreThereMatch) {
  const TimeFormat day = TimeFormat::of(TimeUnit::day);
  EXPECT_TRUE(day.matches("20240229"));
  for (const char* bad :
       {"20230229", "20240001", "20241301", "2024022", "202402290", "2024022x", "", "2024-02-29"}) {
    EXPECT_FALSE(day.matches(bad)) << bad;
  }
  EXPECT_FALSE(TimeFormat::of(TimeUnit::hour).matches("2024022924"));
  EXPECT_FALSE(TimeFormat::of(TimeUnit::quarter).matches("20245"));
  EXPECT_FALSE(TimeFormat::of(TimeUnit::quarter).matches("20240"));
}

TableDescriptor partitioned(std::string type, std::vector<std::string> keys,
                            Properties properties) {
  TableDescriptor table;
  for (const auto& [name, sql] : {std::pair<std::string, std::string>{"id", "INT"},
                                  {"dt", std::move(type)},
                                  {"region", "STRING"}}) {
    Column column;
    column.name = name;
    column.type = *parse_sql_type(sql);
    table.schema.columns.push_back(std::move(column));
  }
  table.partition_keys = std::move(keys);
  table.properties = std::move(properties);
  return table;
}

ErrorCode refusal(const TableDescriptor& table) {
  const auto found = auto_partition_of(table, "UTC");
  return found ? ErrorCode::none : found.error().code;
}

TEST(AutoPartition, OptionsMustFitTheTable) {
  const Properties on = {{"table.auto-partition.enabled", "true"}};
  const auto with = [&](std::initializer_list<Properties::value_type> more) {
    Properties all = on;
    all.insert(more.begin(), more.end());
    return all;
  };
  EXPECT_EQ(refusal(partitioned("STRING", {"dt"}, on)), ErrorCode::none);
  EXPECT_EQ(refusal(partitioned("STRING", {"dt", "region"}, on)),
            ErrorCode::invalid_table_exception);
  EXPECT_EQ(
      refusal(partitioned("STRING", {"region", "dt"}, with({{"table.auto-partition.key", "dt"}}))),
      ErrorCode::none);
  EXPECT_EQ(refusal(partitioned("STRING", {"dt"}, with({{"table.auto-partition.key", "id"}}))),
            ErrorCode::invalid_table_exception);
  EXPECT_EQ(refusal(partitioned("STRING", {"region", "dt"},
                                with({{"table.auto-partition.key", "dt"},
                                      {"table.auto-partition.num-precreate", "1"}}))),
            ErrorCode::invalid_table_exception);
  EXPECT_EQ(refusal(partitioned("STRING", {"dt"},
                                with({{"table.auto-partition.time-zone", "Mars/Olympus"}}))),
            ErrorCode::invalid_config_exception);
  EXPECT_EQ(
      refusal(partitioned("STRING", {"dt"}, with({{"table.auto-partition.time-format", "dd"}}))),
      ErrorCode::invalid_table_exception);
  EXPECT_EQ(refusal(partitioned("DATE", {"dt"}, on)), ErrorCode::invalid_table_exception);
  EXPECT_EQ(refusal(partitioned("DATE", {"dt"},
                                with({{"table.auto-partition.time-format", "yyyy-MM-dd"}}))),
            ErrorCode::none);
}

TEST(AutoPartition, WhatIsNotSaidIsTheDefault) {
  const auto none = auto_partition_of(partitioned("STRING", {"dt"}, {}), "UTC");
  ASSERT_TRUE(none.has_value());
  EXPECT_FALSE(none->has_value());
  const auto found = auto_partition_of(
      partitioned("STRING", {"dt"}, {{"table.auto-partition.enabled", "true"}}), "+8");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->precreate, 2);
  EXPECT_EQ((*found)->retention, 7);
  EXPECT_EQ((*found)->format, TimeFormat::of(TimeUnit::day));
  EXPECT_EQ(partition_time((*found)->format, (*found)->zone, utc(2024, 1, 1, 16), 0), "20240102");
  const auto far =
      auto_partition_of(partitioned("STRING", {"dt"},
                                    {{"table.auto-partition.enabled", "true"},
                                     {"table.auto-partition.num-retention", "2147483647"},
                                     {"table.auto-partition.time-unit", "YEAR"}}),
                        "UTC");
  ASSERT_TRUE(far.has_value() && far->has_value());
  const auto oldest =
      partition_time((*far)->format, (*far)->zone, utc(2024, 1, 1), -(*far)->retention);
  EXPECT_EQ(oldest.size(), 4U);
  EXPECT_LT(oldest, "1000");
}

}  // namespace
}  // namespace millrace::protocol
