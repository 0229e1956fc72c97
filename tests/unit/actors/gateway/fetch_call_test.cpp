#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

struct FromBucket {
  std::int32_t bucket = 0;
  Offset from = 0;
  std::int32_t bytes_max = 1 << 20;
};
struct Shape {
  std::int32_t bytes_max = 16 << 20;
  std::optional<std::int32_t> bytes_min{};
  std::int32_t wait_millis = 500;
  std::optional<std::vector<std::int32_t>> fields{};
  TableId table = flights;
};

wire::FetchLogRequest request_of(const std::vector<FromBucket>& buckets, const Shape& shape) {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(shape.bytes_max);
  request.set_max_wait_ms(shape.wait_millis);
  if (shape.bytes_min) request.set_min_bytes(*shape.bytes_min);
  auto* table = request.add_tables_req();
  table->set_table_id(shape.table.value());
  table->set_projection_pushdown_enabled(shape.fields.has_value());
  if (shape.fields) {
    for (const std::int32_t field : *shape.fields) table->add_projected_fields(field);
  }
  for (const FromBucket& one : buckets) {
    auto* bucket = table->add_buckets_req();
    bucket->set_bucket_id(one.bucket);
    bucket->set_fetch_offset(one.from);
    bucket->set_max_fetch_bytes(one.bytes_max);
  }
  return request;
}

CallScript fetch(const std::vector<FromBucket>& buckets, const Shape& shape = {}) {
  return {cluster(), ApiKey::fetch_log, request_of(buckets, shape)};
}

std::vector<protocol::ReceivedBucket> received(const CallScript& call) {
  EXPECT_TRUE(call.over());
  auto tables = protocol::parse_fetch_response(call.body());
  EXPECT_TRUE(tables.has_value());
  if (!tables || tables->size() != 1) return {};
  return tables->front().buckets;
}

std::int64_t error_of(const protocol::ReceivedBucket& bucket) {
  return bucket.error ? static_cast<std::int64_t>(bucket.error->code) : 0;
}

/// First offset of every batch in an answer.
std::vector<Offset> bases(const Buffer& records) {
  std::vector<Offset> found;
  protocol::BatchCursor cursor(records);
  for (auto batch = cursor.next(); batch && *batch; batch = cursor.next()) {
    found.push_back((*batch)->header.base_offset);
  }
  return found;
}

DataAnswer no_data(Offset at) { return {at, at, 0, {}}; }

TEST(FetchCall, ReadsEveryBucketAndAnswersOnce) {
  CallScript call = fetch({{0, 5}, {1, 0}});
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_EQ(std::get<ReadQuestion>(call.asked[0].question).from, 5);
  const Buffer batch = stored(rows_batch(2), 5);
  call.answer_next(DataAnswer{5, 7, 1, batch});
  EXPECT_FALSE(call.over());
  call.answer_next(no_data(0));
  const auto buckets = received(call);
  ASSERT_EQ(buckets.size(), 2U);
  EXPECT_EQ(buckets[0].records.text(), batch.text());
  EXPECT_EQ(buckets[0].high_watermark, 7);
  EXPECT_EQ(buckets[0].log_start_offset, 1);
  EXPECT_TRUE(buckets[1].records.empty());
  EXPECT_EQ(buckets[1].high_watermark, 0);
}

TEST(FetchCall, TheFirstBatchIsWholeAndTheRestFits) {
  const Buffer batch = stored(rows_batch(50), 0);
  const auto size = static_cast<std::int32_t>(batch.size());
  CallScript call = fetch({{0, 0}, {1, 0}}, {.bytes_max = size - 1});
  call.answer_next(DataAnswer{0, 50, 0, batch});
  call.answer_next(DataAnswer{0, 50, 0, batch});
  auto buckets = received(call);
  EXPECT_EQ(buckets[0].records.size(), batch.size());
  EXPECT_TRUE(buckets[1].records.empty());
  EXPECT_EQ(buckets[1].high_watermark, 50);

  CallScript bounded = fetch({{0, 0, size}, {1, 0, size - 1}});
  bounded.answer_next(DataAnswer{0, 100, 0, joined({batch, stored(rows_batch(50), 50)})});
  bounded.answer_next(DataAnswer{0, 50, 0, batch});
  buckets = received(bounded);
  EXPECT_EQ(bases(buckets[0].records), std::vector<Offset>{0});
  EXPECT_TRUE(buckets[1].records.empty());
}

