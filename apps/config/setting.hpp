#pragma once
#include <cstdint>
#include <string>

namespace millrace {

/// Where a value came from. Later kinds win over earlier ones.
enum class SourceKind : std::uint8_t { default_value, file, environment, flag };

struct Source {
  SourceKind kind = SourceKind::default_value;
  std::string place;  ///< `path:line`, the variable, or the flag; empty for a default.

  friend bool operator==(const Source&, const Source&) = default;
};

/// `default`, `file:server.yaml:3`, `env:MILLRACE_DATA_DIR` or `flag:--set`.
[[nodiscard]] std::string to_string(const Source& source);

/// One key with the value that somebody gave it.
struct Setting {
  std::string name;
  std::string value;
  Source source;
};

/// What is worth saying about a configuration.
struct Finding {
  enum class Severity : std::uint8_t { warning, error };
  Severity severity = Severity::error;
  std::string code;     ///< Stable, such as `config.unknown_key`.
  std::string message;  ///< One sentence with its cause.
  std::string next;     ///< What to do about it.
};

}  // namespace millrace
