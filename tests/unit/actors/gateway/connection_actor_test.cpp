#include "actors/gateway/connection_actor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "actors/gateway/gateway_actor.hpp"
#include "protocol/api.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "runtime/actor_names.hpp"
#include "runtime/simulator/simulation.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/replica.capnp.h"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

constexpr ProcessId server_process{1};
constexpr ProcessId client_process{2};
constexpr ProcessId other_process{3};
const Endpoint gateway_at{"127.0.0.1", 9123};
const Endpoint guarded_at{"127.0.0.1", 9223};

/// A whole API_VERSIONS request.
std::string request() {
  std::string bytes;
  for (const Buffer& piece :
       protocol::encode_request(protocol::ApiKey::api_versions, 0, 1,
                                {Buffer::from(std::string("\x0a\x01\x61\x12\x01\x31"))})) {
    bytes += piece.text();
  }
  return bytes;
}

/// The beginning of a request that announces `announced` bytes, with `arrived` of them.
std::string beginning(std::size_t announced, std::size_t arrived) {
  std::string bytes(4 + arrived, '\0');
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(announced >> (24 - 8 * i));
  return bytes;
}

class Client {
 public:
  explicit Client(Simulation& simulation, ProcessId process = client_process,
                  const Endpoint& to = gateway_at)
      : transport_(simulation.network().transport_of(process)) {
    connection_ = transport_->connect(to, [this](const TransportEvent& event) {
      if (const auto* received = std::get_if<Received>(&event)) {
        answered += received->bytes.size();
        heard += received->bytes.text();
      }
      if (std::holds_alternative<Closed>(event)) closed = true;
      if (!closed && !std::holds_alternative<Sent>(event)) transport_->receive(connection_);
    });
  }
  void write(std::string bytes) { transport_->send(connection_, {Buffer::from(std::move(bytes))}); }

  std::size_t answered = 0;
  std::string heard;
  bool closed = false;

 private:
  std::unique_ptr<Transport> transport_;
  ConnectionId connection_;
};

/// Reads all of bucket 0 of `flights` that fits into the answer.
std::string fetch() {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(1 << 20);
  auto* table = request.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(false);
  auto* bucket = table->add_buckets_req();
  bucket->set_bucket_id(0);
  bucket->set_fetch_offset(0);
  bucket->set_max_fetch_bytes(1 << 20);
  const Buffer frame =
      joined(protocol::encode_request(ApiKey::fetch_log, 0, 1, {protocol::serialize(request)}));
  return std::string(frame.text());
}

/// In the place of a replica: whatever is read, there are two batches more.
class Replica final : public Actor {
 public:
  using Actor::Actor;

 protected:
  void on_envelope(const Envelope& envelope) override {
    const Buffer batch = rows_batch(100);
    const Buffer rows = joined({stored(batch, 0), stored(batch, 100)});
    Envelope answer = seal<schemas::ReplicaReply>(
        [](schemas::ReplicaReply::Builder reply) { reply.initData().setHighWatermark(200); },
        {rows});
    reply(envelope, std::move(answer));
  }
};

class ConnectionActorTest : public testing::Test {
 protected:
  static constexpr std::size_t requests_max = 10'000;
  static constexpr std::size_t answers_max = 10'000;

  explicit ConnectionActorTest(GatewayOptions options = {}) {
    node_ = &simulation_.start_process({"c-1", self, Incarnation{1}}, 1'700'000'000'000);
    transport_ = simulation_.network().transport_of(server_process);
    options.connection.frame_time_max = 20s;
    options.connection.answer_time_max = 8s;
    (void)node_->spawn<GatewayActor>(gateway_name, "node", Placement::scheduled, *transport_, view_,
                                     budgets_, options);
    EXPECT_TRUE(
        transport_->listen(gateway_at, accept_to(*node_, *transport_, gateway_name)).has_value());
    EXPECT_TRUE(transport_->listen(guarded_at, accept_to(*node_, *transport_, gateway_name, 1))
                    .has_value());
    view_.set(cluster());
    simulation_.run_for(1ms);
  }

