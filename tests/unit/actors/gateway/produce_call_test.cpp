#include "protocol/row_batch_codec.hpp"
#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

struct ToBucket {
  std::int32_t bucket = 0;
  Buffer records;
};

CallScript produce(const std::vector<ToBucket>& buckets, std::int32_t acks = -1,
                   TableId table = flights, const ClusterView& view = cluster()) {
  protocol::ProduceRequest request;
  request.acks = acks;
  request.table_id = table.value();
  request.timeout_ms = 30'000;
  for (const ToBucket& one : buckets) request.buckets.push_back({{}, one.bucket, one.records});
  return {view, frame(ApiKey::produce_log, joined(protocol::encode_produce_request(request)))};
}

/// What each bucket of the answer got, in request order: its base offset, or its error negated.
std::vector<std::int64_t> results(const CallScript& call) {
  std::vector<std::int64_t> found;
  const auto response = call.response<wire::ProduceLogResponse>();
  for (const auto& bucket : response.buckets_resp()) {
    EXPECT_NE(bucket.has_error_code(), bucket.has_base_offset());
    found.push_back(bucket.has_error_code() ? -bucket.error_code() : bucket.base_offset());
  }
  return found;
}

std::int64_t error(ErrorCode code) { return -static_cast<std::int64_t>(code); }

Buffer damaged(const Buffer& batch, std::size_t at) {
  std::string bytes(batch.text());
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return Buffer::from(std::move(bytes));
}

TEST(ProduceCall, AppendsToEveryBucketAndAnswersWhenAllHaveAnswered) {
  CallScript call = produce({{1, rows_batch(3)}, {0, rows_batch(2)}});
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_EQ(call.asked[0].bucket, (BucketId{flights, BucketIndex{1}}));
  EXPECT_EQ(std::get<AppendQuestion>(call.asked[0].question).batches.size(), 1U);
  EXPECT_EQ(call.deadline, Duration(30s));
  call.answer(call.asked[1], AppendedAnswer{40});
  call.answer(call.asked[1], AppendedAnswer{41});  // Twice: nothing comes of it.
  EXPECT_FALSE(call.over());
  call.answer(call.asked[0], AppendedAnswer{7});
  EXPECT_EQ(results(call), (std::vector<std::int64_t>{7, 40}));
}

TEST(ProduceCall, SeveralBatchesOfABucketAreOneAppend) {
  const Buffer both = joined({rows_batch(3), rows_batch(2)});
  CallScript call = produce({{0, both}});
  EXPECT_EQ(std::get<AppendQuestion>(call.asked.at(0).question).batches.size(), 2U);
}

TEST(ProduceCall, AcksOutOfRangeFailTheWholeRequest) {
  for (const std::int32_t acks : {-2, 2, 1000}) {
    EXPECT_EQ(produce({{0, rows_batch(1)}}, acks).error(), ErrorCode::invalid_required_acks);
  }
  for (const std::int32_t acks : {-1, 0, 1}) {
    EXPECT_EQ(produce({{0, rows_batch(1)}}, acks).asked.size(), 1U);
  }
}

TEST(ProduceCall, EveryBucketHasItsOwnError) {
  const Buffer fine = rows_batch(1);
  CallScript call = produce({{0, fine},
                             {0, fine},
                             {1, damaged(fine, fine.size() - 1)},
                             {2, fine},
                             {4, fine},
                             {-1, fine},
                             {3, rows_batch(1, 0, 2)}});
  ASSERT_EQ(call.asked.size(), 1U);
  call.answer_next(AppendedAnswer{12});
  EXPECT_EQ(results(call),
            (std::vector<std::int64_t>{12, error(ErrorCode::corrupt_message),
                                       error(ErrorCode::corrupt_record_exception),
                                       error(ErrorCode::not_leader_or_follower),
                                       error(ErrorCode::unknown_table_or_bucket_exception),
                                       error(ErrorCode::unknown_table_or_bucket_exception),
                                       error(ErrorCode::schema_not_exist)}));
}

TEST(ProduceCall, ANodeWhoseReplicasDoNotRunSaysSoAtOnce) {
  ClusterView view = cluster();
  view.serves = false;
  const CallScript call = produce({{0, rows_batch(1)}}, -1, flights, view);
  EXPECT_TRUE(call.asked.empty());
  EXPECT_EQ(results(call), std::vector{error(ErrorCode::not_leader_or_follower)});
  view.serves = true;
  view.members[self].alive = false;  // What others think of a node that serves is not asked.
  EXPECT_EQ(produce({{0, rows_batch(1)}}, -1, flights, view).asked.size(), 1U);
}

