#include "actors/gateway/authenticator.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"

namespace millrace::gateway {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;
using protocol::ErrorCode;

constexpr int failures_max = 3;
constexpr std::size_t request_bytes_max = 16 << 10;

/// In any case, as Fluss compares it.
bool is_protocol(std::string_view given, std::string_view expected) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(given.begin(), given.end(), expected.begin(), expected.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

struct PlainToken {
  std::string_view user;
  std::string_view password;
};

/// authzid NUL user NUL password. Source: RFC 4616; acting for somebody else is refused.
std::optional<PlainToken> read_plain(std::string_view token) {
  const auto first = token.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view acts_for = token.substr(0, first);
  const PlainToken plain{token.substr(first + 1, second - first - 1), token.substr(second + 1)};
  if (plain.user.empty() || plain.password.empty()) return std::nullopt;
  if (plain.password.find('\0') != std::string_view::npos) return std::nullopt;
  if (!acts_for.empty() && acts_for != plain.user) return std::nullopt;
  return plain;
}

/// Takes as long for any secret: only the given text's length shows. Requires a secret.
bool is_equal_in_constant_time(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i]) ^
                  static_cast<unsigned char>(secret[i % secret.size()]);
  }
  return difference == 0;
}

CallEffect accepted() { return Respond{{protocol::serialize(wire::AuthenticateResponse{})}}; }

}  // namespace

Authenticator::Authenticator(const ListenerSecurity& listener)
    : listener_(listener), is_done_(!listener.uses_sasl) {}

bool Authenticator::is_hopeless() const { return failures_ >= failures_max; }

std::optional<CallEffect> Authenticator::answer(const protocol::RequestFrame& request) {
  const auto key = static_cast<ApiKey>(request.api_key);
  if (key == ApiKey::authenticate) return authenticate(request);
  if (is_done_ || key == ApiKey::api_versions) return std::nullopt;
  return RespondError{{ErrorCode::authenticate_exception,
                       "This listener asks for authentication: AUTHENTICATE comes first."}};
}

CallEffect Authenticator::authenticate(const protocol::RequestFrame& request) {
  auto asked =
      protocol::parse_message<wire::AuthenticateRequest>(request.body.bytes(), request_bytes_max);
  if (!asked) return RespondError{to_protocol(asked.error())};
  if (!listener_.uses_sasl) {
    if (is_protocol(asked->protocol(), "PLAINTEXT")) return accepted();
    return refuse("This listener takes PLAINTEXT only.");
  }
  // Clients that were sent a challenge come back with it, whatever it was.
  if (is_done_) return accepted();
  if (!is_protocol(asked->protocol(), "PLAIN")) {
    return refuse("This listener takes SASL/PLAIN only.");
  }
  const auto plain = read_plain(asked->token());
  if (!plain) return refuse("The SASL/PLAIN token cannot be read.");
  const auto user = listener_.users.find(plain->user);
  const bool is_known = user != listener_.users.end() && !user->second.empty();
  // Somebody unknown is compared too, so that the time does not tell who is known.
  const bool is_right =
      is_equal_in_constant_time(plain->password, is_known ? std::string_view(user->second) : "?");
  if (!is_known || !is_right) return refuse("Wrong user name or password.");
  is_done_ = true;
  principal_ = protocol::user_principal(user->first);
  return accepted();
}

CallEffect Authenticator::refuse(std::string why) {
  ++failures_;
  return RespondError{{ErrorCode::authenticate_exception, std::move(why)}};
}

}  // namespace millrace::gateway
