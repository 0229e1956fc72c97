#include "apps/demo/story_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "apps/demo/load_line.hpp"

namespace millrace::demo {
namespace {

TEST(StoryText, DigitsComeInGroups) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(336776), "336,776");
  EXPECT_EQ(grouped(1234567890), "1,234,567,890");
}

TEST(StoryText, ShortTimesAreInMilliseconds) {
  EXPECT_EQ(duration_text(2150ms), "2.15 s");
  EXPECT_EQ(duration_text(100ms), "0.10 s");
  EXPECT_EQ(duration_text(1300us), "1.30 ms");
}

TEST(StoryText, NoTimeGivesNoRate) {
  EXPECT_EQ(per_second(1000, 2s), 500U);
  EXPECT_EQ(per_second(2, 3s), 1U);
  EXPECT_EQ(per_second(1000, 0s), 0U);
}

TEST(StoryText, OriginsStandInARowEach) {
  OriginTotals totals;
  for (int i = 0; i < 1200; ++i) totals.add({"JFK", "MIA", 542, i < 3 ? 1 : 0});
  totals.add({"EWR", "IAH", std::nullopt, std::nullopt});
  EXPECT_EQ(origins_text(totals),
            "   ORIGIN  FLIGHTS  DEPARTURES   MEAN DELAY  DESTINATIONS\n"
            "   EWR           1           0         none             1\n"
            "   JFK       1,200       1,200   0.0025 min             1\n");
}

TEST(StoryText, ScansAreSharesOfTheLastOne) {
  const std::string text =
      scans_text({{.name = "some", .columns = 4, .rows = 1000, .wire_bytes = 2500, .took = 500ms},
                  {.name = "all", .columns = 19, .rows = 1000, .wire_bytes = 10000, .took = 2s}});
  EXPECT_EQ(text,
            "   SCAN  COLUMNS       ROWS  BYTES ON THE WIRE    SHARE      TIME      ROWS/S\n"
            "   some        4      1,000              2,500   25.0 %    0.50 s       2,000\n"
            "   all        19      1,000             10,000  100.0 %    2.00 s         500\n");
}

TEST(StoryText, LatenciesInAnyOrder) {
  EXPECT_EQ(latencies_text({3ms, 1ms, 2ms}), "median 2.00 ms, longest 3.00 ms");
  EXPECT_EQ(latencies_text({5ms}), "median 5.00 ms, longest 5.00 ms");
}

TEST(StoryText, EveryKindOfClientGetsTheAddress) {
  const std::string text = paste_text("host:9123");
  std::size_t count = 0;
  for (std::size_t at = text.find("host:9123"); at != std::string::npos;
       at = text.find("host:9123", at + 1))
    ++count;
  EXPECT_EQ(count, 3U);
}

/// Everything that a load of ten steps, `step` apart, writes.
std::string loaded(Audience audience, Duration step) {
  std::string text;
  LoadLine line("flights", audience, [&](std::string_view more) { text += more; });
  for (int i = 1; i <= 10; ++i) line.show(i / 10.0, i * 100, i * step);
  line.finish(1000, 10 * step);
  return text;
}

TEST(LoadLine, AFileGetsPlainLinesOfWhichThereAreFew) {
  EXPECT_EQ(loaded(Audience::file, 1ms),
            "   flights        1,000 rows in 10.00 ms, 100,000 rows/s\n");
  EXPECT_EQ(loaded(Audience::file, 200ms),
            "   flights          300 rows, 30 % of the file read\n"
            "   flights          600 rows, 60 % of the file read\n"
            "   flights          900 rows, 90 % of the file read\n"
            "   flights        1,000 rows in 2.00 s, 500 rows/s\n");
}

TEST(LoadLine, ATerminalGetsOneLineThatIsDrawnAgain) {
  const std::string text = loaded(Audience::terminal, 200ms);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 11);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("100 %       1000 rows"), std::string::npos);
}

}  // namespace
}  // namespace millrace::demo
