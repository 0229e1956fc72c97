#pragma once
#include <initializer_list>
#include <string_view>

#include "base/event_line.hpp"

namespace millrace {

/// Writes one line per event to a descriptor: what a process logs of others, and where it likes.
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
