#include "apps/agent/event_log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "apps/agent/process_clock.hpp"
#include "apps/config/document.hpp"

namespace millrace {
namespace {

std::string_view name_of_level(EventLevel level) {
  switch (level) {
    case EventLevel::debug:
      return "debug";
    case EventLevel::info:
      return "info";
    case EventLevel::warn:
      return "warn";
    case EventLevel::error:
      return "error";
  }
  return "error";
}

EventLevel level_named(std::string_view name) {
  for (const EventLevel level : {EventLevel::debug, EventLevel::info, EventLevel::warn}) {
    if (name_of_level(level) == name) return level;
  }
  return EventLevel::error;
}

// 2013-01-01T05:17:00.123Z
std::string time_text(std::int64_t epoch_millis) {
  const auto seconds = static_cast<std::time_t>(epoch_millis / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), epoch_millis % 1000);
}

// logfmt leaves a plain word as it is and quotes the rest.
std::string word_text(LineFormat format, const std::string& word) {
  const auto is_plain = [](char letter) {
    return letter > ' ' && letter < '\x7F' && letter != '"' && letter != '=' && letter != '\\';
  };
  if (format == LineFormat::logfmt && !word.empty() && std::ranges::all_of(word, is_plain)) {
    return word;
  }
  return json_quoted(word);
}

std::string value_text(LineFormat format, const EventField& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&field.value)) return *flag ? "true" : "false";
  return word_text(format, std::get<std::string>(field.value));
}

}  // namespace

std::string event_line(LineFormat format, std::int64_t epoch_millis, EventLevel level,
                       std::string_view event, std::initializer_list<EventField> fields) {
  const bool json = format == LineFormat::json;
  std::string line = json ? "{" : "";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (line.size() > (json ? 1U : 0U)) line += json ? ',' : ' ';
    line += json ? json_quoted(name) + ":" + value : std::string(name) + "=" + value;
  };
  add("time", word_text(format, time_text(epoch_millis)));
  add("level", word_text(format, std::string(name_of_level(level))));
  add("event", word_text(format, std::string(event)));
  for (const EventField& field : fields) add(field.name, value_text(format, field));
  line += json ? "}\n" : "\n";
  return line;
}

EventLog::EventLog(int descriptor, std::string_view format, std::string_view level)
    : descriptor_(descriptor), format_(LineFormat::json), least_(level_named(level)) {
  if (format == "logfmt" || (format == "auto" && ::isatty(descriptor) == 1)) {
    format_ = LineFormat::logfmt;
  }
}

void EventLog::write(EventLevel level, std::string_view event,
                     std::initializer_list<EventField> fields) const {
  if (level < least_) return;
  const std::string line = event_line(format_, wall_clock_now(), level, event, fields);
  // One write per line, so that lines of several processes do not mix in one file.
  [[maybe_unused]] const ssize_t lost_is_fine = ::write(descriptor_, line.data(), line.size());
}

}  // namespace millrace
