#include "apps/config/value_text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace millrace {
namespace {

TEST(ValueText, DurationsTakeFlussUnits) {
  EXPECT_EQ(parse_duration("7d"), 7 * 24h);
  EXPECT_EQ(parse_duration("3min"), 3min);
  EXPECT_EQ(parse_duration("3m"), 3min);
  EXPECT_EQ(parse_duration(" 500 MS "), 500ms);
  EXPECT_EQ(parse_duration("0ms"), 0ms);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("10 seconds"), 10s);
}

TEST(ValueText, DurationsWithoutUnitOrSenseAreRefused) {
  for (const char* text : {"60", "", "s", "-1s", "1.5s", "1parsec", "9223372036854775807d",
                           "99999999999999999999s", "1s2s"}) {
    SCOPED_TRACE(text);
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::malformed);
  }
}

TEST(ValueText, SizesArePowersOf1024) {
  EXPECT_EQ(parse_size("1gb"), std::int64_t{1} << 30);
  EXPECT_EQ(parse_size("16MB"), 16 * 1024 * 1024);
  EXPECT_EQ(parse_size("4 kb"), 4096);
  EXPECT_EQ(parse_size("4k"), 4096);
  EXPECT_EQ(parse_size("1b"), 1);
  EXPECT_EQ(parse_size("100"), 100);
  EXPECT_FALSE(parse_size("8388608tb"));
  EXPECT_FALSE(parse_size("1pb"));
  EXPECT_FALSE(parse_size("-1"));
}

TEST(ValueText, NumbersAndBooleans) {
  EXPECT_EQ(parse_integer("-1"), -1);
  EXPECT_EQ(parse_integer("MAX"), std::numeric_limits<std::int64_t>::max());
  EXPECT_FALSE(parse_integer("1x"));
  EXPECT_FALSE(parse_integer("9223372036854775808"));
  EXPECT_EQ(parse_boolean("True"), true);
  EXPECT_EQ(parse_boolean("false"), false);
  EXPECT_FALSE(parse_boolean("yes"));
}

TEST(ValueText, ListsDropBlanksAndEmptyParts) {
  EXPECT_EQ(parse_list(" a, b;;c ,"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(parse_list(" , ").empty());
}

}  // namespace
}  // namespace millrace
