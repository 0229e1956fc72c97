#include "client/appender.hpp"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/random.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/produce_request.hpp"
#include "tests/unit/client/appender_fixture.hpp"
#include "tests/unit/client/fake_cluster.hpp"

namespace millrace::client {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;

protocol::LogBatchHeader header_in(const Request& request) {
  const auto produce = protocol::parse_produce_request(request.body).value();
  return protocol::parse_header(produce.buckets.at(0).records.bytes()).value();
}

class SpreadAppenderTest : public AppenderTest {
 protected:
  SpreadAppenderTest() : AppenderTest(3) {}
};

TEST_F(SpreadAppenderTest, RowsGoToTheBucketsInTurn) {
  const auto appender = open();
  for (std::int64_t id = 0; id < 6; ++id) append(*appender, id);
  EXPECT_EQ(appender->pending(), 6U);
  loop.run_for(1s);
  EXPECT_EQ(appender->pending(), 0U);
  EXPECT_EQ(cluster.ids_in(0), (std::vector<std::int64_t>{0, 3}));
  EXPECT_EQ(cluster.ids_in(1), (std::vector<std::int64_t>{1, 4}));
  EXPECT_EQ(cluster.ids_in(2), (std::vector<std::int64_t>{2, 5}));
  EXPECT_EQ(outcomes.at(4)->bucket, BucketIndex{1});
  EXPECT_EQ(outcomes.at(4)->base_offset, 1);
  EXPECT_EQ(outcomes.at(4)->rows, 1);
}

TEST_F(AppenderTest, AtMostFiveBatchesAreUnderWayWithTheirOwnSequences) {
  hold_produces();
  const auto appender = open();
  for (std::int64_t id = 0; id < 8; ++id) append(*appender, id);
  loop.run_for(1s);
  ASSERT_EQ(held.size(), 5U);
  for (std::int32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(header_in(held[static_cast<std::size_t>(i)]).batch_sequence, i);
    EXPECT_EQ(header_in(held[static_cast<std::size_t>(i)]).writer, WriterId{100});
  }
  peer.answer(held[0], cluster.append(held[0]));
  loop.run_for(1s);
  ASSERT_EQ(held.size(), 6U);
  EXPECT_EQ(header_in(held[5]).batch_sequence, 5);
}

TEST_F(AppenderTest, BadRowsAndFullQueuesAreRefusedAtOnce) {
  const auto appender = open({.pending_batches_max = 2});
  const auto never = [](const Outcome<Appended>&) { FAIL(); };
  const auto good = cluster.rows({1});
  const auto status = [&](std::shared_ptr<arrow::RecordBatch> rows) {
    return appender->append(std::move(rows), never);
  };
  EXPECT_EQ(status(good->Slice(0, 0)).error().code, Errc::malformed);
  EXPECT_EQ(status(good->SelectColumns({0}).ValueOrDie()).error().code, Errc::malformed);
  EXPECT_EQ(status(good->SelectColumns({1, 0}).ValueOrDie()).error().code, Errc::malformed);
  EXPECT_EQ(appender->append_to(BucketIndex{9}, good, never).error().code, Errc::malformed);
  append(*appender, 1);
  append(*appender, 2);
  EXPECT_FALSE(appender->has_room());
  EXPECT_EQ(status(good).error().code, Errc::overloaded);
  loop.run_for(1s);
  EXPECT_TRUE(appender->has_room());
}

TEST_F(AppenderTest, NotLeaderAsksWhereTheLeaderIsAndSendsInOrderAgain) {
  const auto appender = open();
  append(*appender, 0);
  loop.run_for(1s);
  cluster.buckets[0].leader = 1;
  const int lookups = cluster.calls[ApiKey::get_metadata];
  for (std::int64_t id = 1; id < 5; ++id) append(*appender, id);
  loop.run_for(5s);
  EXPECT_EQ(cluster.ids_in(0), (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(cluster.calls[ApiKey::get_metadata], lookups + 1);
  EXPECT_EQ(outcomes.at(4)->base_offset, 4);
  EXPECT_EQ(cluster.calls[ApiKey::init_writer], 1);
}

TEST_F(AppenderTest, ABatchThatWasStoredBeforeItsAnswerWasLostIsNotStoredTwice) {
  hold_produces();
  const auto appender = open();
  for (std::int64_t id = 0; id < 3; ++id) append(*appender, id);
  loop.run_for(1s);
  ASSERT_EQ(held.size(), 3U);
  (void)cluster.append(held[0]);
  (void)cluster.append(held[1]);
  peer.hang_up(held[0].connection);
  cluster.intercept = nullptr;
  loop.run_for(5s);
  EXPECT_EQ(cluster.ids_in(0), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(outcomes.at(0)->base_offset, 0);
  EXPECT_EQ(outcomes.at(1)->base_offset, 1);
}

TEST_F(AppenderTest, NothingNewIsSentWhileAFailureIsPending) {
  hold_produces();
  const auto appender = open();
  for (std::int64_t id = 0; id < 7; ++id) append(*appender, id);
  loop.run_for(100ms);
  ASSERT_EQ(held.size(), 5U);
  answer_error(held[0], ErrorCode::not_enough_replicas_exception);
  for (std::size_t i = 1; i < 4; ++i)
    answer_error(held[i], ErrorCode::out_of_order_sequence_exception);
  loop.run_for(5s);
  EXPECT_EQ(held.size(), 5U) << "the fifth has no answer yet";
  answer_error(held[4], ErrorCode::out_of_order_sequence_exception);
  loop.run_for(1s);
  ASSERT_EQ(held.size(), 10U);
  for (std::size_t i = 5; i < 10; ++i)
    EXPECT_EQ(header_in(held[i]).batch_sequence, static_cast<std::int32_t>(i) - 5);
  EXPECT_TRUE(outcomes.empty());
}

TEST_F(AppenderTest, ARefusedBatchFailsAndThoseBehindItMoveDown) {
  hold_produces();
  const auto appender = open();
  for (std::int64_t id = 0; id < 4; ++id) append(*appender, id);
  loop.run_for(1s);
  peer.answer(held[0], cluster.append(held[0]));
  answer_error(held[1], ErrorCode::record_too_large_exception);
  answer_error(held[2], ErrorCode::out_of_order_sequence_exception);
  answer_error(held[3], ErrorCode::out_of_order_sequence_exception);
  cluster.intercept = nullptr;
  loop.run_for(5s);
  EXPECT_EQ(cluster.ids_in(0), (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_EQ(outcomes.at(1).error().code, ErrorCode::record_too_large_exception);
  EXPECT_EQ(cluster.calls[ApiKey::init_writer], 1);
  append(*appender, 9);
  loop.run_for(1s);
  EXPECT_EQ(outcomes.at(9)->base_offset, 3);
}

TEST_F(AppenderTest, ALostWriterFailsItsBatchAndStartsOver) {
  for (const ErrorCode code :
       {ErrorCode::out_of_order_sequence_exception, ErrorCode::unknown_writer_id_exception}) {
    SCOPED_TRACE(std::string(name_of(code)));
    outcomes.clear();
    held.clear();
    cluster.buckets[0] = {.leader = 0, .batches = {}, .writers = {}};
    const int writers = cluster.calls[ApiKey::init_writer];
    hold_produces();
    const auto appender = open();
    for (std::int64_t id = 0; id < 3; ++id) append(*appender, id);
    loop.run_for(1s);
    for (const Request& request : std::vector<Request>(held)) answer_error(request, code);
    cluster.intercept = nullptr;
    loop.run_for(5s);
    EXPECT_EQ(outcomes.at(0).error().code, code);
    append(*appender, 9);
    loop.run_for(1s);
    EXPECT_TRUE(outcomes.at(9).has_value());
    EXPECT_EQ(cluster.calls[ApiKey::init_writer], writers + 2);
  }
}

TEST_F(AppenderTest, ABatchInDoubtIsNotSentUnderANewWriter) {
  hold_produces();
  const auto appender = open();
  append(*appender, 0);
  append(*appender, 1);
  append(*appender, 2);
  loop.run_for(1s);
  // The second may have been stored; the first surely lost its place.
  answer_error(held[0], ErrorCode::unknown_server_error);
  answer_error(held[1], ErrorCode::request_time_out);
  answer_error(held[2], ErrorCode::out_of_order_sequence_exception);
  cluster.intercept = nullptr;
  loop.run_for(5s);
  EXPECT_EQ(outcomes.at(0).error().code, ErrorCode::unknown_server_error);
  EXPECT_EQ(outcomes.at(1).error().code, ErrorCode::request_time_out);
  EXPECT_EQ(cluster.ids_in(0), std::vector<std::int64_t>{2});
}

TEST_F(AppenderTest, ADuplicateCountsAsStored) {
  hold_produces();
  const auto appender = open();
  append(*appender, 0);
  loop.run_for(1s);
  answer_error(held[0], ErrorCode::duplicate_sequence_exception);
  loop.run_for(1s);
  ASSERT_TRUE(outcomes.at(0).has_value());
  EXPECT_FALSE(outcomes[0]->base_offset);
}

TEST_F(AppenderTest, ABatchIsGivenUpInTime) {
  const auto appender = open({.delivery_time_max = 10s});
  cluster.buckets[0].leader.reset();
  append(*appender, 0);
  loop.run_for(9s);
  EXPECT_TRUE(outcomes.empty());
  loop.run_for(5s);
  ASSERT_TRUE(outcomes.contains(0));
  EXPECT_EQ(outcomes[0].error().code, ErrorCode::request_time_out);
  cluster.buckets[0].leader = 1;
  append(*appender, 1);
  loop.run_for(5s);
  EXPECT_TRUE(outcomes.at(1).has_value());
}

TEST_F(AppenderTest, ATableThatWasMadeAnewIsNotWrittenTo) {
  const auto appender = open();
  cluster.table_id = 8;
  cluster.buckets[0].leader = 1;
  append(*appender, 0);
  loop.run_for(5s);
  EXPECT_EQ(outcomes.at(0).error().code, ErrorCode::unknown_table_or_bucket_exception);
}

TEST_F(AppenderTest, TablesThatItCannotWriteAreNamed) {
  const auto reason = [&] {
    std::string out;
    client->cluster()->forget(cluster.path);
    Appender::open(*client, cluster.path, {},
                   [&](const Outcome<std::shared_ptr<Appender>>& opened) {
                     ASSERT_FALSE(opened);
                     EXPECT_EQ(opened.error().code, ErrorCode::invalid_table_exception);
                     out = opened.error().message;
                   });
    loop.run_for(1s);
    return out;
  };
  const protocol::TableDescriptor plain = cluster.descriptor;
  cluster.descriptor.schema.primary_key = {"id"};
  EXPECT_NE(reason().find("primary key"), std::string::npos);
  cluster.descriptor = plain;
  cluster.descriptor.bucket_keys = {{"id", "name"}};
  cluster.descriptor.properties["table.datalake.format"] = "ICEBERG";
  EXPECT_NE(reason().find("iceberg"), std::string::npos);
}

TEST_F(AppenderTest, BatchesOutliveTheAppenderButNotTheClient) {
  hold_produces();
  auto appender = open();
  append(*appender, 0);
  loop.run_for(1s);
  peer.answer(held[0], cluster.append(held[0]));
  append(*appender, 1);
  appender.reset();
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at(0).has_value());
  ASSERT_EQ(held.size(), 2U);
  client.reset();
  loop.run_for(5s);
  ASSERT_TRUE(outcomes.contains(1));
  EXPECT_EQ(outcomes[1].error().code, ErrorCode::operation_not_attempted_exception);
}

/// A cluster that makes trouble for produce requests until it has had enough of it.
class Troublemaker {
 public:
  Troublemaker(VirtualLoop& loop, FakePeer& peer, FakeCluster& cluster, Random random)
      : loop_(loop), peer_(peer), cluster_(cluster), random_(random) {}

  bool intercept(const Request& request) {
    if (request.api != ApiKey::produce_log || left_ == 0) return false;
    const auto bucket = protocol::parse_produce_request(request.body).value().buckets[0].bucket_id;
    switch (random_.below(12)) {
      case 0:
        return fail(request, bucket, ErrorCode::not_enough_replicas_exception);
      case 1:
        (void)cluster_.append(request);
        return fail(request, bucket, ErrorCode::not_enough_replicas_after_append_exception);
      case 2:
        --left_;
        if (random_.chance(1, 2)) (void)cluster_.append(request);
        peer_.hang_up(request.connection);
        return true;
      case 3:
        cluster_.buckets[static_cast<std::size_t>(bucket)].leader =
            static_cast<int>(random_.below(3));
        return false;
      case 4:
        // The effect comes at once, the answer later, so answers overtake each other.
        loop_.after(
            std::chrono::milliseconds(random_.below(300)),
            [this, request, answer = cluster_.append(request)] { peer_.answer(request, answer); });
        return true;
      default:
        return false;
    }
  }

 private:
  bool fail(const Request& request, std::int32_t bucket, ErrorCode code) {
    --left_;
    wire::ProduceLogResponse answer;
    auto* entry = answer.add_buckets_resp();
    entry->set_bucket_id(bucket);
    entry->set_error_code(static_cast<std::int32_t>(code));
    peer_.answer(request, answer);
    return true;
  }

  VirtualLoop& loop_;
  FakePeer& peer_;
  FakeCluster& cluster_;
  Random random_;
  int left_ = 60;
};

/// Whatever goes wrong on the way, a bucket's log holds what was confirmed, once and in order.
TEST(AppenderProperty, EachConfirmedBatchIsStoredOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    VirtualLoop loop;
    FakePeer peer(loop);
    FakeCluster cluster(loop, peer, 3, 2);
    Troublemaker trouble(loop, peer, cluster, random.fork("trouble"));
    cluster.intercept = [&](const Request& request) { return trouble.intercept(request); };
    Client client(peer, loop, {.bootstrap = {FakeCluster::address_of(0)}, .seed = seed});
    std::shared_ptr<Appender> appender;
    Appender::open(client, cluster.path, {},
                   [&](const Outcome<std::shared_ptr<Appender>>& opened) { appender = *opened; });
    loop.run_for(1s);
    ASSERT_TRUE(appender);
    std::vector<std::vector<std::int64_t>> sent(2);
    int confirmed = 0;
    for (std::int64_t id = 0; id < 60; ++id) {
      ASSERT_TRUE(loop.run_until([&] { return appender->has_room(); }, 1000s));
      const auto bucket = static_cast<std::size_t>(random.below(2));
      sent[bucket].push_back(id);
      ASSERT_TRUE(appender->append_to(BucketIndex{static_cast<std::int32_t>(bucket)},
                                      cluster.rows({id}), [&](const Outcome<Appended>& outcome) {
                                        EXPECT_TRUE(outcome) << outcome.error().message;
                                        ++confirmed;
                                      }));
      if (random.chance(1, 3)) loop.run_for(std::chrono::milliseconds(random.below(200)));
    }
    ASSERT_TRUE(loop.run_until([&] { return appender->pending() == 0; }, 1000s));
    EXPECT_EQ(confirmed, 60);
    EXPECT_EQ(cluster.ids_in(0), sent[0]);
    EXPECT_EQ(cluster.ids_in(1), sent[1]);
  }
}

}  // namespace
}  // namespace millrace::client
