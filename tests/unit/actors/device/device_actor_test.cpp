// A device between a replica's codec and a log on a simulated disk.
#include "actors/device/device_actor.hpp"

#include <gtest/gtest.h>

#include "actors/replica/replica_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "runtime/simulator/simulation.hpp"
#include "schemas/device.capnp.h"
#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "tests/unit/state/log/segmented/test_batches.hpp"

namespace millrace::device {
namespace {

constexpr BucketId bucket{TableId{7}, BucketIndex{0}};
constexpr WriterId writer{3};

class Asker final : public Actor {
 public:
  Asker(caf::actor_config& config, ActorSetup setup, std::vector<Envelope>& got)
      : Actor(config, std::move(setup)), got_(got) {}

 protected:
  void on_envelope(const Envelope& envelope) override { got_.push_back(envelope); }

 private:
  std::vector<Envelope>& got_;
};

class DeviceActorTest : public testing::Test {
 protected:
  DeviceActorTest() {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{1}}, 1000);
    (void)node_->spawn<Asker>("replica", "", Placement::scheduled, answers_);
    (void)node_->spawn<DeviceActor>("device/0", "", Placement::scheduled, logs_, DeviceOptions{});
  }

  void tell(Envelope order, Correlation correlation) {
    order.correlation = correlation;
    node_->post("device/0", "replica", std::move(order));
    simulation_.run_for(1ms);
  }
  template <class E>
  E order(Envelope envelope) {
    tell(std::move(envelope), 5);
    EXPECT_EQ(answers_.size(), 1U);
    const Envelope answer = std::exchange(answers_, {}).at(0);
    EXPECT_EQ(answer.correlation, 5U);
    auto decoded = replica::decode_device(answer);
    EXPECT_TRUE(decoded.has_value() && std::holds_alternative<E>(*decoded));
    return decoded ? std::get<E>(*decoded) : E{};
  }
  static Envelope write(Offset base, std::int32_t sequence) {
    replica::WriteBatches batches;
    batches.batches.push_back(test::stamped(test::make_batch({.base = base,
                                                              .rows = 2,
                                                              .timestamp = 100 + base,
                                                              .writer = writer,
                                                              .sequence = sequence})));
    return replica::encode_write(bucket, batches);
  }

  Simulation simulation_{1};
  SimulatedDisk disk_{Random(1)};
  SegmentedLogStore logs_{disk_, {.segment_bytes = 400}};
  NodeContext* node_ = nullptr;
  std::vector<Envelope> answers_;
};

TEST_F(DeviceActorTest, WhatIsAppendedIsReadFoundAndRememberedWhenOpenedAgain) {
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 0);
  (void)order<replica::Written>(write(0, 0));
  (void)order<replica::Written>(write(2, 1));
  const auto data = order<replica::DeviceData>(replica::encode_read(bucket, {0, 2, 4, 1'000'000}));
  EXPECT_EQ(protocol::parse_header(data.batches.bytes())->base_offset, 2);
  EXPECT_EQ(order<replica::DeviceOffset>(replica::encode_find(bucket, {0, 101})).offset, 2);
  const auto opened = order<replica::Opened>(replica::encode_open(bucket));
  EXPECT_EQ(opened.end, 4);
  EXPECT_EQ(opened.max_timestamp, 102);
  ASSERT_EQ(opened.recent.size(), 2U);
  EXPECT_EQ(opened.recent[1].sequence, 1);
}

TEST_F(DeviceActorTest, AFullDiskFailsTheAppendAndThoseBehindItAndNothingElse) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  disk_.set_free_bytes(50);
  auto failed = order<replica::DeviceFailed>(write(2, 1));
  EXPECT_EQ(failed.error.code, Errc::overloaded);
  EXPECT_EQ(failed.end, 2);
  disk_.set_free_bytes({});
  failed = order<replica::DeviceFailed>(write(4, 2));
  EXPECT_EQ(failed.error.code, Errc::unavailable);
  (void)order<replica::Written>(write(2, 1));
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 4);
}

TEST_F(DeviceActorTest, AppendsAreSyncedWithinASecond) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  simulation_.run_for(1100ms);
  disk_.crash();
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 2);
}

TEST_F(DeviceActorTest, AnExpiredLogStartsLaterAndStillKnowsItsWriters) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  for (std::int32_t i = 0; i < 6; ++i) (void)order<replica::Written>(write(2 * i, i));
  const replica::ExpireLog expire{{.older_than = 1000, .limit = 12, .roll_active = true}};
  EXPECT_EQ(order<replica::Expired>(replica::encode_expire(bucket, expire)).start, 12);
  // A read that was ordered before the replica heard of it.
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_read(bucket, {0, 11, 12, 1})).error.code,
            Errc::stale_epoch);
  EXPECT_EQ(order<replica::DeviceOffset>(replica::encode_find(bucket, {0, 101})).offset, 12);
  const auto opened = order<replica::Opened>(replica::encode_open(bucket));
  EXPECT_EQ(opened.start, 12);
  EXPECT_EQ(opened.end, 12);
  EXPECT_EQ(opened.max_timestamp, 110);
  ASSERT_EQ(opened.recent.size(), 5U);
  EXPECT_EQ(opened.recent.back().sequence, 5);
}

TEST_F(DeviceActorTest, WithoutAnOpenLogNothingIsDone) {
  EXPECT_EQ(order<replica::DeviceFailed>(write(0, 0)).error.code, Errc::unavailable);
  (void)order<replica::Opened>(replica::encode_open(bucket));
  tell(replica::encode_close(bucket), 0);
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(order<replica::DeviceFailed>(replica::encode_read(bucket, {0, 0, 1, 1})).error.code,
            Errc::unavailable);
}

TEST_F(DeviceActorTest, ARemovedLogIsGone) {
  (void)order<replica::Opened>(replica::encode_open(bucket));
  (void)order<replica::Written>(write(0, 0));
  tell(replica::encode_close(bucket), 0);
  tell(tablet::encode_delete_log(bucket), 0);
  EXPECT_TRUE(logs_.list().value().empty());
  EXPECT_EQ(order<replica::Opened>(replica::encode_open(bucket)).end, 0);
}

TEST_F(DeviceActorTest, OrdersThatDoNotAddUpAreDropped) {
  using Request = schemas::DeviceRequest;
  const auto head_of = [](std::uint32_t pieces) {
    return seal<Request>(
        [&](Request::Builder request) { request.initAppend(1)[0].setPieces(pieces); },
        {Buffer::from("one"), Buffer::from("two")});
  };
  EXPECT_TRUE(decode_order(head_of(2)).has_value());
  for (const std::uint32_t pieces : {0U, 1U, 3U, ~0U}) {
    EXPECT_FALSE(decode_order(head_of(pieces)).has_value()) << pieces;
    tell(head_of(pieces), 5);
  }
  tell(seal<Request>([](auto) {}), 5);
  tell(tablet::encode_report({}, {}, 0), 5);
  EXPECT_TRUE(answers_.empty());
  (void)order<replica::Opened>(replica::encode_open(bucket));
}

}  // namespace
}  // namespace millrace::device
