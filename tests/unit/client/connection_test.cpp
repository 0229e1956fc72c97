#include "client/connection.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/unit/client/fake_peer.hpp"

namespace millrace::client {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;

const Endpoint server{"server", 9123};

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { peer.listening.insert(server); }

  std::shared_ptr<Connection> open(ConnectionOptions options = {}) {
    return Connection::open(peer, loop, server, options);
  }

  /// Asks whether a database exists; the outcome lands in `outcomes[name]`.
  void ask(Connection& connection, const std::string& name, Duration time_max = 10s) {
    wire::DatabaseExistsRequest request;
    request.set_database_name(name);
    connection.ask(ApiKey::database_exists, {protocol::serialize(request)}, time_max,
                   [this, name](Outcome<Answer> outcome) {
                     EXPECT_FALSE(outcomes.contains(name)) << "answered twice";
                     outcomes[name] = std::move(outcome);
                   });
  }

  void answer(const Request& request) {
    wire::DatabaseExistsResponse yes;
    yes.set_exists(true);
    peer.answer(request, yes);
  }

  VirtualLoop loop;
  FakePeer peer{loop};
  std::map<std::string, Outcome<Answer>> outcomes;
};

TEST_F(ConnectionTest, ShakesHandsBeforeAnyRequest) {
  peer.answers_handshakes = false;
  const auto connection = open();
  ask(*connection, "a");
  loop.run_for(1s);
  ASSERT_EQ(peer.unanswered.size(), 1U);
  const Request hello = peer.unanswered[0];
  EXPECT_EQ(hello.api, ApiKey::api_versions);
  EXPECT_EQ(hello.id, 0);
  EXPECT_EQ(hello.as<wire::ApiVersionsRequest>().client_software_name(), "millrace");
  EXPECT_FALSE(connection->was_ready());
  wire::ApiVersionsResponse versions;
  auto* entry = versions.add_api_versions();
  entry->set_api_key(1004);
  entry->set_min_version(0);
  entry->set_max_version(3);
  peer.answer(hello, versions);
  loop.run_for(1s);
  ASSERT_EQ(peer.unanswered.size(), 2U);
  EXPECT_EQ(peer.unanswered[1].api, ApiKey::database_exists);
  EXPECT_TRUE(connection->was_ready());
}

TEST_F(ConnectionTest, MatchesAnswersThatComeOutOfOrder) {
  const auto connection = open();
  for (const char* name : {"a", "b", "c"}) ask(*connection, name);
  loop.run_for(1s);
  ASSERT_EQ(peer.unanswered.size(), 3U);
  peer.refuse(peer.unanswered[1], ErrorCode::database_not_exist, "no b");
  answer(peer.unanswered[2]);
  loop.run_for(1s);
  EXPECT_FALSE(outcomes.contains("a"));
  ASSERT_TRUE(outcomes.contains("b"));
  EXPECT_EQ(outcomes["b"].error(), (ProtocolError{ErrorCode::database_not_exist, "no b"}));
  ASSERT_TRUE(outcomes.contains("c"));
  // Frame: length 4, type 1, request id 4, body 2.
  EXPECT_EQ(outcomes["c"]->wire_bytes, 11U);
  answer(peer.unanswered[0]);
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at("a").has_value());
}

TEST_F(ConnectionTest, AnAnswerMayArriveByteByByte) {
  const auto connection = open();
  ask(*connection, "a");
  ask(*connection, "b");
  loop.run_for(1s);
  std::string stream;
  for (const Request& request : peer.unanswered) {
    wire::DatabaseExistsResponse yes;
    yes.set_exists(true);
    for (const Buffer& piece : protocol::encode_response(request.id, {protocol::serialize(yes)}))
      stream += piece.text();
  }
  for (const char byte : stream)
    peer.send_bytes(peer.unanswered[0].connection, Buffer::from(std::string(1, byte)));
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at("a").has_value());
  EXPECT_TRUE(outcomes.at("b").has_value());
}

TEST_F(ConnectionTest, ARequestFailsAtItsDeadlineAndALateAnswerIsIgnored) {
  const auto connection = open();
  ask(*connection, "slow", 2s);
  ask(*connection, "quick", 10s);
  loop.run_for(1s);
  answer(peer.unanswered[1]);
  loop.run_for(1500ms);
  EXPECT_TRUE(outcomes.at("quick").has_value());
  ASSERT_TRUE(outcomes.contains("slow"));
  EXPECT_EQ(outcomes["slow"].error().code, ErrorCode::request_time_out);
  EXPECT_NE(outcomes["slow"].error().message.find("DATABASE_EXISTS"), std::string::npos);
  answer(peer.unanswered[0]);
  loop.run_for(1s);
  EXPECT_FALSE(connection->is_closed());
  ask(*connection, "next");
  loop.run_for(1s);
  answer(peer.unanswered[2]);
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at("next").has_value());
}

