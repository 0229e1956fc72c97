// Where rows go and as what: bucket keys, log formats.
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>

#include "protocol/batch_codec.hpp"
#include "protocol/row_batch_codec.hpp"
#include "tests/unit/client/appender_fixture.hpp"

namespace millrace::client {
namespace {

using protocol::ApiKey;

class KeyedAppenderTest : public AppenderTest {
 protected:
  KeyedAppenderTest() : AppenderTest(3) { cluster.descriptor.bucket_keys = {{"id"}}; }

  /// Appends ids 0 to 29 at once and gives what each bucket then has.
  std::vector<std::vector<std::int64_t>> spread() {
    client->cluster()->forget(cluster.path);
    const auto appender = open();
    std::vector<std::int64_t> ids(30);
    std::iota(ids.begin(), ids.end(), 0);
    EXPECT_TRUE(appender->append(cluster.rows(ids), [this](Outcome<Appended> outcome) {
      EXPECT_TRUE(outcomes.empty()) << "answered twice";
      outcomes[0] = std::move(outcome);
    }));
    EXPECT_EQ(appender->pending(), 1U);
    loop.run_for(1s);
    EXPECT_EQ(appender->pending(), 0U);
    return {cluster.ids_in(0), cluster.ids_in(1), cluster.ids_in(2)};
  }

