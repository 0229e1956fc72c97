#include <gtest/gtest.h>

#include "actors/replica/replica_codec.hpp"
#include "actors/tablet/tablet_codec.hpp"
#include "schemas/coordinator.capnp.h"
#include "schemas/replication.capnp.h"

namespace millrace::replica {
namespace {

constexpr LeaderEpoch epoch{5};

TEST(ReplicationCodec, AFollowersQuestionArrivesAsItWasAsked) {
  Envelope asked = encode_fetch({NodeId{1}, 9, epoch, 40, LeaderEpoch{3}, 1000});
  asked.from = {NodeId{2}, "replica/0/0"};
  asked.incarnation = Incarnation{7};
  EXPECT_TRUE(is_replication(asked));
  const auto fetch = std::get<FetchAsked>(decode_replication(asked, 11).value());
  EXPECT_EQ(fetch.ticket, 11U);
  EXPECT_EQ(fetch.node, NodeId{2});
  EXPECT_EQ(fetch.incarnation, Incarnation{7});
  EXPECT_EQ(fetch.epoch, epoch);
  EXPECT_EQ(fetch.from, 40);
  EXPECT_EQ(fetch.last_epoch, LeaderEpoch{3});
  EXPECT_EQ(fetch.bytes_max, 1000U);
  const Envelope fresh = encode_fetch({NodeId{1}, 9, epoch, 0, std::nullopt, 1});
  EXPECT_EQ(std::get<FetchAsked>(decode_replication(fresh, 1).value()).last_epoch, std::nullopt);
  EXPECT_FALSE(decode_replication(encode_fetch({NodeId{1}, 9, epoch, -1, std::nullopt, 1}), 1));
  const auto waits = decode_replication(encode_leader_waits(epoch), 1);
  EXPECT_EQ(std::get<LeaderWaits>(waits.value()).epoch, epoch);
}

TEST(ReplicationCodec, EveryAnswerArrivesAsItWasGiven) {
  const std::vector<FetchReply> replies = {
      FetchedRows{
          epoch, 30, 2, {{LeaderEpoch{4}, 10}, {epoch, 20}}, Buffer::from(std::string("rows"))},
      FetchedRows{epoch, 30, 2, {}, {}},
      FetchDiverged{epoch, LeaderEpoch{3}, 17},
      FetchDiverged{epoch, std::nullopt, 0},
      FetchTooOld{epoch, 99},
      FetchRefused{}};
  for (const FetchReply& reply : replies) {
    const Envelope envelope = encode_fetch_reply(reply);
    EXPECT_TRUE(is_fetch_reply(envelope));
    EXPECT_EQ(envelope.lane, Lane::data);
    EXPECT_TRUE(decode_fetch_reply(envelope).value() == reply);
  }
}

TEST(ReplicationCodec, EpochsOutOfOrderAreRefused) {
  using Answer = schemas::FetchAnswer;
  EXPECT_FALSE(decode_fetch_reply(seal<Answer>([](Answer::Builder answer) {
    auto runs = answer.initRows().initRuns(2);
    runs[0].setEpoch(4);
    runs[1].setEpoch(3);
  })));
  EXPECT_FALSE(
      decode_fetch_reply(seal<Answer>([](Answer::Builder answer) { answer.setTooOld(-1); })));
}

TEST(ReplicationCodec, TheTabletsNewsArrive) {
  const BucketInfo info{NodeId{1}, epoch, {NodeId{1}, NodeId{2}}, 8, {NodeId{1}}, {NodeId{2}}};
  const Envelope assigned = tablet::encode_assigned(info);
  EXPECT_TRUE(is_news(assigned));
  EXPECT_EQ(std::get<Assigned>(decode_news(assigned).value()),
            (Assigned{NodeId{1}, epoch, 8, {NodeId{1}, NodeId{2}}, {NodeId{1}}}));
  const auto returned = decode_news(tablet::encode_returned(NodeId{2}));
  EXPECT_EQ(std::get<PeerReturned>(returned.value()).node, NodeId{2});
  EXPECT_FALSE(decode_news(seal<schemas::ReplicaNews>([](schemas::ReplicaNews::Builder) {})));
}

TEST(ReplicationCodec, WhetherAProposalWasRefused) {
  using Reply = schemas::CoordinatorReply;
  const Envelope done = seal<Reply>([](Reply::Builder reply) { reply.setDone(); });
  EXPECT_TRUE(is_coordinator_answer(done));
  EXPECT_FALSE(is_refused(done).value());
  EXPECT_TRUE(is_refused(seal<Reply>([](Reply::Builder reply) { reply.initRefused(); })).value());
  EXPECT_FALSE(is_refused(seal<Reply>([](Reply::Builder reply) { reply.setWriterId(3); })));
}

}  // namespace
}  // namespace millrace::replica
