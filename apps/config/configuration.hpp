#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "apps/config/known_keys.hpp"
#include "apps/config/setting.hpp"
#include "base/ids.hpp"

namespace millrace {

/// One environment variable.
struct Variable {
  std::string name;
  std::string value;
};

/// What a configuration is made from. Defaults come first, then the file, the environment, the
/// flags.
struct ConfigurationSources {
  std::optional<std::filesystem::path> file;
  std::vector<Variable> environment;  ///< Only those that start with MILLRACE_ are looked at.
  std::vector<Setting> flags;         ///< The last of equal keys wins.
};

/// The settings of one process: every key has a value that was checked, and a place it came from.
class Configuration {
 public:
  /// Every key at its default.
  Configuration();

  /// The value of a key in its type. A list of listeners may be empty.
  template <class T>
  [[nodiscard]] T get(const Key<T>& key) const;

  /// The key's text and source. Requires a known key that is not a family.
  [[nodiscard]] const Setting& setting(std::string_view name) const;

  /// Every key that has an effect and every other one that was set, ordered by name.
  [[nodiscard]] std::vector<Setting> settings() const;

  /// millrace.node.id, else tablet-server.id, else nothing.
  [[nodiscard]] std::optional<NodeId> node_id() const;

 private:
  friend class ConfigurationLoader;
  std::map<std::string, Setting, std::less<>> settings_;
};

/// A configuration and what there is to say about it. It may be used only without errors.
struct ConfigurationOutcome {
  Configuration configuration;
  std::vector<Finding> findings;

  [[nodiscard]] bool usable() const;
};

/// Reads, merges and checks all sources. Every problem is found, not only the first.
[[nodiscard]] ConfigurationOutcome load_configuration(const ConfigurationSources& sources);

/// The variables of this process whose name starts with MILLRACE_.
[[nodiscard]] std::vector<Variable> process_environment();

namespace detail {
[[nodiscard]] std::string text_value(const Setting& setting);
[[nodiscard]] bool boolean_value(const Setting& setting);
[[nodiscard]] std::int64_t integer_value(const Setting& setting);
[[nodiscard]] Duration duration_value(const Setting& setting);
[[nodiscard]] std::vector<std::string> list_value(const Setting& setting);
[[nodiscard]] std::vector<Listener> listeners_value(const Setting& setting);
}  // namespace detail

template <class T>
T Configuration::get(const Key<T>& key) const {
  const Setting& found = setting(key.name);
  if constexpr (std::is_same_v<T, bool>) {
    return detail::boolean_value(found);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return detail::integer_value(found);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return detail::duration_value(found);
  } else if constexpr (std::is_same_v<T, std::vector<Listener>>) {
    return detail::listeners_value(found);
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return detail::list_value(found);
  } else {
    static_assert(std::is_same_v<T, std::string>);
    return detail::text_value(found);
  }
}

}  // namespace millrace