TEST(ProduceCall, WhatIsNoBatchOfTheTableIsCorrupt) {
  const Buffer fine = rows_batch(4);
  const auto other = protocol::rows_of(protocol::schema_of({{"only", "INT"}}), {"[1]"});
  const Buffer foreign = protocol::encode_batch(*other, {.compression = {}}).value();
  for (const Buffer& records : {Buffer{}, Buffer::from("junk"), fine.slice(0, fine.size() - 1),
                                joined({fine, Buffer::from("x")}), foreign}) {
    const CallScript call = produce({{0, records}});
    EXPECT_TRUE(call.asked.empty());
    EXPECT_EQ(results(call), std::vector{error(ErrorCode::corrupt_record_exception)});
  }
}

TEST(ProduceCall, BatchesAreOfTheFormatOfTheTable) {
  const protocol::Schema schema = flights_table().descriptor.schema;
  const auto rows = protocol::rows_of(schema, {"[1]", R"(["UA"])", "[null]"});
  const auto encoded = [&](protocol::RowFormat format) {
    return protocol::encode_row_batch(*rows, schema, format, {}).value();
  };
  const std::vector<std::pair<std::string, Buffer>> batches = {
      {"ARROW", rows_batch(1)},
      {"INDEXED", encoded(protocol::RowFormat::indexed)},
      {"COMPACTED", encoded(protocol::RowFormat::compacted)}};
  for (const auto& [format, batch] : batches) {
    for (const auto& [wanted, fine] : batches) {
      SCOPED_TRACE(format + " to a table of " + wanted);
      const CallScript call = produce({{0, batch}}, -1, flights, cluster(flights_in(wanted)));
      EXPECT_EQ(call.asked.size(), format == wanted ? 1U : 0U);
    }
  }
}

TEST(ProduceCall, ARowThatReachesBeyondItsRecordIsCorrupt) {
  const protocol::Schema schema = flights_table().descriptor.schema;
  const auto rows = protocol::rows_of(schema, {"[1]", R"(["UA"])", "[5]"});
  const Buffer fine =
      protocol::encode_row_batch(*rows, schema, protocol::RowFormat::indexed, {}).value();
  std::vector<std::byte> bytes(fine.bytes().begin(), fine.bytes().end());
  constexpr std::size_t at_text_length = protocol::log_batch_header_size + 4 + 1 + 1;
  ASSERT_EQ(bytes[at_text_length], std::byte{2});
  bytes[at_text_length] = std::byte{3};
  protocol::seal_crc(bytes);
  const CallScript call =
      produce({{0, Buffer::from(std::move(bytes))}}, -1, flights, cluster(flights_in("INDEXED")));
  EXPECT_EQ(results(call), std::vector{error(ErrorCode::corrupt_record_exception)});
}

TEST(ProduceCall, AnUnknownTableIsSaidPerBucket) {
  const CallScript call = produce({{0, rows_batch(1)}, {1, rows_batch(1)}}, -1, TableId{99});
  EXPECT_EQ(results(call), std::vector(2, error(ErrorCode::unknown_table_or_bucket_exception)));
}

TEST(ProduceCall, WhatAReplicaRefusesReachesItsBucket) {
  CallScript call = produce({{0, rows_batch(1)}, {1, rows_batch(1)}});
  call.answer_next(to_protocol({Errc::overloaded, "disk full"}));
  call.answer_next(
      protocol::ProtocolError{ErrorCode::out_of_order_sequence_exception, "expected 4"});
  EXPECT_EQ(results(call), (std::vector{error(ErrorCode::storage_exception),
                                        error(ErrorCode::out_of_order_sequence_exception)}));
}

TEST(ProduceCall, ADeadlineAnswersWhatIsOpenAndKeepsWhatIsDone) {
  CallScript call = produce({{0, rows_batch(1)}, {1, rows_batch(1)}});
  call.answer_next(AppendedAnswer{3});
  call.deadline_passes();
  EXPECT_EQ(results(call), (std::vector<std::int64_t>{3, error(ErrorCode::request_time_out)}));
}

TEST(ProduceCall, ARequestWithoutBucketsIsAnsweredWithNone) {
  EXPECT_TRUE(results(produce({})).empty());
}

TEST(ToProtocol, TellsClientsWhatTheyCanDo) {
  const auto code = [](Errc errc) { return to_protocol({errc, "x"}).code; };
  EXPECT_EQ(code(Errc::malformed), ErrorCode::corrupt_message);
  EXPECT_EQ(code(Errc::stale_epoch), ErrorCode::not_leader_or_follower);
  EXPECT_EQ(code(Errc::not_leader), ErrorCode::not_leader_or_follower);
  EXPECT_EQ(code(Errc::overloaded), ErrorCode::storage_exception);
  EXPECT_EQ(code(Errc::unavailable), ErrorCode::log_storage_exception);
  EXPECT_EQ(code(Errc::corrupt), ErrorCode::corrupt_record_exception);
  EXPECT_EQ(static_cast<std::int32_t>(code(Errc::overloaded)), 26);
}

}  // namespace
}  // namespace millrace::gateway
