#include "tests/unit/actors/gateway/connection_script.hpp"

namespace millrace::gateway {
namespace {

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

std::string authentication(const std::string& token) {
  protocol::wire::AuthenticateRequest message;
  message.set_protocol("PLAIN");
  message.set_token(token);
  return frame_of(protocol::ApiKey::authenticate, protocol::serialize(message));
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