  /// Ids 0 to 29 by the bucket that the table's own rule says.
  [[nodiscard]] std::vector<std::vector<std::int64_t>> wanted() const {
    auto placement = protocol::RowPlacement::make(cluster.descriptor, 3).value().value();
    std::vector<std::vector<std::int64_t>> buckets(3);
    for (std::int64_t id = 0; id < 30; ++id) {
      const auto bucket = placement.bucket_of(protocol::Cells{id}).value();
      buckets[static_cast<std::size_t>(bucket.value())].push_back(id);
    }
    return buckets;
  }
};

TEST_F(KeyedAppenderTest, KeysChooseTheBucketAndRowsKeepTheirOrder) {
  EXPECT_EQ(spread(), wanted());
  ASSERT_TRUE(outcomes.at(0));
  EXPECT_EQ(outcomes.at(0)->rows, 30);
  EXPECT_EQ(outcomes.at(0)->bucket, std::nullopt);
  EXPECT_EQ(outcomes.at(0)->base_offset, std::nullopt);
  outcomes.clear();
  const auto appender = open();
  append(*appender, 7);  // One row is in one bucket.
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at(7)->bucket.has_value());
}

TEST_F(KeyedAppenderTest, TheLakeOfTheTableChangesTheBuckets) {
  const auto plain = wanted();
  cluster.descriptor.properties["table.datalake.format"] = "PAIMON";
  EXPECT_NE(wanted(), plain);
  EXPECT_EQ(spread(), wanted());
}

TEST_F(KeyedAppenderTest, RowsOfOneBucketFailAndTheCallFailsOnce) {
  cluster.intercept = [this](const Request& request) {
    if (request.api != ApiKey::produce_log) return false;
    const auto produce = protocol::parse_produce_request(request.body).value();
    if (produce.buckets.at(0).bucket_id != 1) return false;
    answer_error(request, ErrorCode::record_too_large_exception);
    return true;
  };
  const auto buckets = spread();
  EXPECT_EQ(outcomes.at(0).error().code, ErrorCode::record_too_large_exception);
  EXPECT_EQ(buckets[0], wanted()[0]);
  EXPECT_TRUE(buckets[1].empty());
  EXPECT_EQ(buckets[2], wanted()[2]);
}

TEST_F(KeyedAppenderTest, AChosenBucketAndANullKeyAreRefused) {
  cluster.descriptor.bucket_keys = {{"name"}};
  const auto appender = open();
  const auto never = [](const Outcome<Appended>&) { FAIL(); };
  const auto good = cluster.rows({1});
  EXPECT_EQ(appender->append_to(BucketIndex{0}, good, never).error().code, Errc::malformed);
  const auto null_name = arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie();
  const auto bad = good->SetColumn(1, good->schema()->field(1), null_name).ValueOrDie();
  EXPECT_EQ(appender->append(bad, never).error().code, Errc::malformed);
  EXPECT_EQ(appender->pending(), 0U);
  loop.run_for(1s);
}

TEST_F(AppenderTest, RowsGoOutInTheFormatOfTheTable) {
  for (const auto& [name, format] : {std::pair{"INDEXED", protocol::RowFormat::indexed},
                                     std::pair{"COMPACTED", protocol::RowFormat::compacted}}) {
    SCOPED_TRACE(name);
    cluster.descriptor.properties["table.log.format"] = name;
    client->cluster()->forget(cluster.path);
    cluster.buckets[0].batches.clear();
    outcomes.clear();
    const auto appender = open();
    append(*appender, 4);
    loop.run_for(1s);
    ASSERT_TRUE(outcomes.at(4)) << outcomes.at(4).error().message;
    const auto decoded = protocol::decode_row_batch(cluster.buckets[0].batches.at(0),
                                                    cluster.descriptor.schema, format);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_TRUE(decoded->rows->Equals(*cluster.rows({4})));
  }
}

TEST_F(AppenderTest, BatchesThatWereEncodedAheadGetWriterAndSequence) {
  const auto appender = open();
  const Buffer batch = protocol::encode_batch(*cluster.rows({1, 2}), {}).value();
  const auto put = [&](std::int64_t name) {
    const auto keep = [this, name](Outcome<Appended> one) { outcomes[name] = std::move(one); };
    return appender->append_encoded(std::nullopt, batch, keep);
  };
  ASSERT_TRUE(put(0));
  append(*appender, 3);
  ASSERT_TRUE(put(1));
  loop.run_for(1s);
  EXPECT_EQ(outcomes.at(0)->rows, 2);
  EXPECT_EQ(outcomes.at(1)->base_offset, 3);
  EXPECT_EQ(cluster.ids_in(0), (std::vector<std::int64_t>{1, 2, 3, 1, 2}));
  const auto last = protocol::parse_whole_batch(cluster.buckets[0].batches.at(2).bytes()).value();
  EXPECT_EQ(last.writer, WriterId{100});
  EXPECT_EQ(last.batch_sequence, 2);
}

TEST_F(AppenderTest, WhatIsNoBatchOfTheTableIsNotSent) {
  const auto never = [](const Outcome<Appended>&) { FAIL(); };
  const auto appender = open();
  const auto why = [&](const Buffer& batch) {
    return appender->append_encoded(std::nullopt, batch, never).error().code;
  };
  const Buffer whole = protocol::encode_batch(*cluster.rows({1}), {}).value();
  EXPECT_EQ(why(whole.slice(0, whole.size() - 1)), Errc::malformed);
  EXPECT_EQ(why(protocol::encode_batch(*cluster.rows({}), {}).value()), Errc::malformed);
  EXPECT_EQ(why(protocol::encode_batch(*cluster.rows({1}), {.schema_id = 2}).value()),
            Errc::malformed);
  EXPECT_EQ(appender->append_encoded(BucketIndex{9}, whole, never).error().code, Errc::malformed);
  EXPECT_EQ(appender->pending(), 0U);
  cluster.descriptor.bucket_keys = {{"id"}};
  client->cluster()->forget(cluster.path);
  EXPECT_EQ(open()->append_encoded(std::nullopt, whole, never).error().code, Errc::malformed);
}

TEST_F(AppenderTest, AValueThatTheFormatCannotHoldFailsItsBatchOnly) {
  cluster.descriptor.properties["table.log.format"] = "INDEXED";
  cluster.descriptor.schema.columns[1].type = protocol::parse_sql_type("CHAR(6)").value();
  const auto appender = open();
  append(*appender, 1);    // "name-1"
  append(*appender, 100);  // "name-100"
  append(*appender, 2);
  loop.run_for(1s);
  EXPECT_TRUE(outcomes.at(1));
  EXPECT_EQ(outcomes.at(100).error().code, ErrorCode::invalid_target_column);
  EXPECT_TRUE(outcomes.at(2));
}

}  // namespace
}  // namespace millrace::client
