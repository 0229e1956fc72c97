#include "base/event_line.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"

namespace millrace {
namespace {

// 2013-01-01T05:17:00.123Z
std::string time_text(EpochMillis epoch_millis) {
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

std::string_view name_of(EventLevel level) {
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

EventLevel event_level_named(std::string_view name) {
  for (const EventLevel level : {EventLevel::debug, EventLevel::info, EventLevel::warn}) {
    if (name_of(level) == name) return level;
  }
  return EventLevel::error;
}

std::string event_line(LineFormat format, EpochMillis epoch_millis, EventLevel level,
                       std::string_view event, std::initializer_list<EventField> fields) {
  const bool json = format == LineFormat::json;
  std::string line = json ? "{" : "";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (line.size() > (json ? 1U : 0U)) line += json ? ',' : ' ';
    line += json ? json_quoted(name) + ":" + value : std::string(name) + "=" + value;
  };
  add("time", word_text(format, time_text(epoch_millis)));
  add("level", word_text(format, std::string(name_of(level))));
  add("event", word_text(format, std::string(event)));
  for (const EventField& field : fields) add(field.name, value_text(format, field));
  if (json) line += '}';
  return line;
}

LineFormat line_format_named(std::string_view name, bool is_terminal) {
  const bool logfmt = name == "logfmt" || (name == "auto" && is_terminal);
  return logfmt ? LineFormat::logfmt : LineFormat::json;
}

}  // namespace millrace
