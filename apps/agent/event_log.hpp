#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace millrace {

enum class EventLevel : std::uint8_t { debug, info, warn, error };
enum class LineFormat : std::uint8_t { logfmt, json };

/// One named value of an event.
struct EventField {
  std::string_view name;
  std::variant<std::int64_t, bool, std::string> value;
};

/// One event as one line with a line feed: time, level, name, fields.
[[nodiscard]] std::string event_line(LineFormat format, std::int64_t epoch_millis, EventLevel level,
                                     std::string_view event,
                                     std::initializer_list<EventField> fields);

/// Writes one line per event: logfmt on a terminal, JSON otherwise, unless told which.
class EventLog {
 public:
  /// `format` and `level` are values of millrace.log.format and millrace.log.level. Borrows the
  /// descriptor. A line that cannot be written is lost.
  EventLog(int descriptor, std::string_view format, std::string_view level);

  void info(std::string_view event, std::initializer_list<EventField> fields = {}) const {
    write(EventLevel::info, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<EventField> fields = {}) const {
    write(EventLevel::warn, event, fields);
  }
  void error(std::string_view event, std::initializer_list<EventField> fields = {}) const {
    write(EventLevel::error, event, fields);
  }

 private:
  void write(EventLevel level, std::string_view event,
             std::initializer_list<EventField> fields) const;

  int descriptor_;
  LineFormat format_;
  EventLevel least_;
};

}  // namespace millrace
