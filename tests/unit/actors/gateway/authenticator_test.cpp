#include "actors/gateway/authenticator.hpp"

#include "tests/unit/actors/gateway/call_script.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::gateway {
namespace {

using namespace std::string_literals;

const ListenerSecurity plaintext{};
const ListenerSecurity sasl{"CLIENT", false, true, {{"bob", "b-secret"}, {"eve", "e-secret"}}};

protocol::RequestFrame authenticate(const std::string& protocol, const std::string& token) {
  wire::AuthenticateRequest request;
  request.set_protocol(protocol);
  request.set_token(token);
  return frame(ApiKey::authenticate, protocol::serialize(request));
}

protocol::RequestFrame ask(ApiKey key) { return frame(key, Buffer()); }

/// None when it was answered with success.
ErrorCode code_of(const std::optional<CallEffect>& answer) {
  EXPECT_TRUE(answer.has_value());
  if (!answer) return ErrorCode::unknown_server_error;
  if (const auto* error = std::get_if<RespondError>(&*answer)) return error->error.code;
  const auto& done = std::get<Respond>(*answer);
  EXPECT_TRUE(joined(done.body).empty()) << "a challenge makes clients come back";
  return ErrorCode::none;
}

TEST(Authenticator, NothingButTheHandshakeComesBeforeAuthentication) {
  Authenticator who(sasl);
  EXPECT_EQ(who.answer(ask(ApiKey::api_versions)), std::nullopt);
  for (const ApiKey key : {ApiKey::get_metadata, ApiKey::produce_log, ApiKey::create_acls}) {
    EXPECT_EQ(code_of(who.answer(ask(key))), ErrorCode::authenticate_exception);
  }
  EXPECT_EQ(code_of(who.answer(ask(static_cast<ApiKey>(7)))), ErrorCode::authenticate_exception);
  EXPECT_EQ(who.failures(), 0);  // Who asks too early has not lied.
  EXPECT_EQ(code_of(who.answer(authenticate("PLAIN", "\0bob\0b-secret"s))), ErrorCode::none);
  EXPECT_EQ(who.principal(), protocol::user_principal("bob"));
  EXPECT_EQ(who.answer(ask(ApiKey::get_metadata)), std::nullopt);
}

TEST(Authenticator, TokensAreTakenOrRefused) {
  for (const auto& [token, code] : std::vector<std::pair<std::string, ErrorCode>>{
           {"\0bob\0b-secret"s, ErrorCode::none},
           {"bob\0bob\0b-secret"s, ErrorCode::none},  // Acting for oneself.
           {"eve\0bob\0b-secret"s, ErrorCode::authenticate_exception},
           {"\0bob\0e-secret"s, ErrorCode::authenticate_exception},
           {"\0bob\0b-secre"s, ErrorCode::authenticate_exception},
           {"\0bob\0b-secret2"s, ErrorCode::authenticate_exception},
           {"\0bob\0b-secretb-secret"s, ErrorCode::authenticate_exception},
           {"\0bob\0"s, ErrorCode::authenticate_exception},
           {"\0\0b-secret"s, ErrorCode::authenticate_exception},
           {"\0mallory\0?"s, ErrorCode::authenticate_exception},
           {"\0bob"s, ErrorCode::authenticate_exception},
           {"bob"s, ErrorCode::authenticate_exception},
           {""s, ErrorCode::authenticate_exception},
           {"\0bob\0b-secret\0"s, ErrorCode::authenticate_exception}}) {
    SCOPED_TRACE(protocol::hex(Buffer::from(token)));
    Authenticator who(sasl);
    EXPECT_EQ(code_of(who.answer(authenticate("PLAIN", token))), code);
    EXPECT_EQ(who.answer(ask(ApiKey::get_metadata)).has_value(), code != ErrorCode::none);
  }
}

TEST(Authenticator, MechanismsAreNamedInAnyCase) {
  for (const char* name : {"PLAIN", "plain", "Plain"}) {
    Authenticator who(sasl);
    EXPECT_EQ(code_of(who.answer(authenticate(name, "\0bob\0b-secret"s))), ErrorCode::none);
  }
  for (const char* name : {"PLAINTEXT", "SCRAM-SHA-256", ""}) {
    Authenticator who(sasl);
    EXPECT_EQ(code_of(who.answer(authenticate(name, "\0bob\0b-secret"s))),
              ErrorCode::authenticate_exception);
  }
}

TEST(Authenticator, OnceItIsDoneItStaysDone) {
  Authenticator who(sasl);
  (void)who.answer(authenticate("PLAIN", "\0bob\0b-secret"s));
  EXPECT_EQ(code_of(who.answer(authenticate("PLAIN", ""))), ErrorCode::none);
  EXPECT_EQ(code_of(who.answer(authenticate("PLAIN", "\0eve\0e-secret"s))), ErrorCode::none);
  EXPECT_EQ(who.principal(), protocol::user_principal("bob"));
}

TEST(Authenticator, WhoKeepsGuessingIsHopeless) {
  Authenticator who(sasl);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(who.is_hopeless());
    (void)who.answer(authenticate("PLAIN", "\0bob\0wrong"s));
  }
  EXPECT_TRUE(who.is_hopeless());
}

TEST(Authenticator, ErrorsTellNeitherWhoIsKnownNorWhatWasSaid) {
  const auto message_of = [](const std::string& token) {
    Authenticator who(sasl);
    return std::get<RespondError>(*who.answer(authenticate("PLAIN", token))).error.message;
  };
  EXPECT_EQ(message_of("\0bob\0wrong"s), message_of("\0mallory\0wrong"s));
  EXPECT_EQ(message_of("\0bob\0wrong"s).find("wrong\0"), std::string::npos);
  EXPECT_EQ(message_of("\0bob\0hunter2"s).find("hunter2"), std::string::npos);
}

TEST(Authenticator, APlaintextListenerTakesPlaintextAndNothingElse) {
  for (const char* name : {"PLAINTEXT", "plaintext", "PlainText"}) {
    Authenticator who(plaintext);
    EXPECT_EQ(code_of(who.answer(authenticate(name, ""))), ErrorCode::none);
  }
  for (const char* name : {"PLAIN", "", "PLAINTEXTS"}) {
    Authenticator who(plaintext);
    EXPECT_EQ(code_of(who.answer(authenticate(name, ""))), ErrorCode::authenticate_exception);
  }
  Authenticator who(plaintext);
  EXPECT_EQ(who.answer(ask(ApiKey::get_metadata)), std::nullopt);
  EXPECT_EQ(who.principal(), protocol::user_principal("ANONYMOUS"));
}

TEST(AuthenticatorProperty, NoMutatedTokenLetsAnybodyIn) {
  const auto sound = authenticate("PLAIN", "\0bob\0b-secret"s);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Authenticator who(sasl);
    const auto request = frame(ApiKey::authenticate, protocol::mutate(sound.body, random));
    const auto answer = who.answer(request);
    ASSERT_TRUE(answer.has_value());
    if (who.answer(ask(ApiKey::get_metadata)).has_value()) continue;
    // Only what says the same may get in: the right token, in another wrapping.
    const auto said = protocol::parse_message<wire::AuthenticateRequest>(request.body.bytes());
    ASSERT_TRUE(said.has_value());
    EXPECT_TRUE(said->token() == "\0bob\0b-secret"s || said->token() == "bob\0bob\0b-secret"s);
  }
}

}  // namespace
}  // namespace millrace::gateway
