#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

wire::ListOffsetsRequest request_of(std::int32_t type, const std::vector<std::int32_t>& buckets,
                                    std::optional<std::int64_t> timestamp = {}) {
  wire::ListOffsetsRequest request;
  request.set_follower_server_id(-1);
  request.set_offset_type(type);
  request.set_table_id(flights.value());
  for (const std::int32_t bucket : buckets) request.add_bucket_id(bucket);
  if (timestamp) request.set_starttimestamp(*timestamp);
  return request;
}

CallScript list(const wire::ListOffsetsRequest& request) {
  return {cluster(), ApiKey::list_offsets, request};
}

/// Offsets, or errors negated, in request order.
std::vector<std::int64_t> results(const CallScript& call) {
  std::vector<std::int64_t> found;
  const auto response = call.response<wire::ListOffsetsResponse>();
  for (const auto& bucket : response.buckets_resp()) {
    EXPECT_NE(bucket.has_error_code(), bucket.has_offset());
    found.push_back(bucket.has_error_code() ? -bucket.error_code() : bucket.offset());
  }
  return found;
}

TEST(OffsetsCall, AsksForEachKindOfOffset) {
  EXPECT_TRUE(
      std::holds_alternative<EarliestQuestion>(list(request_of(0, {0})).asked.at(0).question));
  EXPECT_TRUE(
      std::holds_alternative<LatestQuestion>(list(request_of(1, {0})).asked.at(0).question));
  EXPECT_EQ(
      std::get<TimestampQuestion>(list(request_of(2, {0}, 44)).asked.at(0).question).timestamp, 44);
}

TEST(OffsetsCall, EveryBucketHasItsOwnOutcome) {
  CallScript call = list(request_of(1, {3, 2, 0, 9, 1}));
  ASSERT_EQ(call.asked.size(), 3U);
  call.answer_next(OffsetAnswer{30});
  call.answer_next(protocol::ProtocolError{ErrorCode::invalid_timestamp_exception, "future"});
  call.deadline_passes();
  EXPECT_EQ(results(call), (std::vector<std::int64_t>{30, -12, -38, -21, -12}));
}

TEST(OffsetsCall, ANodeWhoseReplicasDoNotRunSaysSo) {
  ClusterView view = cluster();
  view.serves = false;
  const CallScript call(view, ApiKey::list_offsets, request_of(1, {0, 9}));
  EXPECT_TRUE(call.asked.empty());
  EXPECT_EQ(results(call), (std::vector<std::int64_t>{-12, -21}));
}

TEST(OffsetsCall, BadArgumentsAreErrorsOfTheBuckets) {
  EXPECT_EQ(results(list(request_of(2, {0, 2}))), (std::vector<std::int64_t>{1, -12}));
  EXPECT_EQ(results(list(request_of(3, {0}))), std::vector<std::int64_t>{1});
  EXPECT_EQ(results(list(request_of(-7, {0}))), std::vector<std::int64_t>{1});
  EXPECT_TRUE(results(list(request_of(1, {}))).empty());
}

TEST(OffsetsCall, OneBucketNamedOftenIsAnsweredAsOftenUpToABound) {
  CallScript twice = list(request_of(1, {0, 0}));
  twice.answer_next(OffsetAnswer{4});
  twice.answer_next(OffsetAnswer{4});
  EXPECT_EQ(results(twice), (std::vector<std::int64_t>{4, 4}));
  CallScript flood = list(request_of(1, std::vector<std::int32_t>(2'000'000, 0)));
  EXPECT_TRUE(flood.asked.empty());
  EXPECT_EQ(flood.error(), ErrorCode::corrupt_message);
}

TEST(OffsetsCall, SoManyQuestionsAreOnTheirWayAtATime) {
  CallScript call = list(request_of(1, std::vector<std::int32_t>(1000, 0)));
  ASSERT_EQ(call.asked.size(), 256U);
  for (Offset i = 0; i < 999; ++i) {
    call.answer_next(OffsetAnswer{i});
    ASSERT_LE(call.asked.size(), 256U);
  }
  EXPECT_FALSE(call.over());
  call.answer_next(OffsetAnswer{999});
  const auto found = results(call);
  ASSERT_EQ(found.size(), 1000U);
  EXPECT_EQ(found.back(), 999);
}

}  // namespace
}  // namespace millrace::gateway
