#include "apps/config/configuration_loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/config/nearest_name.hpp"
#include "apps/config/security_settings.hpp"
#include "apps/config/value_text.hpp"
#include "apps/config/yaml_file.hpp"

namespace millrace {
namespace {

using enum Finding::Severity;

// Set by the host agent and the launcher for their children; no configuration.
constexpr auto reserved_variables = std::to_array<std::string_view>(
    {"MILLRACE_AGENT_FD", "MILLRACE_LAUNCHER_FD", "MILLRACE_PREFER_PORTS"});

// Of the command line's own client: a server started from the same shell has nothing to say to it.
constexpr std::string_view client_variables = "MILLRACE_CLIENT_";

std::string nearest_key(std::string_view name) {
  std::vector<std::string_view> names;
  for (const KeySpec& spec : known_keys()) {
    if (!is_family(spec)) names.push_back(spec.name);
  }
  return std::string(nearest_name(name, names));
}

// The exact key that a variable sets, or null.
const KeySpec* key_of_variable(std::string_view variable) {
  for (const KeySpec& spec : known_keys()) {
    if (!is_family(spec) && environment_name(spec.name) == variable) return &spec;
  }
  return nullptr;
}

std::string shown_value(const Setting& setting) {
  return is_secret_name(setting.name) ? "(hidden)" : setting.value.substr(0, 100);
}

// Whether a security key asks for nothing beyond what Fluss does when it is not set.
bool asks_for_nothing(const KeySpec& spec, const Setting& setting) {
  if (is_listener_users_key(setting.name)) return true;  // Built: read_security() looks at it.
  return lower_case(trimmed(setting.value)) == spec.default_text;
}

template <class T>
std::string problem_of(const Result<T>& parsed) {
  return parsed ? std::string() : parsed.error().message;
}

std::string range_problem(const KeySpec& spec, const Result<std::int64_t>& value) {
  if (!value) return value.error().message;
  if (*value < spec.least) return "value is too small";
  if (*value > spec.most) return "value is too large";
  return {};
}

std::string choice_problem(const KeySpec& spec, const std::vector<std::string>& values) {
  const std::vector<std::string> choices = parse_list(spec.choices);
  if (choices.empty()) return {};
  for (const std::string& value : values) {
    if (std::ranges::find(choices, value) != choices.end()) continue;
    return fmt::format("expected {}", fmt::join(choices, ", "));
  }
  return values.empty() ? "value is missing" : std::string();
}

// What is wrong with a value, or nothing.
std::string value_problem(const KeySpec& spec, const std::string& value) {
  switch (spec.kind) {
    case ValueKind::text:
      return choice_problem(spec, {value});
    case ValueKind::list:
      return choice_problem(spec, parse_list(value));
    case ValueKind::boolean:
      return problem_of(parse_boolean(value));
    case ValueKind::integer:
      return range_problem(spec, parse_integer(value));
    case ValueKind::size:
      return range_problem(spec, parse_size(value));
    case ValueKind::duration:
      return range_problem(spec, parse_duration(value).map([](Duration d) { return d.count(); }));
    case ValueKind::listeners:
      return range_problem(spec, parse_listeners(value).map([](const auto& listeners) {
        return static_cast<std::int64_t>(listeners.size());
      }));
  }
  return {};
}

}  // namespace

void ConfigurationLoader::report(Finding::Severity severity, std::string code, std::string message,
                                 std::string next) {
  outcome_.findings.push_back({severity, std::move(code), std::move(message), std::move(next)});
}

void ConfigurationLoader::put(const Setting& setting) {
  const KeySpec* spec = find_key(setting.name);
  if (spec != nullptr && !(is_family(*spec) && setting.name.ends_with(".*"))) {
    outcome_.configuration.settings_[setting.name] = setting;
    return;
  }
  const std::string nearest = nearest_key(setting.name);
  report(error, "config.unknown_key",
         fmt::format("unknown key {} ({})", setting.name.substr(0, 200), to_string(setting.source)),
         nearest.empty() ? "list the keys with: millrace config show"
                         : fmt::format("did you mean {}?", nearest));
}

void ConfigurationLoader::add_file(const std::filesystem::path& path) {
  const auto settings = read_server_yaml(path);
  if (!settings) {
    report(error, "config.bad_file", settings.error().message, "correct the file");
    return;
  }
  for (const Setting& setting : *settings) put(setting);
}

void ConfigurationLoader::add_environment(const std::vector<Variable>& variables) {
  for (const Variable& variable : variables) {
    if (!variable.name.starts_with("MILLRACE_")) continue;
    if (std::ranges::find(reserved_variables, variable.name) != reserved_variables.end()) continue;
    if (variable.name.starts_with(client_variables)) continue;
    if (const KeySpec* spec = key_of_variable(variable.name)) {
      put({std::string(spec->name), variable.value, {SourceKind::environment, variable.name}});
      continue;
    }
    // Orchestrators put variables of their own there, so a stranger is no reason to refuse; one
    // that asks for protection is.
    const bool security = is_security_name(variable.name);
    report(security ? error : warning,
           security ? "config.security_not_built" : "config.unknown_variable",
           fmt::format("environment variable names no key: {}", variable.name.substr(0, 200)),
           fmt::format("unset {}", variable.name.substr(0, 200)));
  }
}

void ConfigurationLoader::add_flags(const std::vector<Setting>& flags) {
  for (const Setting& flag : flags) put(flag);
}

void ConfigurationLoader::check_value(const KeySpec& spec, const Setting& setting) {
  const std::string problem = value_problem(spec, setting.value);
  if (problem.empty()) return;
  report(error, "config.bad_value",
         fmt::format("bad value for {}: {}: '{}' ({})", setting.name, problem, shown_value(setting),
                     to_string(setting.source)),
         fmt::format("correct it, or leave it out for the default '{}'", spec.default_text));
}

void ConfigurationLoader::check_winner(const Setting& setting) {
  if (setting.source.kind == SourceKind::default_value) return;
  const KeySpec& spec = *find_key(setting.name);
  const bool promises_protection =
      spec.standing == Standing::security || (is_family(spec) && is_security_name(setting.name));
  if (promises_protection) {
    if (asks_for_nothing(spec, setting)) return;
    report(error, "config.security_not_built",
           fmt::format("this is not built yet, so the key would protect nothing: {} ({})",
                       setting.name, to_string(setting.source)),
           fmt::format("remove {}", setting.name));
  } else if (spec.standing == Standing::without_effect) {
    report(warning, "config.no_effect",
           fmt::format("key has no effect here: {} ({})", setting.name, to_string(setting.source)),
           "nothing; the key is accepted so that the file works for Fluss too");
  } else {
    check_value(spec, setting);
  }
}

void ConfigurationLoader::check_secret_off_loopback(const Key<std::vector<Listener>>& listener,
                                                    const Key<std::string>& secret) {
  const Configuration& configuration = outcome_.configuration;
  if (std::ranges::all_of(configuration.get(listener), is_loopback)) return;
  if (!configuration.get(secret).empty()) return;
  report(error, "config.open_listener",
         fmt::format("{} is reachable from other machines, but {} is not set", listener.name,
                     secret.name),
         fmt::format("set {}, or listen on 127.0.0.1", secret.name));
}

void ConfigurationLoader::check_pairs() {
  (void)read_security(outcome_.configuration, outcome_.findings);
  check_secret_off_loopback(key::link_listener, key::link_secret);
  check_secret_off_loopback(key::http_listener, key::http_token);
  const Configuration& configuration = outcome_.configuration;
  const std::int64_t node = configuration.get(key::node_id);
  const std::int64_t server = configuration.get(key::tablet_server_id);
  if (node >= 0 && server >= 0 && node != server) {
    report(error, "config.two_ids",
           fmt::format("millrace.node.id and tablet-server.id differ: {} and {}", node, server),
           "set one of them");
  }
}

ConfigurationOutcome ConfigurationLoader::finish() {
  for (const auto& [name, setting] : outcome_.configuration.settings_) check_winner(setting);
  if (outcome_.usable()) check_pairs();  // Which reads values, so they must be well-formed.
  return std::exchange(outcome_, {});
}

ConfigurationOutcome load_configuration(const ConfigurationSources& sources) {
  ConfigurationLoader loader;
  if (sources.file) loader.add_file(*sources.file);
  loader.add_environment(sources.environment);
  loader.add_flags(sources.flags);
  return loader.finish();
}

}  // namespace millrace
