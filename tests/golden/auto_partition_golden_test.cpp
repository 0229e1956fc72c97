#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/partition_time.hpp"
#include "tests/golden/golden_file.hpp"

namespace millrace::protocol {
namespace {

/// "2024-11-30T23:05Z"
EpochMillis millis_of(const std::string& text) {
  const auto part = [&](std::size_t at, std::size_t size) {
    return std::stoi(text.substr(at, size));
  };
  const std::chrono::sys_days day{std::chrono::year{part(0, 4)} /
                                  std::chrono::month{static_cast<unsigned>(part(5, 2))} /
                                  std::chrono::day{static_cast<unsigned>(part(8, 2))}};
  const auto at = day + std::chrono::hours{part(11, 2)} + std::chrono::minutes{part(14, 2)};
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

TEST(AutoPartitionGolden, PartitionsAreNamedAsFlussNamesThem) {
  const std::map<std::string, TimeUnit> units = {{"YEAR", TimeUnit::year},
                                                 {"QUARTER", TimeUnit::quarter},
                                                 {"MONTH", TimeUnit::month},
                                                 {"DAY", TimeUnit::day},
                                                 {"HOUR", TimeUnit::hour}};
  const auto zone = TimeZone::find("UTC");
  ASSERT_TRUE(zone.has_value());
  const auto cases = nlohmann::json::parse(golden_file("auto_partition.json").text());
  ASSERT_EQ(cases.size(), 15U);
  for (const auto& one : cases) {
    const TimeFormat format = TimeFormat::of(units.at(one.at("unit").get<std::string>()));
    const std::string value =
        partition_time(format, *zone, millis_of(one.at("now").get<std::string>()),
                       one.at("offset").get<std::int32_t>());
    EXPECT_EQ(value, one.at("value").get<std::string>()) << one.dump();
    EXPECT_TRUE(format.matches(value)) << value;
  }
}

}  // namespace
}  // namespace millrace::protocol
