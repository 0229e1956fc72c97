// Fetches that leave something out: batches by a filter, and columns of batches of older schemas.
#include "protocol/arrow_schema.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"
#include "tests/unit/protocol/statistics_batch.hpp"

namespace millrace::gateway {
namespace {

constexpr Offset end = 30;

/// Ten rows from `base` on, whose ids are claimed to lie between `least` and least + 9.
Buffer claimed(Offset base, std::int32_t least) {
  const auto greatest = static_cast<std::uint64_t>(least + 9);
  return stored(
      protocol::with_statistics(
          rows_batch(10, least),
          protocol::statistics_block({{0, 0, static_cast<std::uint64_t>(least), greatest}})),
      base);
}

wire::FetchLogRequest fetch_ids(std::int32_t function, std::int32_t id) {
  wire::FetchLogRequest request;
  request.set_follower_server_id(-1);
  request.set_max_bytes(16 << 20);
  request.set_max_wait_ms(500);
  request.set_min_bytes(1);
  auto* table = request.add_tables_req();
  table->set_table_id(flights.value());
  table->set_projection_pushdown_enabled(false);
  auto* bucket = table->add_buckets_req();
  bucket->set_bucket_id(0);
  bucket->set_fetch_offset(0);
  bucket->set_max_fetch_bytes(1 << 20);
  wire::PbPredicate predicate;
  predicate.set_type(0);
  predicate.mutable_leaf()->set_function(function);
  predicate.mutable_leaf()->set_field_id(0);
  auto* literal = predicate.mutable_leaf()->add_literals();
  literal->set_literal_type(3);
  literal->set_is_null(false);
  literal->set_int_value(id);
  table->set_filter_predicate(predicate.SerializeAsString());
  table->set_filter_schema_id(1);
  return request;
}

constexpr std::int32_t equal = 0;
constexpr std::int32_t less = 2;

CallScript fetch(const wire::FetchLogRequest& request, const std::vector<Buffer>& batches,
                 Offset high_watermark = end) {
  CallScript call(cluster(), ApiKey::fetch_log, request);
  call.answer_next(DataAnswer{0, high_watermark, 0, joined(batches)});
  return call;
}

protocol::ReceivedBucket answer_of(const CallScript& call) {
  EXPECT_TRUE(call.over());
  auto tables = protocol::parse_fetch_response(call.body());
  EXPECT_TRUE(tables.has_value());
  return tables ? tables->at(0).buckets.at(0) : protocol::ReceivedBucket{};
}

const std::vector<Buffer> three_batches{claimed(0, 100), claimed(10, 200), claimed(20, 300)};

TEST(FetchFilter, BatchesThatHoldNothingWantedAreLeftOut) {
  const auto middle = answer_of(fetch(fetch_ids(equal, 205), three_batches));
  EXPECT_EQ(middle.records.text(), three_batches[1].text());
  EXPECT_EQ(middle.filtered_end_offset, 30);  // Behind the last one, which was left out.
  EXPECT_EQ(middle.high_watermark, end);
  const auto last = answer_of(fetch(fetch_ids(equal, 305), three_batches));
  EXPECT_EQ(last.records.text(), three_batches[2].text());
  EXPECT_FALSE(last.filtered_end_offset);
}

TEST(FetchFilter, AReaderMovesOnAlthoughNothingIsForIt) {
  CallScript call = fetch(fetch_ids(less, 5), three_batches);
  EXPECT_FALSE(call.over());  // What comes may be wanted: it waits for that.
  ASSERT_TRUE(std::holds_alternative<AwaitQuestion>(call.asked.at(0).question));
  EXPECT_EQ(std::get<AwaitQuestion>(call.asked.at(0).question).from, 30);
  call.now += 1s;
  call.answer_next(AdvancedAnswer{});
  EXPECT_EQ(std::get<ReadQuestion>(call.asked.at(0).question).from, 30);
  call.answer_next(DataAnswer{30, 30, 0, {}});
  const auto answer = answer_of(call);
  EXPECT_TRUE(answer.records.empty());
  EXPECT_EQ(answer.filtered_end_offset, 30);
}

TEST(FetchFilter, WhatSaysNothingOfItselfIsSent) {
  const Buffer plain = stored(rows_batch(10, 100), 0);
  EXPECT_EQ(answer_of(fetch(fetch_ids(less, 5), {plain}, 10)).records.text(), plain.text());
  wire::FetchLogRequest odd = fetch_ids(less, 5);
  odd.mutable_tables_req(0)->set_filter_predicate("not a predicate");
  EXPECT_EQ(answer_of(fetch(odd, {three_batches[0]}, 10)).records.text(), three_batches[0].text());
}

TEST(FetchFilter, ABatchWhoseMagicWasDamagedIsNotServed) {
  std::string bytes(three_batches[0].text());
  bytes[12] = 0;  // As if it had no statistics; no checksum covers that.
  const auto answer = answer_of(fetch(fetch_ids(equal, 105), {Buffer::from(bytes)}));
  ASSERT_TRUE(answer.error.has_value());
  EXPECT_EQ(answer.error->code, ErrorCode::corrupt_record_exception);
  EXPECT_TRUE(answer.records.empty());
}

TEST(FetchFilter, AFilterNeedsTheSchemaThatItIsOf) {
  wire::FetchLogRequest request = fetch_ids(less, 5);
  request.mutable_tables_req(0)->clear_filter_schema_id();
  EXPECT_EQ(CallScript(cluster(), ApiKey::fetch_log, request).error(),
            ErrorCode::unknown_server_error);
}

TEST(FetchFilter, OneFetchLeavesOutSoMuchAndNoMore) {
  CallScript call(cluster(), ApiKey::fetch_log, fetch_ids(less, 5));
  const Buffer large = rows_batch(200'000, 100);
  Offset from = 0;
  while (!call.over()) {
    ASSERT_LT(from, 100'000'000);
    const Buffer batch = stored(
        protocol::with_statistics(large, protocol::statistics_block({{0, 0, 100, 200'100}})), from);
    from += 200'000;
    call.answer_next(DataAnswer{from - 200'000, Offset{1} << 40, 0, batch});
  }
  EXPECT_EQ(answer_of(call).filtered_end_offset, from);
  EXPECT_TRUE(answer_of(call).records.empty());
}

TEST(FetchFilter, WhatWasPassedOverIsKnownWhenTheTimeIsUp) {
  CallScript call(cluster(), ApiKey::fetch_log, fetch_ids(less, 5));
  const Buffer batch = stored(
      protocol::with_statistics(rows_batch(2, 100), protocol::statistics_block({{0, 0, 100, 101}})),
      0);
  call.answer_next(DataAnswer{0, 10, 0, batch});
  ASSERT_FALSE(call.over());
  call.deadline_passes();
  EXPECT_EQ(answer_of(call).filtered_end_offset, 2);
  EXPECT_FALSE(answer_of(call).error);
}

ClusterView with_gate() {
  ClusterView view = cluster();
  TableAltered fact{flights, 2, flights_table().descriptor, 3000};
  protocol::append_column(fact.descriptor.schema,
                          {"gate", *protocol::parse_sql_type("STRING"), {}, -1, {}});
  view.catalog.apply(fact);
  return view;
}

TEST(FetchProjection, ColumnsThatABatchIsTooOldForAreNulls) {
  wire::FetchLogRequest request = fetch_ids(equal, 0);
  auto* table = request.mutable_tables_req(0);
  table->clear_filter_predicate();
  table->clear_filter_schema_id();
  table->set_projection_pushdown_enabled(true);
  table->add_projected_fields(0);
  table->add_projected_fields(3);
  CallScript call(with_gate(), ApiKey::fetch_log, request);
  call.answer_next(DataAnswer{0, 2, 0, stored(rows_batch(2, 8), 0)});
  const auto schema = protocol::schema_of({{"id", "INT"}, {"gate", "STRING"}});
  const auto rows = protocol::decode_batch(answer_of(call).records, protocol::to_arrow(schema));
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_TRUE((*rows)->Equals(*protocol::rows_of(schema, {"[8, 9]", "[null, null]"})));
}

TEST(FetchProjection, AColumnThatIsAddedWhileAFetchWaitsBreaksNothing) {
  wire::FetchLogRequest request = fetch_ids(equal, 0);
  auto* table = request.mutable_tables_req(0);
  table->clear_filter_predicate();
  table->clear_filter_schema_id();
  table->set_projection_pushdown_enabled(true);
  table->add_projected_fields(0);
  CallScript call(cluster(), ApiKey::fetch_log, request);
  call.answer_next(DataAnswer{0, 0, 0, {}});
  TableAltered fact{flights, 2, flights_table().descriptor, 3000};
  protocol::append_column(fact.descriptor.schema,
                          {"gate", *protocol::parse_sql_type("STRING"), {}, -1, {}});
  call.learn(fact);
  const auto rows =
      protocol::rows_of(fact.descriptor.schema, {"[1]", R"(["UA"])", "[1]", R"(["C3"])"});
  call.answer_next(AdvancedAnswer{});
  call.answer_next(DataAnswer{
      0, 1, 0,
      stored(protocol::encode_batch(*rows, {.schema_id = 2, .compression = {}}).value(), 0)});
  const auto answer = answer_of(call);
  EXPECT_FALSE(answer.error);
  const auto schema = protocol::schema_of({{"id", "INT"}});
  EXPECT_EQ((*protocol::decode_batch(answer.records, protocol::to_arrow(schema)))->num_rows(), 1);
}

std::int32_t produced(ClusterView view, const Buffer& batch) {
  protocol::ProduceRequest request;
  request.table_id = flights.value();
  request.buckets.push_back({{}, 0, batch});
  CallScript call(std::move(view),
                  frame(ApiKey::produce_log, joined(protocol::encode_produce_request(request))));
  if (!call.over()) call.answer_next(AppendedAnswer{0});
  return call.response<wire::ProduceLogResponse>().buckets_resp(0).error_code();
}

TEST(ProduceSchemas, ABatchIsCheckedAgainstTheSchemaThatItNames) {
  const auto wide = protocol::rows_of(with_gate().catalog.find_table(flights)->descriptor.schema,
                                      {"[1]", R"(["UA"])", "[1]", R"(["C3"])"});
  const Buffer second = protocol::encode_batch(*wide, {.schema_id = 2, .compression = {}}).value();
  EXPECT_EQ(produced(with_gate(), second), 0);
  EXPECT_EQ(produced(with_gate(), rows_batch(3, 0, 1)), 0);  // Writers of before go on.
  EXPECT_EQ(produced(cluster(), second), 9);                 // Newer than what is known.
  EXPECT_EQ(produced(with_gate(), rows_batch(3, 0, 2)), 14);
  EXPECT_EQ(produced(with_gate(), rows_batch(3, 0, 0)), 9);
}

TEST(ProduceSchemas, StatisticsAreTakenWhereTheTableAsksForThem) {
  const Buffer batch =
      protocol::with_statistics(rows_batch(2), protocol::statistics_block({{0, 0, 0, 1}}));
  EXPECT_EQ(produced(cluster(), batch), 14);
  ClusterView view = cluster();
  TableAltered fact{flights, 1, flights_table().descriptor, 3000};
  fact.descriptor.properties["table.statistics.columns"] = "*";
  view.catalog.apply(fact);
  EXPECT_EQ(produced(view, batch), 0);
  EXPECT_EQ(produced(view, rows_batch(2)), 0);
}

}  // namespace
}  // namespace millrace::gateway