  [[nodiscard]] std::ptrdiff_t connections() const {
    const auto actors = node_->actors();
    return std::count_if(actors.begin(), actors.end(), [](const ActorView& actor) {
      return actor.name.starts_with("connection/");
    });
  }

  PublishedView view_;
  GatewayBudgets budgets_{requests_max, answers_max, 2, [](BucketId bucket) {
                            return static_cast<std::size_t>(bucket.bucket.value() % 2);
                          }};
  std::unique_ptr<Transport> transport_;
  Simulation simulation_{1};
  NodeContext* node_ = nullptr;
};

TEST_F(ConnectionActorTest, ARequestIsAnsweredAndHoldsNothingAfterwards) {
  Client client(simulation_);
  client.write(request());
  simulation_.run_for(1s);
  EXPECT_GT(client.answered, 0U);
  EXPECT_EQ(budgets_.requests->held(), 0U);
  EXPECT_EQ(budgets_.answers.held(), 0U);
  EXPECT_FALSE(client.closed);
}

TEST_F(ConnectionActorTest, AFrameThatIsStillArrivingCountsAndEndsWithItsTime) {
  Client slow(simulation_);
  slow.write(beginning(5000, 3000));
  simulation_.run_for(1s);
  EXPECT_EQ(budgets_.requests->held(), 3004U);
  simulation_.run_for(17s);
  EXPECT_FALSE(slow.closed);
  simulation_.run_for(10s);
  EXPECT_TRUE(slow.closed);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

TEST_F(ConnectionActorTest, ASpentBudgetHoldsNewRequestsBackUntilThereIsRoom) {
  Client greedy(simulation_);
  greedy.write(beginning(50'000, requests_max));
  simulation_.run_for(1s);
  EXPECT_TRUE(budgets_.requests->is_spent());
  Client other(simulation_);
  other.write(request());
  simulation_.run_for(5s);
  EXPECT_EQ(other.answered, 0U);
  EXPECT_FALSE(other.closed);
  simulation_.run_for(25s);  // By then the greedy one's time is up.
  EXPECT_TRUE(greedy.closed);
  EXPECT_GT(other.answered, 0U);
}

TEST_F(ConnectionActorTest, WhatHasBegunToArriveGoesOnWhileTheBudgetIsSpentOnce) {
  Client begun(simulation_);
  begun.write(request().substr(0, 6));
  simulation_.run_for(1s);
  Client greedy(simulation_);
  greedy.write(beginning(50'000, requests_max));
  simulation_.run_for(1s);
  begun.write(request().substr(6));
  simulation_.run_for(1s);
  EXPECT_GT(begun.answered, 0U);
}

TEST_F(ConnectionActorTest, WhoTakesNoAnswersIsClosedAndOthersAreServed) {
  Client stalled(simulation_, other_process);
  simulation_.run_for(1s);
  simulation_.network().cut(server_process, other_process);
  for (int i = 0; i < 200; ++i) stalled.write(request());
  simulation_.run_for(2s);
  ASSERT_TRUE(budgets_.answers.is_spent());
  Client other(simulation_);
  other.write(request());
  simulation_.run_for(2s);
  EXPECT_GT(other.answered, 0U);
  EXPECT_LT(budgets_.answers.held(), 2 * answers_max);
  EXPECT_EQ(connections(), 2);
  simulation_.run_for(20s);
  EXPECT_EQ(connections(), 1);
  EXPECT_FALSE(other.closed);
  EXPECT_EQ(budgets_.answers.held(), 0U);
}

TEST_F(ConnectionActorTest, ManyFetchesInOneGoAreReadAsTheirAnswersAreTaken) {
  (void)node_->spawn<Replica>(replica_name({flights, BucketIndex{0}}), "tablet",
                              Placement::scheduled);
  constexpr int fetches = 100;
  Client stalled(simulation_, other_process);
  simulation_.run_for(1s);
  simulation_.network().cut(server_process, other_process);
  std::string all;
  for (int i = 0; i < fetches; ++i) all += fetch();
  stalled.write(all);
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    simulation_.run_for(10ms);
    most = std::max(most, budgets_.answers.held());
  }
  EXPECT_GT(most, answers_max / 2);
  EXPECT_LT(most, (1 << 20) + 2 * answers_max);  // One read was allowed to bring all it asked for.
  Client other(simulation_);
  other.write(fetch());
  simulation_.run_for(1s);
  EXPECT_GT(other.answered, 1500U);
  simulation_.network().heal(server_process, other_process);
  simulation_.run_for(4s);
  EXPECT_GE(stalled.answered, fetches * std::size_t{1500});
  EXPECT_EQ(budgets_.answers.held(), 0U);
}

TEST_F(ConnectionActorTest, AFrameThatWeKeepWaitingIsNotItsSendersFault) {
  Client waits(simulation_, other_process);
  waits.write(request().substr(0, 6));
  simulation_.run_for(1s);
  budgets_.requests->take(3 * requests_max);
  waits.write(request().substr(6));  // This much was still asked for.
  waits.write(request().substr(0, 6));
  simulation_.run_for(60s);
  EXPECT_FALSE(waits.closed);
  budgets_.requests->give_back(3 * requests_max);
  waits.write(request().substr(6));
  simulation_.run_for(1s);
  EXPECT_FALSE(waits.closed);
  EXPECT_GT(waits.answered, 0U);
}

TEST_F(ConnectionActorTest, HalfArrivedFramesDoNotFreezeEachOther) {
  Client first(simulation_);
  Client second(simulation_, other_process);
  first.write(beginning(requests_max + 1000, 500));
  second.write(beginning(requests_max + 1000, 500));
  simulation_.run_for(1s);
  first.write(std::string(requests_max - 500, '\0'));
  second.write(std::string(requests_max - 1500, '\0'));
  simulation_.run_for(1s);
  EXPECT_TRUE(budgets_.requests->is_spent());
  second.write(std::string(2000, '\0'));  // An unknown API, which is answered.
  simulation_.run_for(1s);
  EXPECT_GT(second.answered, 0U);
  first.write(std::string(1000, '\0'));
  simulation_.run_for(1s);
  EXPECT_GT(first.answered, 0U);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

std::string frame_of(protocol::ApiKey key, Buffer body) {
  std::string bytes;
  for (const Buffer& piece : protocol::encode_request(key, 0, 1, {std::move(body)})) {
    bytes += piece.text();
  }
  return bytes;
}

std::string authentication(const std::string& token) {
  protocol::wire::AuthenticateRequest message;
  message.set_protocol("PLAIN");
  message.set_token(token);
  return frame_of(protocol::ApiKey::authenticate, protocol::serialize(message));
}

/// The codes of whole answers; 0 for success.
std::vector<int> codes_in(const std::string& bytes) {
  protocol::FrameSplitter frames(std::size_t{1} << 20);
  frames.push(Buffer::from(bytes));
  std::vector<int> codes;
  for (auto payload = frames.next(); payload && *payload; payload = frames.next()) {
    const auto response = protocol::parse_response(**payload).value();
    protocol::wire::ErrorResponse error;
    if (response.is_error) (void)protocol::parse_into(error, response.body.bytes());
    codes.push_back(error.error_code());
  }
  return codes;
}

/// In the place of a replica whose device is slow: one append at a time.
class SlowReplica final : public Actor {
 public:
  SlowReplica(caf::actor_config& config, ActorSetup setup, Duration per_append)
      : Actor(config, std::move(setup)), per_append_(per_append) {}

 protected:
  void on_envelope(const Envelope& envelope) override {
    waiting_.push_back(envelope);
    if (waiting_.size() == 1) start_timer(per_append_, 0);
  }
  void on_timer(std::uint64_t /*id*/) override {
    reply(waiting_.front(), seal<schemas::ReplicaReply>([](schemas::ReplicaReply::Builder answer) {
            answer.initAppended().setBaseOffset(0);
          }));
    waiting_.pop_front();
    if (!waiting_.empty()) start_timer(per_append_, 0);
  }

 private:
  const Duration per_append_;
  std::deque<Envelope> waiting_;
};

/// Two devices: even buckets lie on a slow one. Requests of a twentieth of a device's share.
class SlowDeviceTest : public ConnectionActorTest {
 protected:
  SlowDeviceTest() {
    for (const int bucket : {0, 1}) {
      (void)node_->spawn<SlowReplica>(replica_name({flights, BucketIndex{bucket}}), "tablet",
                                      Placement::scheduled, bucket == 0 ? Duration(1s) : 1ms);
    }
  }

  static std::string append(std::int32_t bucket, std::int32_t timeout_millis = 60'000) {
    protocol::ProduceRequest produce;
    produce.table_id = flights.value();
    produce.timeout_ms = timeout_millis;
    produce.buckets.push_back({{}, bucket, rows_batch(1)});
    return frame_of(ApiKey::produce_log, joined(protocol::encode_produce_request(produce)));
  }

  static std::size_t answers_in(const Client& client) { return codes_in(client.heard).size(); }
};

TEST_F(SlowDeviceTest, AppendsBeyondItsShareAreNotReadAndOthersAreServed) {
  constexpr std::size_t appends = 40;
  const std::size_t one = append(0).size();
  ASSERT_LT(one, requests_max / 20);
  Client first(simulation_);
  Client second(simulation_, other_process);
  simulation_.run_for(10ms);
  for (std::size_t i = 0; i < appends; ++i) {
    for (Client* client : {&first, &second}) client->write(append(0));
    simulation_.run_for(10ms);
  }
  std::size_t most = 0;
  std::size_t most_of_share = 0;
  for (int i = 0; i < 100; ++i) {
    simulation_.run_for(100ms);
    most = std::max(most, budgets_.requests->held());
    most_of_share = std::max(most_of_share, budgets_.appends.at(0).held());
  }
  EXPECT_GT(most_of_share, requests_max / 2 - one);
  EXPECT_LT(most_of_share, requests_max / 2 + 2 * one);
  EXPECT_LT(most, requests_max);
  EXPECT_LT(answers_in(first) + answers_in(second), 12U);
  // Whoever has nothing to do with that device does not feel it.
  Client other(simulation_);
  for (int i = 0; i < 5; ++i) other.write(append(1));
  simulation_.run_for(1s);
  EXPECT_EQ(answers_in(other), 5U);
  simulation_.run_for(80s);
  for (Client* client : {&first, &second}) {
    EXPECT_EQ(answers_in(*client), appends);
    EXPECT_FALSE(client->closed);
  }
  EXPECT_EQ(budgets_.requests->held(), 0U);
  first.write(append(0));
  simulation_.run_for(2s);
  EXPECT_EQ(codes_in(first.heard).back(), 0);
}

TEST_F(SlowDeviceTest, RowsCountUntilTheyAreWrittenEvenIfNobodyWaitsForThem) {
  Client impatient(simulation_);
  for (int i = 0; i < 5; ++i) impatient.write(append(0, 100));
  simulation_.run_for(500ms);
  EXPECT_EQ(answers_in(impatient), 5U);  // That their time was up.
  const std::size_t rows = 5 * rows_batch(1).size();
  EXPECT_EQ(budgets_.requests->held(), rows);
  EXPECT_EQ(budgets_.appends.at(0).held(), rows);
  EXPECT_EQ(budgets_.appends.at(1).held(), 0U);
  simulation_.run_for(6s);
  EXPECT_EQ(budgets_.requests->held(), 0U);
  EXPECT_EQ(budgets_.appends.at(0).held(), 0U);
}

TEST_F(SlowDeviceTest, AnAppendWhoseTimeIsUpBeforeItsTurnIsNotWritten) {
  Client greedy(simulation_);
  simulation_.run_for(10ms);
  while (!budgets_.appends.at(0).is_spent()) {
    greedy.write(append(0));
    simulation_.run_for(10ms);
  }
  Client late(simulation_, other_process);
  late.write(append(0, 100));
  simulation_.run_for(500ms);
  EXPECT_EQ(answers_in(late), 1U);
  late.write(request());  // It waits for nothing any more.
  simulation_.run_for(100ms);
  EXPECT_EQ(answers_in(late), 2U);
}

GatewayOptions guarded() {
  GatewaySecurity security;
  security.listeners.push_back({"CLIENT", false, true, {{"bob", "pw"}}});
  GatewayOptions options;
  options.security = std::make_shared<const GatewaySecurity>(std::move(security));
  return options;
}

/// A gateway with a second listener that asks for a name.
class GuardedGatewayTest : public ConnectionActorTest {
 protected:
  GuardedGatewayTest() : ConnectionActorTest(guarded()) {}

  const std::string ask_ = frame_of(protocol::ApiKey::list_databases, {});
};

TEST_F(GuardedGatewayTest, NobodyIsServedBeforeHeHasSaidWhoHeIs) {
  Client client(simulation_, client_process, guarded_at);
  client.write(request() + ask_);
  client.write(authentication(std::string("\0bob\0pw", 7)) + ask_);
  simulation_.run_for(1s);
  EXPECT_EQ(codes_in(client.heard), (std::vector{0, 46, 0, 0}));
  EXPECT_FALSE(client.closed);
}

TEST_F(GuardedGatewayTest, TheOtherListenerAsksNobody) {
  Client client(simulation_);
  client.write(ask_);
  simulation_.run_for(1s);
  EXPECT_EQ(codes_in(client.heard), std::vector{0});
}

TEST_F(GuardedGatewayTest, StrangersHoldNothingOfTheBudget) {
  Client stranger(simulation_, client_process, guarded_at);
  stranger.write(beginning(1'000'000, 70'000));
  simulation_.run_for(1s);
  EXPECT_TRUE(stranger.closed);
  EXPECT_EQ(budgets_.requests->held(), 0U);
  Client inside(simulation_);
  inside.write(beginning(1'000'000, 70'000));
  simulation_.run_for(1s);
  EXPECT_FALSE(inside.closed);
}

TEST_F(GuardedGatewayTest, WhoNeverSaysWhoHeIsIsCutOffInTheEnd) {
  Client silent(simulation_, client_process, guarded_at);
  Client chatty(simulation_, client_process, guarded_at);
  Client known(simulation_, client_process, guarded_at);
  Client inside(simulation_);
  known.write(authentication(std::string("\0bob\0pw", 7)));
  for (int second = 0; second < 29; ++second) {
    chatty.write(request());
    simulation_.run_for(1s);
  }
  EXPECT_FALSE(silent.closed);
  EXPECT_FALSE(chatty.closed);
  simulation_.run_for(2s);
  EXPECT_TRUE(silent.closed);
  EXPECT_TRUE(chatty.closed);
  EXPECT_FALSE(known.closed);
  EXPECT_FALSE(inside.closed);
  EXPECT_EQ(connections(), 2);
}

TEST_F(GuardedGatewayTest, WhoKeepsGuessingIsToldAndCutOff) {
  Client client(simulation_, client_process, guarded_at);
  const std::string wrong = authentication(std::string("\0bob\0no", 7));
  client.write(wrong + wrong);
  simulation_.run_for(1s);
  EXPECT_FALSE(client.closed);
  client.write(wrong + authentication(std::string("\0bob\0pw", 7)));
  simulation_.run_for(1s);
  EXPECT_EQ(codes_in(client.heard), (std::vector{46, 46, 46}));
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(connections(), 0);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

TEST_F(ConnectionActorTest, AListenerThatNobodyDescribedServesNobody) {
  Client client(simulation_, client_process, guarded_at);
  client.write(request());
  simulation_.run_for(1s);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.answered, 0U);
}

}  // namespace
}  // namespace millrace::gateway
