#include "protocol/partition_time.hpp"

#include "base/check.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// Time formats, time zones, and the names of automatic partitions that they make.

namespace millrace::fuzz {

using namespace protocol;

void decode(const Buffer& input) {
  InputReader reader(input);
  const auto unit = static_cast<TimeUnit>(reader.below(5));
  const auto offset = static_cast<std::int32_t>(reader.byte()) - 128;
  // Some hundred years around 1970.
  const EpochMillis now = (static_cast<EpochMillis>(reader.byte()) - 128) * 86'400'000 * 365 +
                          static_cast<EpochMillis>(reader.byte()) * 3'600'000;
  const Buffer pattern = reader.piece();
  const Buffer zone_name = reader.rest();
  const auto zone = TimeZone::find(zone_name.text());
  const auto format = TimeFormat::parse(unit, pattern.text());
  if (format) (void)format->matches(zone_name.text());
  if (!zone) return;
  for (const TimeFormat& one : {format ? *format : TimeFormat::of(unit), TimeFormat::of(unit)}) {
    const std::string name = partition_time(one, *zone, now, offset);
    CHECK(one.matches(name));
  }
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  const auto add = [&](std::size_t unit, std::string_view pattern, std::string_view zone) {
    made.push_back(
        InputWriter().byte(unit).byte(130).byte(180).byte(3).piece(pattern).rest(zone).done());
  };
  add(0, "yyyy", "Asia/Shanghai");
  add(1, "yyyy'Q'Q", "America/New_York");
  add(2, "yyyy-MM", "UTC+8");
  add(3, "yyyyMMdd", "GMT-03:30");
  add(4, "yyyy-MM-dd_HH", "+08:00");
  return made;
}

}  // namespace millrace::fuzz