TEST(FetchCall, ErrorsArePerBucket) {
  CallScript call = fetch({{0, 99}, {2, 0}, {4, 0}, {1, 0}});
  ASSERT_EQ(call.asked.size(), 2U);
  call.answer_next(
      protocol::ProtocolError{ErrorCode::log_offset_out_of_range_exception, "out of range"});
  call.answer_next(DataAnswer{0, 2, 0, stored(rows_batch(2), 0)});
  const auto buckets = received(call);
  ASSERT_EQ(buckets.size(), 4U);
  EXPECT_EQ(error_of(buckets[0]), 19);
  EXPECT_EQ(error_of(buckets[1]), 12);
  EXPECT_EQ(error_of(buckets[2]), 21);
  EXPECT_EQ(error_of(buckets[3]), 0);
  EXPECT_FALSE(buckets[3].records.empty());
}

TEST(FetchCall, WithoutMinBytesItDoesNotWait) {
  CallScript call = fetch({{0, 3}});
  call.answer_next(no_data(3));
  EXPECT_TRUE(call.over());
}

TEST(FetchCall, ALongPollIsWokenByAnAppend) {
  CallScript call = fetch({{0, 3}, {1, 4}}, {.bytes_min = 1});
  call.answer_next(no_data(3));
  call.answer_next(no_data(4));
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_EQ(std::get<AwaitQuestion>(call.asked[0].question).from, 3);
  EXPECT_EQ(std::get<AwaitQuestion>(call.asked[1].question).wait_max, Duration(500ms));
  const AskReplica other = call.asked[1];
  call.answer_next(AdvancedAnswer{});
  ASSERT_EQ(call.asked.size(), 3U);  // The other's await, then two reads.
  call.asked.pop_front();
  call.answer(other, AdvancedAnswer{});  // No news: it is being read already.
  ASSERT_EQ(call.asked.size(), 2U);
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  EXPECT_FALSE(call.over());
  call.answer_next(no_data(4));
  EXPECT_EQ(received(call)[0].high_watermark, 5);
  EXPECT_EQ(bases(received(call)[0].records), std::vector<Offset>{3});
}

TEST(FetchCall, NewsMayBringTheRows) {
  CallScript call = fetch({{0, 3}, {1, 4}}, {.bytes_min = 1});
  call.answer_next(no_data(3));
  call.answer_next(no_data(4));
  EXPECT_GT(std::get<AwaitQuestion>(call.asked.at(0).question).bytes_max, 0U);
  const AskReplica other = call.asked.at(1);
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  EXPECT_TRUE(call.over());  // Nothing is read again.
  call.answer(other, DataAnswer{4, 5, 0, stored(rows_batch(1), 4)});
  EXPECT_EQ(received(call)[0].high_watermark, 5);
  EXPECT_EQ(bases(received(call)[0].records), std::vector<Offset>{3});
  EXPECT_TRUE(received(call)[1].records.empty());
}

TEST(FetchCall, OfARoundTheRowsOfTheFirstNewsAreWantedOnly) {
  CallScript call = fetch({{0, 3}, {1, 4}}, {.bytes_min = 1'000'000});
  EXPECT_TRUE(call.wants_rows(call.asked.at(0)));
  call.answer_next(no_data(3));
  call.answer_next(no_data(4));
  const AskReplica other = call.asked.at(1);
  EXPECT_TRUE(call.wants_rows(call.asked.at(0)));
  EXPECT_TRUE(call.wants_rows(other));
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  EXPECT_FALSE(call.wants_rows(other));
  call.asked.pop_front();
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_TRUE(call.wants_rows(call.asked.at(0)));  // What is read is always kept.
  call.answer(other, DataAnswer{4, 5, 0, stored(rows_batch(1), 4)});
  call.answer_next(no_data(5));
  call.answer_next(no_data(4));
  ASSERT_FALSE(call.over());
  EXPECT_TRUE(call.wants_rows(call.asked.at(0)));  // The next round.
}

TEST(FetchCall, ANodeWhoseReplicasDoNotRunSaysSo) {
  ClusterView view = cluster();
  view.serves = false;
  const CallScript call(view, ApiKey::fetch_log, request_of({{0, 0}, {4, 0}}, {}));
  EXPECT_TRUE(call.asked.empty());
  const auto buckets = received(call);
  ASSERT_EQ(buckets.size(), 2U);
  EXPECT_EQ(error_of(buckets[0]), 12);
  EXPECT_EQ(error_of(buckets[1]), 21);
}

