#include <deque>
#include <memory>

#include "tests/unit/actors/gateway/connection_script.hpp"

namespace millrace::gateway {
namespace {

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

/// Two devices: even buckets lie on a slow one. Requests of less than a fifteenth of a device's
/// share.
class SlowDeviceTest : public ConnectionActorTest {
 protected:
  static constexpr std::size_t whole = 20'000;
  static constexpr std::size_t share = whole / 8 * 3;

  explicit SlowDeviceTest(Duration other_per_append = 1ms) : ConnectionActorTest({}, whole) {
    for (const int bucket : {0, 1}) {
      (void)node_->spawn<SlowReplica>(replica_name({flights, BucketIndex{bucket}}), "tablet",
                                      Placement::scheduled,
                                      bucket == 0 ? Duration(1s) : other_per_append);
    }
  }

  static std::string append_to(const std::vector<std::int32_t>& buckets,
                               std::int32_t timeout_millis = 60'000) {
    protocol::ProduceRequest produce;
    produce.table_id = flights.value();
    produce.timeout_ms = timeout_millis;
    for (const std::int32_t bucket : buckets) {
      produce.buckets.push_back({{}, bucket, rows_batch(1)});
    }
    return frame_of(ApiKey::produce_log, joined(protocol::encode_produce_request(produce)));
  }
  static std::string append(std::int32_t bucket, std::int32_t timeout_millis = 60'000) {
    return append_to({bucket}, timeout_millis);
  }

  /// One append after the other, until the device has its share.
  void fill(Client& client, std::int32_t device) {
    while (!budgets_.appends.at(static_cast<std::size_t>(device)).is_spent()) {
      client.write(append(device));
      simulation_.run_for(10ms);
    }
  }