TEST_F(ConnectionTest, ASilentServerIsGivenUp) {
  const auto connection = open();
  loop.run_for(1s);
  ask(*connection, "first", 2s);
  ask(*connection, "second", 10s);
  loop.run_for(3s);
  EXPECT_EQ(outcomes.at("first").error().code, ErrorCode::request_time_out);
  EXPECT_EQ(outcomes.at("second").error().code, ErrorCode::network_exception);
  EXPECT_TRUE(connection->is_closed());
  EXPECT_EQ(peer.closed_by_client.size(), 1U);
}

TEST_F(ConnectionTest, ALostConnectionFailsWhatIsInFlight) {
  const auto connection = open();
  ask(*connection, "a");
  loop.run_for(1s);
  peer.hang_up(peer.unanswered[0].connection);
  loop.run_for(1s);
  ASSERT_TRUE(outcomes.contains("a"));
  EXPECT_EQ(outcomes["a"].error().code, ErrorCode::network_exception);
  EXPECT_EQ(outcomes["a"].error().message, "server:9123: closed by the peer");
  ask(*connection, "b");
  EXPECT_FALSE(outcomes.contains("b")) << "called back from inside ask()";
  loop.run_for(1s);
  EXPECT_EQ(outcomes.at("b").error().code, ErrorCode::network_exception);
}

TEST_F(ConnectionTest, ARefusedConnectionSaysSo) {
  peer.listening.clear();
  const auto connection = open();
  ask(*connection, "a");
  loop.run_for(1s);
  ASSERT_TRUE(outcomes.contains("a"));
  EXPECT_NE(outcomes["a"].error().message.find("refused"), std::string::npos);
}

TEST_F(ConnectionTest, ADestroyedConnectionStillAnswers) {
  auto connection = open();
  ask(*connection, "a");
  loop.run_for(1s);
  connection.reset();
  loop.run_for(1s);
  EXPECT_EQ(outcomes.at("a").error().code, ErrorCode::network_exception);
  EXPECT_EQ(peer.open_connections(), 0U);
}

TEST_F(ConnectionTest, AServerWithoutHandshakeIsGivenUp) {
  peer.answers_handshakes = false;
  const auto connection = open({.handshake_time_max = 3s});
  ask(*connection, "a", 10s);
  loop.run_for(4s);
  ASSERT_TRUE(outcomes.contains("a"));
  EXPECT_EQ(outcomes["a"].error().message, "server:9123: no handshake within 3 s");
}

TEST_F(ConnectionTest, AnApiThatIsNotServedFailsHere) {
  peer.unserved.insert(ApiKey::database_exists);
  const auto connection = open();
  ask(*connection, "before");
  loop.run_for(1s);
  ask(*connection, "after");
  loop.run_for(1s);
  for (const char* name : {"before", "after"}) {
    ASSERT_TRUE(outcomes.contains(name));
    EXPECT_EQ(outcomes[name].error().code, ErrorCode::unsupported_version);
    EXPECT_NE(outcomes[name].error().message.find("DATABASE_EXISTS"), std::string::npos);
  }
  EXPECT_TRUE(peer.unanswered.empty());
}

TEST_F(ConnectionTest, TooManyRequestsFailAtOnce) {
  const auto connection = open({.in_flight_max = 2});
  for (const char* name : {"a", "b", "c"}) ask(*connection, name);
  loop.run_for(1s);
  EXPECT_EQ(peer.unanswered.size(), 2U);
  ASSERT_TRUE(outcomes.contains("c"));
  EXPECT_EQ(outcomes["c"].error().code, ErrorCode::network_exception);
}