TEST(FetchCall, RowsThatCameWithNewsAndAreTooFewAreKept) {
  CallScript call = fetch({{0, 3}}, {.bytes_min = 1'000'000});
  call.answer_next(no_data(3));
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  EXPECT_EQ(std::get<ReadQuestion>(call.asked.at(0).question).from, 5);
  call.answer_next(DataAnswer{5, 6, 0, stored(rows_batch(1), 5)});
  call.now += 500ms;
  call.answer_next(AdvancedAnswer{});
  call.answer_next(no_data(6));
  EXPECT_EQ(bases(received(call)[0].records), (std::vector<Offset>{3, 5}));
}

TEST(FetchCall, ALongPollThatExpiresAnswersWithWhatThereIs) {
  CallScript call = fetch({{0, 3}}, {.bytes_min = 1'000'000});
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  EXPECT_FALSE(call.over());  // Less than is wanted.
  EXPECT_EQ(std::get<AwaitQuestion>(call.asked.at(0).question).from, 5);
  call.now += 200ms;
  call.answer_next(AdvancedAnswer{});
  call.answer_next(no_data(5));
  EXPECT_FALSE(call.over());  // Woken, still too little, and time is left.
  EXPECT_EQ(std::get<AwaitQuestion>(call.asked.at(0).question).wait_max, Duration(300ms));
  call.now += 300ms;
  call.answer_next(AdvancedAnswer{});
  call.answer_next(no_data(5));
  EXPECT_EQ(bases(received(call)[0].records), std::vector<Offset>{3});
}

TEST(FetchCall, NotLeadingOrUnknownDoesNotCutTheWaitOtherErrorsDo) {
  CallScript waits = fetch({{0, 3}, {2, 0}, {9, 0}}, {.bytes_min = 1});
  waits.answer_next(no_data(3));
  EXPECT_FALSE(waits.over());
  ASSERT_EQ(waits.asked.size(), 1U);
  waits.now += 500ms;
  waits.answer_next(AdvancedAnswer{});
  waits.answer_next(no_data(3));
  EXPECT_EQ(error_of(received(waits).at(1)), 12);
  EXPECT_EQ(error_of(received(waits).at(2)), 21);

  CallScript cut = fetch({{0, 3}, {1, 0}}, {.bytes_min = 1});
  cut.answer_next(no_data(3));
  cut.answer_next(protocol::ProtocolError{ErrorCode::log_offset_out_of_range_exception, "x"});
  EXPECT_TRUE(cut.over());
  EXPECT_TRUE(fetch({{2, 0}}, {.bytes_min = 1}).over());  // Nothing to wait for.
  EXPECT_TRUE(fetch({}, {.bytes_min = 1}).over());
}

TEST(FetchCall, AProjectionIsCutOutAndAskedForPieceByPiece) {
  CallScript call = fetch({{0, 0}}, {.fields = {{0, 2}}});
  call.answer_next(DataAnswer{0, 100, 0, stored(rows_batch(50), 0)});
  ASSERT_EQ(call.asked.size(), 1U);
  EXPECT_EQ(std::get<ReadQuestion>(call.asked[0].question).from, 50);
  call.answer_next(DataAnswer{50, 100, 0, stored(rows_batch(50, 50), 50)});
  const auto buckets = received(call);
  EXPECT_EQ(bases(buckets.at(0).records), (std::vector<Offset>{0, 50}));
  protocol::BatchCursor cursor(buckets[0].records);
  const auto schema = protocol::schema_of({{"id", "INT"}, {"delay", "BIGINT"}});
  const auto rows = protocol::decode_batch((*cursor.next())->bytes, protocol::to_arrow(schema));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ((*rows)->num_columns(), 2);
  EXPECT_EQ((*rows)->num_rows(), 50);
}

// Both buckets' awaits end at the same moment, which is how every quiet long poll ends.
TEST(FetchCall, AProjectedLongPollOfSeveralBucketsHasEveryRowOnce) {
  CallScript call = fetch({{0, 0}, {1, 0}}, {.bytes_min = 1, .fields = {{1}}});
  call.answer_next(no_data(0));
  call.answer_next(no_data(0));
  call.answer_next(AdvancedAnswer{});
  call.answer_next(AdvancedAnswer{});
  while (!call.over()) {
    ASSERT_FALSE(call.asked.empty());
    const Offset from = std::get<ReadQuestion>(call.asked.front().question).from;
    call.answer_next(DataAnswer{from, 20, 0, stored(rows_batch(10), from)});
  }
  for (const auto& bucket : received(call)) {
    EXPECT_EQ(bases(bucket.records), (std::vector<Offset>{0, 10}));
  }
}

