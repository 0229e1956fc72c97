#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/time.hpp"

namespace millrace {

enum class EventLevel : std::uint8_t { debug, info, warn, error };
enum class LineFormat : std::uint8_t { logfmt, json };

/// One named value of an event.
struct EventField {
  EventField(std::string_view field, std::integral auto number) : name(field) {
    if constexpr (std::same_as<decltype(number), bool>) {
      value = number;
    } else {
      value = static_cast<std::int64_t>(number);
    }
  }
  EventField(std::string_view field, std::string text) : name(field), value(std::move(text)) {}

  std::string_view name;
  std::variant<std::int64_t, bool, std::string> value;
};

/// The name that millrace.log.level has for a level, and back; an unknown one is `error`.
[[nodiscard]] std::string_view name_of(EventLevel level);
[[nodiscard]] EventLevel event_level_named(std::string_view name);

/// The meaning of millrace.log.format: `auto` is logfmt on a terminal, else JSON.
[[nodiscard]] LineFormat line_format_named(std::string_view name, bool is_terminal);

/// One event as one line, without its line feed: time, level, name, fields.
[[nodiscard]] std::string event_line(LineFormat format, EpochMillis time, EventLevel level,
                                     std::string_view event,
                                     std::initializer_list<EventField> fields);

}  // namespace millrace
