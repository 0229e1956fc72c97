#include "actors/gateway/authenticator.hpp"
#include "base/check.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// AUTHENTICATE with SASL/PLAIN: nobody comes in without the password.

namespace millrace::fuzz {
namespace {

using namespace std::string_literals;

const gateway::ListenerSecurity sasl{"CLIENT", false, true, {{"bob", "b-secret"}, {"eve", "e"}}};

Buffer body_of(const std::string& mechanism, const std::string& token) {
  protocol::wire::AuthenticateRequest request;
  request.set_protocol(mechanism);
  request.set_token(token);
  return protocol::serialize(request);
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  gateway::Authenticator who(sasl);
  // As it is, or within a request that can be read.
  const bool raw = reader.below(2) == 0;
  const Buffer body = raw ? reader.rest() : body_of("PLAIN", std::string(reader.rest().text()));
  const auto answer =
      who.answer({static_cast<std::int16_t>(protocol::ApiKey::authenticate), 0, 1, body});
  CHECK(answer.has_value());
  if (!who.is_done()) return;
  const auto request = protocol::parse_message<protocol::wire::AuthenticateRequest>(body.bytes());
  CHECK(request.has_value());
  const std::string& name = who.principal().name;
  CHECK(request->token().ends_with("\0"s + name + "\0"s + sasl.users.at(name)));
}

std::vector<Buffer> seeds() {
  const std::string token = "bob\0bob\0b-secret"s;
  return {InputWriter().byte(0).rest(body_of("PLAIN", "\0eve\0e"s).text()).done(),
          InputWriter().byte(1).rest(token).done(),
          InputWriter().byte(1).rest(token.substr(3)).done()};
}

}  // namespace millrace::fuzz
