#include "actors/replica/replica_actor.hpp"

#include "runtime/actor_names.hpp"
#include "runtime/simulator/simulation.hpp"
#include "schemas/device.capnp.h"
#include "schemas/replica.capnp.h"
#include "tests/unit/actors/replica/replica_steps.hpp"

namespace millrace::replica {
namespace {

constexpr BucketId bucket{TableId{7}, BucketIndex{0}};

/// A device, or a client, that keeps what it is sent and answers when the test says so.
class Scribe final : public Actor {
 public:
  Scribe(caf::actor_config& config, ActorSetup setup, std::vector<Envelope>& got)
      : Actor(config, std::move(setup)), got_(got) {}

 protected:
  void on_envelope(const Envelope& envelope) override { got_.push_back(envelope); }

 private:
  std::vector<Envelope>& got_;
};

Envelope opened_reply(Offset end = 0) {
  using Reply = schemas::DeviceReply;
  return seal<Reply>([&](Reply::Builder reply) {
    auto opened = reply.initOpened();
    opened.setMaxTimestampMillis(-1);
    opened.setEnd(end);
    opened.initEpochs(1);  // Of epoch 0, from row 0 on: it need not be begun.
  });
}

Envelope appended_reply() {
  using Reply = schemas::DeviceReply;
  return seal<Reply>([](Reply::Builder reply) { reply.setAppended(); });
}

class ReplicaActorTest : public testing::Test {
 protected:
  ReplicaActorTest() {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{1}}, noon);
    (void)node_->spawn<Scribe>("device/0", "", Placement::scheduled, orders_);
    (void)node_->spawn<Scribe>("client", "", Placement::scheduled, answers_);
    start();
  }

  void start() {
    ReplicaOptions options;
    options.time_to_live = [] { return std::optional<Duration>(1h); };
    options.open_within = open_within_;
    options.assigned = [] { return alone(); };
    (void)node_->spawn<ReplicaActor>(replica_name(bucket), "", Placement::scheduled, bucket,
                                     "device/0", std::move(options));
    simulation_.run_for(1ms);
  }
  void reply_to(const Envelope& order, Envelope answer) {
    answer.correlation = order.correlation;
    node_->post(order.from.actor, "device/0", std::move(answer));
    simulation_.run_for(1ms);
  }
  void ask(Envelope request, Correlation correlation) {
    request.correlation = correlation;
    request.from = node_->address_of("client");
    node_->post(replica_name(bucket), "client", std::move(request));
    simulation_.run_for(1ms);
  }
  void ask_append(Correlation correlation) {
    using Request = schemas::ReplicaRequest;
    ask(seal<Request>([](Request::Builder request) { request.setAppend(); }, {batch_of({})}),
        correlation);
  }
  [[nodiscard]] bool runs() const {
    for (const ActorView& view : node_->actors()) {
      if (view.name == replica_name(bucket)) return view.stats.running;
    }
    return false;
  }

  Duration open_within_{};
  Simulation simulation_{1};
  NodeContext* node_ = nullptr;
  std::vector<Envelope> orders_;
  std::vector<Envelope> answers_;
};

TEST_F(ReplicaActorTest, AnswersUnderTheAskersCorrelation) {
  ASSERT_EQ(orders_.size(), 1U);
  reply_to(orders_[0], opened_reply());
  ask_append(41);
  ASSERT_EQ(orders_.size(), 2U);
  EXPECT_TRUE(answers_.empty());  // Not before the device has written it.
  reply_to(orders_[1], appended_reply());
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].correlation, 41U);
}

TEST_F(ReplicaActorTest, ALogThatNobodyNeedsIsOpenedInItsTimeAndClosedOnlyIfItWasOpen) {
  node_->stop(replica_name(bucket));
  simulation_.run_for(1ms);
  ASSERT_EQ(orders_.size(), 2U);  // Opened, and closed.
  open_within_ = 1h;
  start();
  EXPECT_EQ(orders_.size(), 2U);
  node_->stop(replica_name(bucket));
  simulation_.run_for(1ms);
  EXPECT_EQ(orders_.size(), 2U);
  start();
  simulation_.run_for(1h);
  EXPECT_EQ(orders_.size(), 3U);
}

