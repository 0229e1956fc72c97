#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "apps/config/configuration.hpp"

namespace millrace {

/// The name of a listener that was configured without one.
inline constexpr auto unnamed_listener = "FLUSS";

/// Who may come in on one client listener.
struct ListenerAccess {
  std::string name;
  bool is_internal = false;                               ///< Named by internal.listener.name.
  bool uses_sasl = false;                                 ///< Else PLAINTEXT.
  std::map<std::string, std::string, std::less<>> users;  ///< Name to password.
};

/// What the security keys come to. Source: Fluss 0.9.1 and 1.0 server configuration.
struct SecuritySettings {
  std::vector<ListenerAccess> listeners;  ///< As in bind.listeners.
  bool authorizer = false;
  std::vector<std::pair<std::string, std::string>> super_users;  ///< Type and name.
  bool ignore_case = false;
};

/// Reads the security keys and reports what is wrong with them; no finding shows a secret. Requires
/// that each value is well-formed by itself.
[[nodiscard]] SecuritySettings read_security(const Configuration& configuration,
                                             std::vector<Finding>& findings);

/// True for the keys that hold the users of one listener.
[[nodiscard]] bool is_listener_users_key(std::string_view name);

/// `user_NAME="PASSWORD"` options of a JAAS login module for PLAIN. Errors: malformed, saying what
/// was expected and never what was found.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> parse_jaas_users(
    std::string_view text);

/// `name:password,...`. Errors: as above.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> parse_credentials(
    std::string_view text);

}  // namespace millrace
