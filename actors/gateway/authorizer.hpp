#pragma once
#include <set>
#include <string>

#include "protocol/acl.hpp"

namespace millrace::gateway {

/// What the configuration says about permissions. Keys as in Fluss's server.yaml.
struct AuthorizerSettings {
  bool enabled = false;                         ///< authorizer.enabled
  std::set<protocol::Principal> super_users{};  ///< super.users
  bool ignore_case = false;                     ///< security.acl.principal.ignore-case
};

/// Who asks, and from where.
struct Asker {
  const protocol::Principal& principal;
  const std::string& host;
};

/// Whether `asker` may do `operation` on `resource`: a super user may do everything, anybody else
/// needs an entry that allows it, for the resource or for what contains it. What no entry allows is
/// denied. Source: Fluss 0.9.1 default authorizer.
[[nodiscard]] bool is_allowed(const AuthorizerSettings& settings, const protocol::AclSet& acls,
                              const Asker& asker, protocol::Operation operation,
                              const protocol::Resource& resource);

}  // namespace millrace::gateway