  static std::size_t answers_in(const Client& client) { return codes_in(client.heard).size(); }
  /// The codes of all buckets that were appended to; 0 for success.
  static std::vector<int> outcomes_in(const Client& client) {
    protocol::FrameSplitter frames(std::size_t{1} << 20);
    frames.push(Buffer::from(client.heard));
    std::vector<int> codes;
    for (auto payload = frames.next(); payload && *payload; payload = frames.next()) {
      wire::ProduceLogResponse response;
      (void)protocol::parse_into(response, protocol::parse_response(**payload)->body.bytes());
      for (const auto& bucket : response.buckets_resp()) codes.push_back(bucket.error_code());
    }
    return codes;
  }
};

TEST_F(SlowDeviceTest, AppendsBeyondItsShareAreNotReadAndOthersAreServed) {
  constexpr std::size_t appends = 40;
  const std::size_t one = append(0).size();
  ASSERT_LT(one, share / 15);
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
  EXPECT_GT(most_of_share, share - one);
  EXPECT_LT(most_of_share, share + 2 * one);
  EXPECT_LT(most, whole / 4 * 3);
  EXPECT_LT(answers_in(first) + answers_in(second), 12U);
  // Whoever has nothing to do with that device does not feel it.
  Client other(simulation_);
  for (int i = 0; i < 5; ++i) other.write(append(1));
  simulation_.run_for(1s);
  EXPECT_EQ(answers_in(other), 5U);
  simulation_.run_for(80s);
  for (Client* client : {&first, &second}) {
    EXPECT_EQ(answers_in(*client), appends);
    EXPECT_EQ(outcomes_in(*client), std::vector<int>(appends, 0));
    EXPECT_FALSE(client->closed);
  }
  EXPECT_EQ(budgets_.requests->held(), 0U);
  first.write(append(0));
  simulation_.run_for(2s);
  EXPECT_EQ(outcomes_in(first).back(), 0);
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
  fill(greedy, 0);
  Client late(simulation_, other_process);
  late.write(append(0, 100));
  simulation_.run_for(500ms);
  EXPECT_EQ(answers_in(late), 1U);
  late.write(request());  // It waits for nothing any more.
  simulation_.run_for(100ms);
  EXPECT_EQ(answers_in(late), 2U);
}

TEST_F(SlowDeviceTest, AnAppendThatWouldWaitIsRefusedWhenOthersHaveLittleLeft) {
  Client greedy(simulation_);
  simulation_.run_for(10ms);
  fill(greedy, 0);
  for (int i = 0; i < 3; ++i) greedy.write(append(0));  // It takes what room there will be.
  simulation_.run_for(20ms);
  budgets_.requests->take(whole / 8);
  Client client(simulation_, other_process);
  client.write(append(0));
  simulation_.run_for(50ms);
  EXPECT_EQ(outcomes_in(client), std::vector{26});
  client.write(append(1));  // Its own device has room.
  simulation_.run_for(50ms);
  EXPECT_EQ(outcomes_in(client), (std::vector{26, 0}));
  client.write(append_to({0, 1}));  // The other buckets of a request are not refused with it.
  simulation_.run_for(50ms);
  EXPECT_EQ(outcomes_in(client), (std::vector{26, 0, 26, 0}));
  budgets_.requests->give_back(whole / 8);
  client.write(append(0));
  simulation_.run_for(50ms);
  EXPECT_EQ(answers_in(client), 3U);  // Now it may wait.
  simulation_.run_for(60s);
  EXPECT_EQ(outcomes_in(client).back(), 0);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

class SlowDevicesTest : public SlowDeviceTest {
 protected:
  SlowDevicesTest() : SlowDeviceTest(1s) {
    (void)node_->spawn<Replica>(replica_name({flights, BucketIndex{3}}), "tablet",
                                Placement::scheduled);
  }
};

TEST_F(SlowDevicesTest, ARequestWhoseBucketsAreAllRefusedIsAnsweredOnce) {
  Client greedy(simulation_);
  simulation_.run_for(10ms);
  fill(greedy, 0);
  fill(greedy, 1);
  constexpr std::size_t others = whole / 10;
  budgets_.requests->take(others);
  Client client(simulation_, other_process);
  client.write(append_to({0, 1}));
  simulation_.run_for(50ms);
  EXPECT_EQ(outcomes_in(client), (std::vector{26, 26}));
  EXPECT_EQ(answers_in(client), 1U);
  client.write(frame_of(protocol::ApiKey::list_databases, {}));  // It is not held up.
  simulation_.run_for(50ms);
  EXPECT_EQ(answers_in(client), 2U);
  budgets_.requests->give_back(others);
  simulation_.run_for(60s);
  EXPECT_EQ(answers_in(client), 2U);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

TEST_F(SlowDevicesTest, TogetherLeaveRoomForWhoDoesNotAppend) {
  constexpr std::size_t rounds = 6;
  std::vector<std::unique_ptr<Client>> writers;
  for (int i = 0; i < 40; ++i) writers.push_back(std::make_unique<Client>(simulation_));
  simulation_.run_for(10ms);
  for (std::size_t round = 0; round < rounds; ++round) {
    std::int32_t bucket = 0;
    for (const auto& writer : writers) writer->write(append(bucket++ % 2));
    simulation_.run_for(50ms);
  }
  EXPECT_TRUE(budgets_.appends.at(0).is_spent());
  EXPECT_TRUE(budgets_.appends.at(1).is_spent());
  EXPECT_FALSE(budgets_.requests->is_spent());
  Client reader(simulation_, other_process);
  reader.write(frame_of(protocol::ApiKey::list_databases, {}));
  reader.write(fetch(3));
  simulation_.run_for(500ms);
  EXPECT_EQ(codes_in(reader.heard), (std::vector{0, 0}));
  simulation_.run_for(120s);
  std::size_t refused = 0;
  std::size_t written = 0;
  for (const auto& writer : writers) {
    EXPECT_FALSE(writer->closed);
    const std::vector<int> codes = outcomes_in(*writer);
    EXPECT_EQ(codes.size(), rounds);
    refused += static_cast<std::size_t>(std::count(codes.begin(), codes.end(), 26));
    written += static_cast<std::size_t>(std::count(codes.begin(), codes.end(), 0));
  }
  EXPECT_EQ(refused + written, writers.size() * rounds);
  EXPECT_GT(refused, 0U);
  EXPECT_GT(written, 2 * 15U);
  EXPECT_EQ(budgets_.requests->held(), 0U);
}

}  // namespace
}  // namespace millrace::gateway
