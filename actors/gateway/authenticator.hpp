#pragma once
#include <optional>

#include "actors/gateway/call.hpp"
#include "actors/gateway/gateway_security.hpp"
#include "protocol/frame.hpp"

namespace millrace::gateway {

/// What one connection has shown of who is at its other end. On a listener with SASL nothing but
/// the handshake is served before the client has proved its name; on any other listener everybody
/// is anonymous. Source: Fluss AUTHENTICATE v0, SASL/PLAIN.
class Authenticator {
 public:
  /// `listener` outlives this.
  explicit Authenticator(const ListenerSecurity& listener);

  /// The answer to a request that gets no further than here: AUTHENTICATE itself, and what may not
  /// be asked yet. Nothing: the request may be served.
  [[nodiscard]] std::optional<CallEffect> answer(const protocol::RequestFrame& request);

  /// Anonymous until the client has proved its name.
  [[nodiscard]] const protocol::Principal& principal() const { return principal_; }
  /// Whether requests may be served.
  [[nodiscard]] bool is_done() const { return is_done_; }
  /// So many wrong answers that the connection is not worth keeping.
  [[nodiscard]] bool is_hopeless() const;
  /// Wrong answers so far.
  [[nodiscard]] int failures() const { return failures_; }

 private:
  [[nodiscard]] CallEffect authenticate(const protocol::RequestFrame& request);
  [[nodiscard]] CallEffect refuse(std::string why);

  const ListenerSecurity& listener_;
  bool is_done_;
  protocol::Principal principal_ = protocol::anonymous_principal();
  int failures_ = 0;
};

}  // namespace millrace::gateway
