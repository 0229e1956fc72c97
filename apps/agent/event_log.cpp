#include "apps/agent/event_log.hpp"

#include <unistd.h>

#include "apps/agent/process_clock.hpp"

namespace millrace {

EventLog::EventLog(int descriptor, std::string_view format, std::string_view level)
    : descriptor_(descriptor),
      format_(line_format_named(format, ::isatty(descriptor) == 1)),
      least_(event_level_named(level)) {}

void EventLog::write(EventLevel level, std::string_view event,
                     std::initializer_list<EventField> fields) const {
  if (level < least_) return;
  const std::string line = event_line(format_, wall_clock_now(), level, event, fields) + '\n';
  // One write per line, so that lines of several processes do not mix in one file.
  [[maybe_unused]] const ssize_t lost_is_fine = ::write(descriptor_, line.data(), line.size());
}

}  // namespace millrace