TEST_F(ConnectionTest, GarbageClosesTheConnectionWithAClearError) {
  const auto bytes = [](std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return Buffer::from(std::move(out));
  };
  const std::vector<Buffer> garbage = {
      bytes({0xff, 0xff, 0xff, 0xff}),     // A negative length.
      bytes({0, 0, 0, 0}),                 // No payload.
      bytes({0x7f, 0xff, 0xff, 0xff}),     // Longer than anything asked for.
      bytes({0, 0, 0, 5, 9, 0, 0, 0, 1}),  // No such frame type.
      bytes({0, 0, 0, 3, 0, 0, 0}),        // Too short for a request id.
      Buffer::from(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")),
  };
  for (const Buffer& junk : garbage) {
    outcomes.clear();
    peer.unanswered.clear();
    const auto connection = open();
    ask(*connection, "a");
    loop.run_for(1s);
    peer.send_bytes(peer.unanswered.at(0).connection, junk);
    loop.run_for(1s);
    ASSERT_TRUE(outcomes.contains("a"));
    EXPECT_EQ(outcomes["a"].error().code, ErrorCode::network_exception);
    EXPECT_NE(outcomes["a"].error().message.find("the server sent garbage"), std::string::npos)
        << outcomes["a"].error().message;
    EXPECT_TRUE(connection->is_closed());
  }
}

TEST_F(ConnectionTest, RandomBytesNeverHangARequest) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    outcomes.clear();
    peer.unanswered.clear();
    peer.answers_handshakes = random.chance(1, 2);
    const auto connection = open();
    ask(*connection, "a");
    loop.run_for(100ms);
    for (int i = 0; i < 5; ++i) {
      std::string junk(1 + random.below(40), '\0');
      for (char& byte : junk) byte = static_cast<char>(random.below(random.chance(1, 2) ? 3 : 256));
      peer.send_bytes(peer.unanswered.at(0).connection, Buffer::from(std::move(junk)));
    }
    loop.run_for(20s);
    EXPECT_TRUE(outcomes.contains("a"));
  }
}

/// A server that asks for a name; what it is shown lands in `tokens`.
class LoginTest : public ConnectionTest {
 protected:
  LoginTest() {
    peer.on_request = [this](const Request& request) {
      if (request.api != ApiKey::authenticate) return false;
      const auto shown = request.as<wire::AuthenticateRequest>();
      EXPECT_EQ(shown.protocol(), "PLAIN");
      tokens.push_back(shown.token());
      if (answers.empty()) return false;
      const ErrorCode code = answers.front();
      answers.pop_front();
      if (code == ErrorCode::none) peer.answer(request, wire::AuthenticateResponse());
      if (code != ErrorCode::none) peer.refuse(request, code, "no");
      return true;
    };
  }

  std::shared_ptr<Connection> open_as_bob() { return open({.login = PlainLogin{"bob", "pw"}}); }

  std::deque<ErrorCode> answers;
  std::vector<std::string> tokens;
};

TEST_F(LoginTest, NothingIsSentBeforeTheServerHasAgreed) {
  const auto connection = open_as_bob();
  ask(*connection, "a");
  loop.run_for(1s);
  ASSERT_EQ(peer.unanswered.size(), 1U);
  EXPECT_EQ(tokens, std::vector{std::string("\0bob\0pw", 7)});
  EXPECT_FALSE(connection->was_ready());
  peer.answer(peer.unanswered[0], wire::AuthenticateResponse());
  loop.run_for(1s);
  ASSERT_EQ(peer.unanswered.size(), 2U);
  EXPECT_EQ(peer.unanswered[1].api, ApiKey::database_exists);
  answer(peer.unanswered[1]);
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at("a").has_value());
}

TEST_F(LoginTest, ARefusalFailsWhatWaitsWithItsCode) {
  answers = {ErrorCode::authenticate_exception};
  const auto connection = open_as_bob();
  ask(*connection, "a");
  loop.run_for(1s);
  ASSERT_TRUE(outcomes.contains("a"));
  EXPECT_EQ(outcomes["a"].error().code, ErrorCode::authenticate_exception);
  EXPECT_EQ(outcomes["a"].error().message.find("pw"), std::string::npos);
  EXPECT_TRUE(connection->is_closed());
  ask(*connection, "b");
  loop.run_for(1s);
  EXPECT_EQ(outcomes["b"].error().code, ErrorCode::authenticate_exception);
}

TEST_F(LoginTest, ARetriableRefusalIsTriedAgain) {
  answers = {ErrorCode::retriable_authenticate_exception,
             ErrorCode::retriable_authenticate_exception, ErrorCode::none};
  const auto connection = open_as_bob();
  loop.run_for(90ms);
  EXPECT_EQ(tokens.size(), 1U);
  loop.run_for(2s);
  EXPECT_EQ(tokens.size(), 3U);
  EXPECT_TRUE(connection->was_ready());
}

TEST_F(LoginTest, AServerWithoutAuthenticationIsNotShownThePassword) {
  peer.unserved = {ApiKey::authenticate};
  const auto connection = open_as_bob();
  ask(*connection, "a");
  loop.run_for(1s);
  EXPECT_TRUE(tokens.empty());
  EXPECT_EQ(outcomes["a"].error().code, ErrorCode::unsupported_version);
}

}  // namespace
}  // namespace millrace::client
