#include "actors/coordinator/coordinator_actor.hpp"

#include <gtest/gtest.h>

#include "actors/metadata/metadata_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "runtime/actor_names.hpp"
#include "runtime/simulator/simulation.hpp"
#include "schemas/coordinator.capnp.h"

namespace millrace::coordinator {
namespace {

class Scribe final : public Actor {
 public:
  Scribe(caf::actor_config& config, ActorSetup setup, std::vector<Envelope>& got)
      : Actor(config, std::move(setup)), got_(got) {}

 protected:
  void on_envelope(const Envelope& envelope) override { got_.push_back(envelope); }

 private:
  std::vector<Envelope>& got_;
};

class CoordinatorActorTest : public testing::Test {
 protected:
  CoordinatorActorTest() {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{1}}, 1000);
    (void)node_->spawn<Scribe>("metadata", "", Placement::scheduled, orders_);
    (void)node_->spawn<Scribe>("client", "", Placement::scheduled, answers_);
    start();
  }

  void start() {
    (void)node_->spawn<CoordinatorActor>(coordinator_name, "", Placement::scheduled,
                                         OfficeMachine::Options{{}, {NodeId{0}}}, "metadata",
                                         view_);
    node_->post(coordinator_name, "tablet",
                tablet::encode_report({NodeId{0}, Incarnation{1}, {}, {}, "", true}, {}, 0));
    simulation_.run_for(1ms);
  }
  /// Nothing is in the store, and it takes the office.
  void take_office(std::size_t next = 0) {
    reply_to(orders_.at(next), metadata::encode_newer({}));
    reply_to(orders_.at(next + 1), metadata::encode_committed(Revision{1}), 400ms);
  }
  void reply_to(const Envelope& order, Envelope answer, Duration then = 1ms) {
    answer.correlation = order.correlation;
    node_->post(coordinator_name, "metadata", std::move(answer));
    simulation_.run_for(then);
  }
  [[nodiscard]] bool runs() const {
    for (const ActorView& view : node_->actors()) {
      if (view.name == coordinator_name) return view.stats.running;
    }
    return false;
  }

  Simulation simulation_{1};
  NodeContext* node_ = nullptr;
  PublishedView view_;
  std::vector<Envelope> orders_;
  std::vector<Envelope> answers_;
};

TEST_F(CoordinatorActorTest, AnswersUnderTheAskersCorrelation) {
  take_office();
  reply_to(orders_.at(2), metadata::encode_committed(Revision{2}));  // The default database.
  using Request = schemas::CoordinatorRequest;
  Envelope drop = seal<Request>([](Request::Builder out) { out.initDropTable().setName("t"); });
  drop.correlation = 12;
  node_->post(coordinator_name, "client", std::move(drop));
  simulation_.run_for(1ms);
  // Whether it is in office still is asked first.
  reply_to(orders_.at(3), metadata::encode_newer({Revision{2}, Revision{2}, {}}));
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].correlation, 12U);
}

TEST_F(CoordinatorActorTest, WhatTheStoreOwesToAPredecessorIsNotTakenForItsOwn) {
  take_office();
  ASSERT_EQ(orders_.size(), 3U);  // The default database.
  const Envelope owed = orders_[2];
  node_->kill(coordinator_name);
  simulation_.run_for(1ms);
  start();
  ASSERT_EQ(orders_.size(), 4U);
  reply_to(owed, metadata::encode_committed(Revision{2}));
  EXPECT_TRUE(runs());
  take_office(3);
  ASSERT_EQ(orders_.size(), 6U);  // Its own try.
  reply_to(orders_[0], metadata::encode_newer({}));
  reply_to(orders_[5], metadata::encode_committed(Revision{2}));
  EXPECT_TRUE(runs());
}

TEST_F(CoordinatorActorTest, DamagedMetadataIsNoMetadata) {
  reply_to(orders_.at(0), metadata::encode_newer({{}, Revision{1}, {Buffer::from("not a delta")}}),
           50ms);
  EXPECT_EQ(orders_.size(), 1U);
  simulation_.run_for(600ms);
  EXPECT_EQ(orders_.size(), 2U);  // Reads again; commits nothing over it.
  EXPECT_TRUE(
      std::holds_alternative<metadata::ReadAfter>(metadata::decode_order(orders_[1]).value()));
}

}  // namespace
}  // namespace millrace::coordinator
