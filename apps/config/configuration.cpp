#include "apps/config/configuration.hpp"

#include <algorithm>

#include "apps/config/value_text.hpp"
#include "base/check.hpp"

extern char** environ;

namespace millrace {

std::string to_string(const Source& source) {
  switch (source.kind) {
    case SourceKind::default_value:
      return "default";
    case SourceKind::file:
      return "file:" + source.place;
    case SourceKind::environment:
      return "env:" + source.place;
    case SourceKind::flag:
      return "flag:" + source.place;
  }
  return "default";
}

Configuration::Configuration() {
  for (const KeySpec& spec : known_keys()) {
    if (is_family(spec) || spec.standing == Standing::without_effect) continue;
    Setting setting{std::string(spec.name), std::string(spec.default_text), {}};
    settings_.emplace(setting.name, std::move(setting));
  }
}

const Setting& Configuration::setting(std::string_view name) const {
  const auto found = settings_.find(name);
  CHECK(found != settings_.end());
  return found->second;
}

std::vector<Setting> Configuration::settings() const {
  std::vector<Setting> all;
  for (const auto& [name, setting] : settings_) {
    const bool is_default = setting.source.kind == SourceKind::default_value;
    if (is_default && find_key(name)->standing != Standing::used) continue;
    all.push_back(setting);
  }
  return all;
}

std::optional<NodeId> Configuration::node_id() const {
  for (const auto& key : {key::node_id, key::tablet_server_id}) {
    if (const std::int64_t id = get(key); id >= 0) return NodeId(static_cast<std::int32_t>(id));
  }
  return std::nullopt;
}

bool ConfigurationOutcome::usable() const {
  return std::ranges::none_of(findings, [](const Finding& finding) {
    return finding.severity == Finding::Severity::error;
  });
}

std::vector<Variable> process_environment() {
  std::vector<Variable> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !text.starts_with("MILLRACE_")) continue;
    variables.push_back(
        {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  }
  return variables;
}

namespace detail {
namespace {

// The loader let only well-formed values in.
template <class T>
T checked(Result<T> value) {
  CHECK(value.has_value());
  return *std::move(value);
}

ValueKind kind_of(const Setting& setting) { return find_key(setting.name)->kind; }

}  // namespace

std::string text_value(const Setting& setting) {
  CHECK(kind_of(setting) == ValueKind::text);
  return setting.value;
}

bool boolean_value(const Setting& setting) {
  CHECK(kind_of(setting) == ValueKind::boolean);
  return checked(parse_boolean(setting.value));
}

std::int64_t integer_value(const Setting& setting) {
  if (kind_of(setting) == ValueKind::size) return checked(parse_size(setting.value));
  CHECK(kind_of(setting) == ValueKind::integer);
  return checked(parse_integer(setting.value));
}

Duration duration_value(const Setting& setting) {
  CHECK(kind_of(setting) == ValueKind::duration);
  return checked(parse_duration(setting.value));
}

std::vector<std::string> list_value(const Setting& setting) {
  CHECK(kind_of(setting) == ValueKind::list);
  return parse_list(setting.value);
}

std::vector<Listener> listeners_value(const Setting& setting) {
  CHECK(kind_of(setting) == ValueKind::listeners);
  return checked(parse_listeners(setting.value));
}

}  // namespace detail
}  // namespace millrace
