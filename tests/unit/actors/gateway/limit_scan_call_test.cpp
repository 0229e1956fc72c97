#include "tests/unit/actors/gateway/call_script.hpp"

namespace millrace::gateway {
namespace {

CallScript scan(std::int32_t bucket, std::int32_t limit) {
  wire::LimitScanRequest request;
  request.set_table_id(flights.value());
  request.set_bucket_id(bucket);
  request.set_limit(limit);
  return {cluster(), ApiKey::limit_scan, request};
}

ReadQuestion next_read(const CallScript& call) {
  return std::get<ReadQuestion>(call.asked.at(0).question);
}

/// A log of two batches: rows 0 to 2, and 3 to 9.
DataAnswer first_batch() { return {0, 10, 0, stored(rows_batch(3), 0)}; }
DataAnswer second_batch() { return {3, 10, 0, stored(rows_batch(7), 3)}; }

TEST(LimitScanCall, BringsTheBatchesThatHoldTheLastRows) {
  CallScript call = scan(1, 4);
  EXPECT_EQ(next_read(call).bytes_max, 0U);  // First only what there is.
  call.answer_next(DataAnswer{2, 10, 2, {}});
  EXPECT_EQ(next_read(call).from, 6);
  call.answer_next(second_batch());
  const auto response = call.response<wire::LimitScanResponse>();
  EXPECT_FALSE(response.has_error_code());
  EXPECT_TRUE(response.is_log_table());
  EXPECT_EQ(response.records(), second_batch().batches.text());
}

TEST(LimitScanCall, ReadsOnUntilTheHighWatermarkOfTheBeginning) {
  CallScript call = scan(0, 100);
  call.answer_next(DataAnswer{2, 10, 2, {}});
  EXPECT_EQ(next_read(call).from, 2);  // The limit reaches below what is kept.
  call.answer_next(first_batch());
  EXPECT_EQ(next_read(call).from, 3);
  const Buffer later = joined({second_batch().batches, stored(rows_batch(2), 10)});
  call.answer_next(DataAnswer{3, 12, 2, later});
  EXPECT_EQ(call.response<wire::LimitScanResponse>().records(),
            joined({first_batch().batches, second_batch().batches}).text());
}

TEST(LimitScanCall, NothingIsNoError) {
  for (const std::int32_t limit : {5, 0, -3}) {
    CallScript call = scan(0, limit);
    call.answer_next(DataAnswer{0, limit > 0 ? 0 : 10, 0, {}});
    const auto response = call.response<wire::LimitScanResponse>();
    EXPECT_TRUE(response.has_records());
    EXPECT_TRUE(response.records().empty());
    EXPECT_TRUE(response.is_log_table());
  }
}

TEST(LimitScanCall, ErrorsAreNotTakenForABucketWithoutRows) {
  EXPECT_EQ(scan(2, 1).error(), ErrorCode::not_leader_or_follower);
  EXPECT_EQ(scan(9, 1).error(), ErrorCode::unknown_table_or_bucket_exception);
  CallScript late = scan(0, 1);
  late.deadline_passes();
  EXPECT_EQ(late.error(), ErrorCode::not_leader_or_follower);
  CallScript damaged = scan(0, 10);
  damaged.answer_next(DataAnswer{0, 10, 0, {}});
  damaged.answer_next(protocol::ProtocolError{ErrorCode::corrupt_record_exception, "bad"});
  EXPECT_EQ(damaged.error(), ErrorCode::corrupt_record_exception);
}

TEST(LimitScanCall, RowsThatAreDeletedMeanwhileAreNoError) {
  const protocol::ProtocolError deleted{ErrorCode::log_offset_out_of_range_exception, "gone"};
  CallScript call = scan(0, 100);
  call.answer_next(DataAnswer{2, 10, 2, {}});
  EXPECT_EQ(next_read(call).from, 2);
  call.answer_next(deleted);
  EXPECT_EQ(next_read(call).bytes_max, 0U);
  call.answer_next(DataAnswer{3, 10, 3, {}});
  call.answer_next(second_batch());
  EXPECT_EQ(call.response<wire::LimitScanResponse>().records(), second_batch().batches.text());

  CallScript endless = scan(0, 100);
  for (int i = 0; !endless.over() && i < 20; ++i) {
    endless.answer_next(DataAnswer{2, 10, 2, {}});
    endless.answer_next(deleted);
  }
  EXPECT_EQ(endless.error(), ErrorCode::log_offset_out_of_range_exception);
}

TEST(LimitScanCall, ABatchWhoseMagicWasDamagedIsNotServed) {
  std::string bytes(first_batch().batches.text());
  bytes[12] = 1;  // No checksum covers it.
  CallScript call = scan(0, 10);
  call.answer_next(DataAnswer{0, 3, 0, {}});
  call.answer_next(DataAnswer{0, 3, 0, Buffer::from(bytes)});
  EXPECT_EQ(call.error(), ErrorCode::corrupt_record_exception);
}

TEST(LimitScanCall, MoreThanAnAnswerHoldsIsRefused) {
  CallScript call = scan(0, 1 << 30);
  const std::int32_t rows = 1'000'000;
  const Buffer batch = rows_batch(rows);
  const Offset end = Offset{100} * rows;
  call.answer_next(DataAnswer{0, end, 0, {}});
  for (Offset from = 0; !call.over(); from += rows) {
    call.answer_next(DataAnswer{from, end, 0, stored(batch, from)});
  }
  EXPECT_EQ(call.error(), ErrorCode::record_too_large_exception);
}

wire::GetTableStatsRequest stats_of(const std::vector<std::int32_t>& buckets) {
  wire::GetTableStatsRequest request;
  request.set_table_id(flights.value());
  for (const std::int32_t bucket : buckets) request.add_buckets_req()->set_bucket_id(bucket);
  return request;
}

TEST(TableStatsCall, RowsAreThoseBetweenStartAndHighWatermark) {
  CallScript call(cluster(), ApiKey::get_table_stats, stats_of({3, 2, 0, 9, 1}));
  ASSERT_EQ(call.asked.size(), 3U);
  EXPECT_EQ(next_read(call).bytes_max, 0U);
  call.answer_next(DataAnswer{4, 10, 4, {}});
  call.answer_next(protocol::ProtocolError{ErrorCode::log_storage_exception, "gone"});
  call.deadline_passes();
  const auto response = call.response<wire::GetTableStatsResponse>();
  ASSERT_EQ(response.buckets_resp_size(), 5);
  EXPECT_EQ(response.buckets_resp(0).row_count(), 6);
  EXPECT_FALSE(response.buckets_resp(0).has_error_code());
  std::vector<std::int32_t> codes;
  for (int i = 1; i < 5; ++i) {
    EXPECT_FALSE(response.buckets_resp(i).has_row_count());
    codes.push_back(response.buckets_resp(i).error_code());
  }
  EXPECT_EQ(codes, (std::vector<std::int32_t>{12, 10, 21, 12}));
}

TEST(TableStatsCall, LeadersOnOtherNodesAreAsked) {
  ClusterView view = cluster();
  view.members[NodeId{2}].alive = true;
  CallScript call(std::move(view), ApiKey::get_table_stats, stats_of({2, 0}));
  ASSERT_EQ(call.asked.size(), 2U);
  EXPECT_EQ(call.asked[0].node, NodeId{2});
  EXPECT_EQ(call.asked[1].node, self);
  call.answer_next(DataAnswer{0, 9, 4, {}});
  call.answer_next(protocol::ProtocolError{ErrorCode::log_storage_exception, "gone"});
  const auto response = call.response<wire::GetTableStatsResponse>();
  EXPECT_EQ(response.buckets_resp(0).row_count(), 5);
  EXPECT_EQ(response.buckets_resp(1).error_code(), 10);
}

TEST(TableStatsCall, ANodeWhoseReplicasDoNotRunAsksOthersOnly) {
  ClusterView view = cluster();
  view.members[NodeId{2}].alive = true;
  view.serves = false;
  CallScript call(std::move(view), ApiKey::get_table_stats, stats_of({2, 0}));
  ASSERT_EQ(call.asked.size(), 1U);
  EXPECT_EQ(call.asked[0].node, NodeId{2});
  call.answer_next(DataAnswer{0, 9, 4, {}});
  EXPECT_EQ(call.response<wire::GetTableStatsResponse>().buckets_resp(1).error_code(), 12);
}

}  // namespace
}  // namespace millrace::gateway
