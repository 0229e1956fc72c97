#include "apps/config/security_settings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apps/config/value_text.hpp"

namespace millrace {
namespace {

using enum Finding::Severity;
using Users = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view listener_users_prefix = "security.sasl.listener.name.";
constexpr std::string_view listener_users_suffix = ".plain.jaas.config";

class SecurityReader {
 public:
  SecurityReader(const Configuration& configuration, std::vector<Finding>& findings)
      : configuration_(configuration), findings_(findings) {}

  SecuritySettings read() {
    read_listeners();
    check_advertised();
    read_protocols();
    read_users();
    read_authorizer();
    check_sasl();
    return std::move(settings_);
  }

 private:
  void report(Finding::Severity severity, std::string_view code, std::string message,
              std::string next) {
    findings_.push_back({severity, std::string(code), std::move(message), std::move(next)});
  }

  [[nodiscard]] ListenerAccess* find(std::string_view name) {
    const auto found = std::find_if(settings_.listeners.begin(), settings_.listeners.end(),
                                    [&](const ListenerAccess& one) { return one.name == name; });
    return found == settings_.listeners.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::string names() const {
    std::vector<std::string> names;
    for (const ListenerAccess& one : settings_.listeners) names.push_back(one.name);
    return fmt::format("{}", fmt::join(names, ", "));
  }

  void read_listeners() {
    const std::string internal = configuration_.get(key::internal_listener_name);
    for (const Listener& one : configuration_.get(key::bind_listeners)) {
      const std::string name = one.name.empty() ? unnamed_listener : one.name;
      settings_.listeners.push_back({name, name == internal, false, {}});
    }
    const auto& setting = configuration_.setting(key::internal_listener_name.name);
    if (setting.source.kind == SourceKind::default_value || find(internal) != nullptr) return;
    report(error, "config.unknown_listener",
           fmt::format("internal.listener.name is none of bind.listeners: {}", internal),
           fmt::format("name one of: {}", names()));
  }

  void check_advertised() {
    for (const Listener& one : configuration_.get(key::advertised_listeners)) {
      const std::string name = one.name.empty() ? unnamed_listener : one.name;
      if (find(name) != nullptr) continue;
      report(error, "config.unknown_listener",
             fmt::format("advertised.listeners names a listener that is not bound: {}", name),
             fmt::format("name one of: {}", names()));
    }
  }

  void read_protocols() {
    for (const std::string& entry : parse_list(configuration_.get(key::security_protocol_map))) {
      const auto colon = entry.rfind(':');
      const std::string name(trimmed(entry.substr(0, colon)));
      const std::string protocol =
          colon == std::string::npos ? "" : lower_case(trimmed(entry.substr(colon + 1)));
      ListenerAccess* listener = find(name);
      if (protocol.empty() || name.empty()) {
        report(
            error, "config.bad_value",
            fmt::format("bad value for security.protocol.map: expected NAME:PROTOCOL: '{}'", entry),
            "write for example CLIENT:SASL");
      } else if (listener == nullptr) {
        report(error, "config.unknown_listener",
               fmt::format("security.protocol.map names a listener that is not bound: {}", name),
               fmt::format("name one of: {}", names()));
      } else if (protocol != "sasl" && protocol != "plaintext") {
        report(error, "config.security_not_built",
               fmt::format("protocol {} of listener {} is not built: PLAINTEXT and SASL are",
                           entry.substr(colon + 1), name),
               "use SASL, on a network that nobody listens to");
      } else {
        listener->uses_sasl = protocol == "sasl";
      }
    }
  }

  void add_users(std::string_view name, const Result<Users>& users, ListenerAccess* only) {
    if (!users) {
      return report(error, "config.bad_value",
                    fmt::format("bad value for {}: {}", name, users.error().message),
                    fmt::format("correct {}", name));
    }
    for (ListenerAccess& listener : settings_.listeners) {
      if (only != nullptr && &listener != only) continue;
      for (const auto& [user, password] : *users) listener.users.insert_or_assign(user, password);
    }
  }

  /// What is said of one listener stands in place of the same user said of all.
  void read_users() {
    const std::string credentials = configuration_.get(key::sasl_plain_credentials);
    add_users(key::sasl_plain_credentials.name, parse_credentials(credentials), nullptr);
    const std::string all = configuration_.get(key::sasl_plain_jaas);
    if (!all.empty()) add_users(key::sasl_plain_jaas.name, parse_jaas_users(all), nullptr);
    for (const Setting& setting : configuration_.settings()) {
      if (!is_listener_users_key(setting.name)) continue;
      std::string_view name = setting.name;
      name.remove_prefix(listener_users_prefix.size());
      name.remove_suffix(listener_users_suffix.size());
      const auto found =
          std::find_if(settings_.listeners.begin(), settings_.listeners.end(),
                       [&](const ListenerAccess& one) { return lower_case(one.name) == name; });
      if (found == settings_.listeners.end()) {
        report(error, "config.unknown_listener",
               fmt::format("{} is about a listener that is not bound", setting.name),
               fmt::format("write in lower case one of: {}", names()));
        continue;
      }
      add_users(setting.name, parse_jaas_users(setting.value), &*found);
    }
  }

  void read_authorizer() {
    settings_.authorizer = configuration_.get(key::authorizer_enabled);
    settings_.ignore_case = configuration_.get(key::acl_ignore_case);
    for (const std::string& entry : configuration_.get(key::super_users)) {
      const auto colon = entry.find(':');
      if (colon == std::string::npos || colon == 0 || colon + 1 == entry.size()) {
        report(error, "config.bad_value",
               fmt::format("bad value for super.users: expected Type:name: '{}'", entry),
               "write for example User:admin");
        continue;
      }
      settings_.super_users.emplace_back(entry.substr(0, colon), entry.substr(colon + 1));
    }
    const bool bites = std::any_of(settings_.listeners.begin(), settings_.listeners.end(),
                                   [](const ListenerAccess& one) { return !one.is_internal; });
    if (!settings_.authorizer || bites) return;
    report(warning, "config.authorizer_bites_nobody",
           fmt::format("authorizer.enabled is set, but {} is the only listener and internal: "
                       "everything is allowed there",
                       names()),
           "bind a second listener for clients, or name another in internal.listener.name");
  }

  void check_sasl() {
    const auto bound = configuration_.get(key::bind_listeners);
    for (std::size_t i = 0; i < bound.size(); ++i) {
      const ListenerAccess& listener = settings_.listeners[i];
      if (!listener.uses_sasl) continue;
      if (listener.users.empty()) {
        report(error, "config.no_users",
               fmt::format("listener {} uses SASL, but nobody is known there", listener.name),
               fmt::format("set {}", key::sasl_plain_jaas.name));
      }
      if (!is_loopback(bound[i])) {
        report(warning, "config.open_passwords",
               fmt::format("listener {} is reachable from other machines, and SASL/PLAIN sends "
                           "passwords in clear text",
                           listener.name),
               "keep it on a network that nobody listens to");
      }
    }
  }

  const Configuration& configuration_;
  std::vector<Finding>& findings_;
  SecuritySettings settings_;
};

}  // namespace

bool is_listener_users_key(std::string_view name) {
  return name.starts_with(listener_users_prefix) && name.ends_with(listener_users_suffix) &&
         name.size() > listener_users_prefix.size() + listener_users_suffix.size();
}

SecuritySettings read_security(const Configuration& configuration, std::vector<Finding>& findings) {
  return SecurityReader(configuration, findings).read();
}

}  // namespace millrace