TEST(FetchCall, ABadProjectionFailsItsBuckets) {
  for (const std::vector<std::int32_t>& fields :
       std::vector<std::vector<std::int32_t>>{{}, {3}, {-1}, {1, 1}, {2, 0}}) {
    const auto buckets = received(fetch({{0, 0}, {1, 0}, {2, 0}}, {.fields = fields}));
    ASSERT_EQ(buckets.size(), 3U);
    EXPECT_EQ(error_of(buckets[0]), 34);
    EXPECT_EQ(error_of(buckets[1]), 34);
    EXPECT_EQ(error_of(buckets[2]), 12);
  }
}

TEST(FetchCall, OnlyArrowIsProjected) {
  for (const char* format : {"INDEXED", "COMPACTED"}) {
    const CallScript call(cluster(flights_in(format)), ApiKey::fetch_log,
                          request_of({{0, 0}, {1, 0}}, {.fields = {{0}}}));
    const auto buckets = received(call);
    ASSERT_EQ(buckets.size(), 2U);
    EXPECT_EQ(error_of(buckets[0]), 34);
    EXPECT_EQ(error_of(buckets[1]), 34);
    EXPECT_EQ(CallScript(cluster(flights_in(format)), ApiKey::fetch_log, request_of({{0, 0}}, {}))
                  .asked.size(),
              1U);
  }
}

TEST(FetchCall, ADeadlineAnswersForReplicasThatDoNot) {
  std::vector<FromBucket> many(40, {0, 7});  // More than are asked at once.
  CallScript call = fetch(many);
  EXPECT_EQ(call.asked.size(), 16U);
  call.answer_next(DataAnswer{7, 9, 0, stored(rows_batch(2), 7)});
  call.deadline_passes();
  const auto buckets = received(call);
  ASSERT_EQ(buckets.size(), 40U);
  EXPECT_EQ(error_of(buckets[0]), 0);
  for (std::size_t i = 1; i < buckets.size(); ++i) EXPECT_EQ(error_of(buckets[i]), 12) << i;
}

TEST(FetchCall, ADeadlineWhileWaitingKeepsWhatWasRead) {
  CallScript call = fetch({{0, 3}}, {.bytes_min = 1'000'000});
  EXPECT_GT(*call.deadline, Duration(500ms));
  call.answer_next(DataAnswer{3, 5, 0, stored(rows_batch(2), 3)});
  call.deadline_passes();
  EXPECT_EQ(error_of(received(call).at(0)), 0);
  EXPECT_EQ(bases(received(call)[0].records), std::vector<Offset>{3});
}

TEST(FetchCall, WhatAReplicaServesDamagedIsAnError) {
  CallScript call = fetch({{0, 0}});
  std::string bytes(stored(rows_batch(2), 0).text());
  bytes[12] = 9;  // The magic.
  call.answer_next(DataAnswer{0, 2, 0, Buffer::from(std::move(bytes))});
  EXPECT_NE(error_of(received(call).at(0)), 0);
}

TEST(FetchCall, WaitsAreBounded) {
  EXPECT_LE(*fetch({{0, 0}}, {.wait_millis = 2'000'000'000}).deadline, Duration(2min));
  EXPECT_GT(*fetch({{0, 0}}, {.wait_millis = -5}).deadline, Duration{});
}

TEST(FetchCall, RowsInFrontOfDamageAreServedAndTheErrorComesWithTheNextFetch) {
  const protocol::ProtocolError damage{protocol::ErrorCode::corrupt_record_exception,
                                       "the log goes on at 9"};
  CallScript call = fetch({{0, 0}}, {.bytes_min = 1'000'000});
  call.answer_next(DataAnswer{0, 50, 0, stored(rows_batch(5), 0)});
  call.answer_next(damage);
  const auto buckets = received(call);
  ASSERT_EQ(buckets.size(), 1U);
  EXPECT_EQ(error_of(buckets[0]), 0);
  EXPECT_EQ(bases(buckets[0].records), std::vector<Offset>{0});
  CallScript next = fetch({{0, 5}});
  next.answer_next(damage);
  EXPECT_EQ(error_of(received(next).at(0)), 14);
}

}  // namespace
}  // namespace millrace::gateway