TEST_F(ReplicaActorTest, AnAwaitEndsWithItsTime) {
  reply_to(orders_.at(0), opened_reply());
  using Request = schemas::ReplicaRequest;
  ask(seal<Request>([](Request::Builder request) { request.initAwait().setWaitMaxMillis(500); }),
      3);
  EXPECT_TRUE(answers_.empty());
  simulation_.run_for(400ms);
  EXPECT_TRUE(answers_.empty());
  simulation_.run_for(200ms);
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].correlation, 3U);
}

TEST_F(ReplicaActorTest, OpensAgainAfterAFailure) {
  using Reply = schemas::DeviceReply;
  reply_to(orders_.at(0), seal<Reply>([](Reply::Builder reply) {
             reply.initFailed().setErrc(static_cast<std::uint16_t>(Errc::unavailable));
           }));
  ASSERT_EQ(orders_.size(), 1U);
  simulation_.run_for(600ms);
  ASSERT_EQ(orders_.size(), 2U);
  reply_to(orders_[1], opened_reply());
  ask_append(1);
  EXPECT_EQ(orders_.size(), 3U);
}

TEST_F(ReplicaActorTest, LooksForOldRowsAtItsInterval) {
  reply_to(orders_.at(0), opened_reply(5));
  simulation_.run_for(4min);
  EXPECT_EQ(orders_.size(), 1U);
  simulation_.run_for(2min);
  ASSERT_EQ(orders_.size(), 2U);
  using Request = schemas::DeviceRequest;
  const auto checked = open<Request>(orders_[1], [](Request::Reader order) -> Status {
    EXPECT_TRUE(order.isExpire());
    constexpr EpochMillis minute = 60'000;
    EXPECT_EQ(order.getExpire().getOlderThanMillis(), noon + 5 * minute - 60 * minute);
    return {};
  });
  EXPECT_TRUE(checked);
}

TEST_F(ReplicaActorTest, AReadThatADeletionOvertookIsDecidedAnew) {
  using Reply = schemas::DeviceReply;
  reply_to(orders_.at(0), opened_reply(9));
  simulation_.run_for(6min);
  ASSERT_EQ(orders_.size(), 2U);  // The deletion.
  using Request = schemas::ReplicaRequest;
  const auto read = [](Offset from) {
    return seal<Request>([&](Request::Builder request) {
      request.initRead().setFrom(from);
      request.getRead().setBytesMax(100);
    });
  };
  ask(read(2), 7);
  ask(read(earliest_offset), 8);
  ASSERT_EQ(orders_.size(), 4U);
  reply_to(orders_[1], seal<Reply>([](Reply::Builder reply) { reply.setExpired(5); }));
  const auto missed = seal<Reply>([](Reply::Builder reply) {
    reply.initFailed().setErrc(static_cast<std::uint16_t>(Errc::stale_epoch));
  });
  reply_to(orders_[2], missed);
  reply_to(orders_[3], missed);
  // The one is told that its offset is gone, the other begins where the log does now.
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].correlation, 7U);
  ASSERT_EQ(orders_.size(), 5U);
}

TEST_F(ReplicaActorTest, WhatADeviceOwesToAPredecessorIsNotTakenForItsOwn) {
  reply_to(orders_.at(0), opened_reply());
  ask_append(1);
  ASSERT_EQ(orders_.size(), 2U);
  const Envelope owed = orders_[1];
  node_->kill(replica_name(bucket));
  simulation_.run_for(1ms);
  start();
  ASSERT_EQ(orders_.size(), 3U);
  reply_to(owed, appended_reply());
  reply_to(orders_[0], opened_reply());
  ASSERT_TRUE(runs());
  ask_append(2);  // Its own log is not open yet: held.
  EXPECT_EQ(orders_.size(), 3U);
  reply_to(orders_[2], opened_reply());
  ASSERT_EQ(orders_.size(), 4U);
  reply_to(orders_[0], opened_reply());  // In the middle of a write.
  reply_to(orders_[3], appended_reply());
  EXPECT_TRUE(runs());
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].correlation, 2U);
}

}  // namespace
}  // namespace millrace::replica
