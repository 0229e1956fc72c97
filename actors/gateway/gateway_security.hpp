#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/gateway/authorizer.hpp"

namespace millrace::gateway {

/// One of a node's client listeners. Source: Fluss bind.listeners, security.protocol.map.
struct ListenerSecurity {
  std::string name = "FLUSS";
  bool is_internal = true;  ///< Whoever comes in here may do everything.
  bool uses_sasl = false;   ///< Else nobody has to say who he is.
  /// Name to password, of SASL/PLAIN.
  std::map<std::string, std::string, std::less<>> users{};
};

/// Who is let in where, and what he may do there. Fixed for the life of a node.
struct GatewaySecurity {
  std::vector<ListenerSecurity> listeners{ListenerSecurity{}};  ///< In the order they were bound.
  AuthorizerSettings authorizer;
};

}  // namespace millrace::gateway
