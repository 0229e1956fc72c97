#include "base/event_line.hpp"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(EventLine, IsLogfmtOrJson) {
  const std::initializer_list<EventField> fields = {
      {"host", "host-0"}, {"error", "no \"such\" file"}, {"count", 3}, {"drained", true}};
  EXPECT_EQ(event_line(LineFormat::logfmt, 1357017420123, EventLevel::warn, "node_exited", fields),
            "time=2013-01-01T05:17:00.123Z level=warn event=node_exited host=host-0 "
            "error=\"no \\\"such\\\" file\" count=3 drained=true");
  EXPECT_EQ(event_line(LineFormat::json, 1357017420123, EventLevel::info, "x", {{"a", "b"}}),
            "{\"time\":\"2013-01-01T05:17:00.123Z\",\"level\":\"info\",\"event\":\"x\","
            "\"a\":\"b\"}");
}

TEST(EventLine, AutoIsLogfmtOnATerminalAndJsonElsewhere) {
  EXPECT_EQ(line_format_named("auto", true), LineFormat::logfmt);
  EXPECT_EQ(line_format_named("auto", false), LineFormat::json);
  EXPECT_EQ(line_format_named("logfmt", false), LineFormat::logfmt);
  EXPECT_EQ(line_format_named("json", true), LineFormat::json);
}

TEST(EventLine, LevelsAreKnownByTheirNames) {
  for (const EventLevel level :
       {EventLevel::debug, EventLevel::info, EventLevel::warn, EventLevel::error}) {
    EXPECT_EQ(event_level_named(name_of(level)), level);
  }
  EXPECT_EQ(event_level_named("loud"), EventLevel::error);
}

}  // namespace
}  // namespace millrace
