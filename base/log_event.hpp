#pragma once
#include <initializer_list>
#include <string_view>

#include "base/event_line.hpp"

namespace millrace {

/// Sends the events of this process to standard error, one line each. Call it once, early.
void start_event_log(LineFormat format, EventLevel least);

/// Logs one event of this process. Thread-safe.
void log_event(EventLevel level, std::string_view event,
               std::initializer_list<EventField> fields = {});

}  // namespace millrace
