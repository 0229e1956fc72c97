#include <gtest/gtest.h>

#include "base/random.hpp"
#include "protocol/api.hpp"
#include "protocol/error_code.hpp"
#include "protocol/fetch_response.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "protocol/produce_request.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

TEST(ErrorCodes, CarryTheProtocolsNamesAndNumbers) {
  EXPECT_EQ(static_cast<int>(ErrorCode::table_not_exist), 7);
  EXPECT_EQ(name_of(ErrorCode::table_not_exist), "TABLE_NOT_EXIST");
  EXPECT_EQ(name_of(ErrorCode::unknown_server_error), "UNKNOWN_SERVER_ERROR");
  EXPECT_EQ(static_cast<int>(ErrorCode::invalid_bucket_routing), 74);
  EXPECT_EQ(name_of(ErrorCode::invalid_bucket_routing), "INVALID_BUCKET_ROUTING");
  EXPECT_EQ(error_code_of(26), ErrorCode::storage_exception);
  EXPECT_EQ(error_code_of(75), ErrorCode::unknown_server_error);
  EXPECT_EQ(error_code_of(-2), ErrorCode::unknown_server_error);
}

TEST(ErrorCodes, OnlyTheProtocolsRetriableOnesAre) {
  std::vector<int> retriable;
  for (int code = -1; code <= 74; ++code) {
    if (is_retriable(error_code_of(code))) retriable.push_back(code);
    EXPECT_FALSE(default_message(error_code_of(code)).empty()) << code;
  }
  EXPECT_EQ(retriable,
            (std::vector<int>{1, 3, 9, 10, 11, 12, 14, 21, 25, 26, 28, 29, 44, 70, 72, 73}));
}

TEST(ErrorCodes, WireTextIsBoundedAndValidUtf8) {
  EXPECT_EQ(wire_text("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(wire_text("a\xff\x80z\xc3"), "a??z?");
  EXPECT_EQ(wire_text("\xed\xa0\x80"), "???");  // A surrogate.
  EXPECT_EQ(wire_text("\xc0\x80"), "??");       // An overlong zero.
  EXPECT_EQ(wire_text(std::string(5000, 'x')).size(), 2048U);
  EXPECT_EQ(wire_text(std::string(2047, 'x') + "\xc3\xa9").size(), 2047U);
}

TEST(Apis, AreFoundByKey) {
  ASSERT_TRUE(find_api(1015));
  EXPECT_EQ(find_api(1015)->key, ApiKey::fetch_log);
  EXPECT_EQ(find_api(1015)->name, "FETCH_LOG");
  EXPECT_EQ(find_api(1016)->version_max, 2);
  EXPECT_FALSE(find_api(999));
  EXPECT_FALSE(find_api(1067));
  EXPECT_FALSE(find_api(-32768));
  EXPECT_EQ(all_apis().size(), 67U);
}

TEST(Messages, AMissingRequiredFieldIsMalformed) {
  wire::GetTableInfoRequest request;
  EXPECT_EQ(parse_message<wire::GetTableInfoRequest>({}).error().code, Errc::malformed);
  request.mutable_table_path()->set_database_name("nyc");
  request.mutable_table_path()->set_table_name("flights");
  const Buffer bytes = serialize(request);
  EXPECT_EQ(hex(bytes),
            "0a0e"
            "0a036e7963"
            "1207666c6967687473");
  EXPECT_TRUE(parse_message<wire::GetTableInfoRequest>(bytes.bytes()));
  EXPECT_EQ(parse_message<wire::GetTableInfoRequest>(bytes.bytes(), 3).error().code,
            Errc::overloaded);
}

// Source: Fluss LIMIT_SCAN and GET_DATABASE_INFO start at field 2 and 3; packed lists are packed.
TEST(Messages, NumbersThatAreEasyToGetWrong) {
  wire::LimitScanRequest scan;
  scan.set_table_id(1);
  scan.set_bucket_id(2);
  scan.set_limit(3);
  EXPECT_EQ(hex(serialize(scan)),
            "1001"
            "2002"
            "2803");
  wire::GetDatabaseInfoResponse info;
  info.set_database_json("{}");
  info.set_created_time(1);
  info.set_modified_time(2);
  EXPECT_EQ(hex(serialize(info)),
            "1a027b7d"
            "2001"
            "2802");
  wire::ListOffsetsRequest offsets;
  offsets.set_follower_server_id(-1);
  offsets.set_offset_type(1);
  offsets.set_table_id(5);
  offsets.add_bucket_id(0);
  offsets.add_bucket_id(1);
  EXPECT_EQ(hex(serialize(offsets)),
            "08ffffffffffffffffff01"
            "1001"
            "1805"
            "2a020001");
}

std::vector<FetchedTable> sample_tables() {
  FetchedBucket rows;
  rows.bucket_id = 3;
  rows.high_watermark = 300;
  rows.log_start_offset = 0;
  rows.records = {Buffer::from(std::string("batch one|")), Buffer(),
                  Buffer::from(std::string(200, 'x'))};
  FetchedBucket partitioned = rows;
  partitioned.partition_id = 0;
  partitioned.records.clear();
  FetchedBucket failed;
  failed.bucket_id = 4;
  failed.error = ProtocolError{ErrorCode::not_leader_or_follower, "ask node 2"};
  return {{7, {rows, partitioned}}, {std::int64_t{1} << 40, {failed}}, {9, {}}};
}

TEST(FetchResponse, IsWhatProtobufReads) {
  wire::FetchLogResponse response;
  ASSERT_TRUE(parse_into(response, joined(encode_fetch_response(sample_tables())).bytes()));
  ASSERT_EQ(response.tables_resp_size(), 3);
  EXPECT_EQ(response.tables_resp(0).table_id(), 7);
  const auto& rows = response.tables_resp(0).buckets_resp(0);
  EXPECT_EQ(rows.bucket_id(), 3);
  EXPECT_FALSE(rows.has_partition_id());
  EXPECT_FALSE(rows.has_error_code());
  EXPECT_EQ(rows.high_watermark(), 300);
  EXPECT_TRUE(rows.has_log_start_offset());
  EXPECT_EQ(rows.records(), "batch one|" + std::string(200, 'x'));
  const auto& partitioned = response.tables_resp(0).buckets_resp(1);
  EXPECT_TRUE(partitioned.has_partition_id());
  EXPECT_TRUE(partitioned.has_records());  // Always sent on success, even empty.
  EXPECT_EQ(response.tables_resp(1).table_id(), std::int64_t{1} << 40);
  const auto& failed = response.tables_resp(1).buckets_resp(0);
  EXPECT_EQ(failed.error_code(), 12);
  EXPECT_EQ(failed.error_message(), "ask node 2");
  EXPECT_FALSE(failed.has_records());
  EXPECT_FALSE(failed.has_high_watermark());
  // The same bytes as protobuf would write.
  EXPECT_EQ(hex(serialize(response)), hex(joined(encode_fetch_response(sample_tables()))));
}

TEST(FetchResponse, RecordsAreNeverCopied) {
  const auto tables = sample_tables();
  const auto pieces = encode_fetch_response(tables);
  const Buffer& records = tables[0].buckets[0].records[2];
  EXPECT_TRUE(std::any_of(pieces.begin(), pieces.end(), [&](const Buffer& piece) {
    return piece.data() == records.data() && piece.size() == records.size();
  }));
  const Buffer body = joined(pieces);
  const auto parsed = parse_fetch_response(body);
  ASSERT_TRUE(parsed);
  const Buffer& received = parsed->at(0).buckets.at(0).records;
  EXPECT_GE(received.data(), body.data());
  EXPECT_LE(received.data() + received.size(), body.data() + body.size());
}

TEST(FetchResponse, ReadsWhatItWrote) {
  const auto parsed = parse_fetch_response(joined(encode_fetch_response(sample_tables())));
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 3U);
  const ReceivedBucket& rows = parsed->at(0).buckets.at(0);
  EXPECT_EQ(rows.bucket_id, 3);
  EXPECT_EQ(rows.high_watermark, 300);
  EXPECT_EQ(rows.log_start_offset, 0);
  EXPECT_FALSE(rows.error);
  EXPECT_FALSE(rows.is_remote);
  EXPECT_EQ(rows.records.size(), 210U);
  EXPECT_EQ(parsed->at(0).buckets.at(1).partition_id, 0);
  EXPECT_EQ(parsed->at(1).buckets.at(0).error,
            (ProtocolError{ErrorCode::not_leader_or_follower, "ask node 2"}));
}

TEST(FetchResponse, ReadsWhatOnlyOtherServersSend) {
  wire::FetchLogResponse response;
  auto* table = response.add_tables_resp();
  table->set_table_id(1);
  auto* remote = table->add_buckets_resp();
  remote->set_bucket_id(0);
  remote->mutable_remote_log_fetch_info()->set_remote_log_tablet_dir("/remote");
  auto* filtered = table->add_buckets_resp();
  filtered->set_bucket_id(1);
  filtered->set_error_code(0);  // Rust clients take 0 for success, and so does this one.
  filtered->set_filtered_end_offset(55);
  filtered->set_min_retain_offset(1);  // Unknown here: skipped.
  auto* failed = table->add_buckets_resp();
  failed->set_bucket_id(2);
  failed->set_error_code(9999);
  const auto parsed = parse_fetch_response(serialize(response));
  ASSERT_TRUE(parsed);
  const auto& buckets = parsed->at(0).buckets;
  EXPECT_TRUE(buckets.at(0).is_remote);
  EXPECT_FALSE(buckets.at(1).error);
  EXPECT_EQ(buckets.at(1).filtered_end_offset, 55);
  ASSERT_TRUE(buckets.at(2).error);
  EXPECT_EQ(buckets.at(2).error->code, ErrorCode::unknown_server_error);
  EXPECT_FALSE(buckets.at(2).error->message.empty());
}

ProduceRequest sample_request() {
  return {.acks = -1,
          .table_id = 12,
          .timeout_ms = 30000,
          .buckets = {{std::nullopt, 0, Buffer::from(std::string(130, 'r'))},
                      {5, 1, Buffer::from(std::string("second"))},
                      {std::nullopt, 2, Buffer()}}};
}

TEST(ProduceRequest, IsWhatProtobufReadsAndWrites) {
  wire::ProduceLogRequest request;
  const Buffer bytes = joined(encode_produce_request(sample_request()));
  ASSERT_TRUE(parse_into(request, bytes.bytes()));
  EXPECT_EQ(request.acks(), -1);
  EXPECT_EQ(request.table_id(), 12);
  EXPECT_EQ(request.timeout_ms(), 30000);
  ASSERT_EQ(request.buckets_req_size(), 3);
  EXPECT_FALSE(request.buckets_req(0).has_partition_id());
  EXPECT_EQ(request.buckets_req(0).records(), std::string(130, 'r'));
  EXPECT_EQ(request.buckets_req(1).partition_id(), 5);
  EXPECT_EQ(request.buckets_req(1).bucket_id(), 1);
  EXPECT_EQ(hex(serialize(request)), hex(bytes));
}

TEST(ProduceRequest, RecordsAreSlicesOfTheBody) {
  const Buffer body = joined(encode_produce_request(sample_request()));
  const auto parsed = parse_produce_request(body);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->acks, -1);
  ASSERT_EQ(parsed->buckets.size(), 3U);
  const Buffer& records = parsed->buckets[0].records;
  EXPECT_EQ(records.text(), std::string(130, 'r'));
  EXPECT_GE(records.data(), body.data());
  EXPECT_LE(records.data() + records.size(), body.data() + body.size());
  EXPECT_EQ(parsed->buckets[1].partition_id, 5);
  EXPECT_TRUE(parsed->buckets[2].records.empty());
}

TEST(ProduceRequest, EveryRequiredFieldIsRequired) {
  EXPECT_FALSE(parse_produce_request(Buffer()));
  const auto parses = [](const wire::ProduceLogRequest& request) {
    return parse_produce_request(Buffer::from(request.SerializePartialAsString())).has_value();
  };
  wire::ProduceLogRequest request;
  request.set_acks(1);
  request.set_table_id(1);
  EXPECT_FALSE(parses(request));
  request.set_timeout_ms(1);
  EXPECT_TRUE(parses(request));
  auto* bucket = request.add_buckets_req();
  EXPECT_FALSE(parses(request));
  bucket->set_bucket_id(0);
  EXPECT_FALSE(parses(request));
  bucket->set_records("x");
  EXPECT_TRUE(parses(request));
}

TEST(Mutations, OfMessagesNeverCrashAndAgreeWithProtobuf) {
  const Buffer produce = joined(encode_produce_request(sample_request()));
  const Buffer fetch = joined(encode_fetch_response(sample_tables()));
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Buffer produce_bytes = mutate(produce, random);
    const Buffer fetch_bytes = mutate(fetch, random);
    const auto request = parse_produce_request(produce_bytes);
    const auto expected = parse_message<wire::ProduceLogRequest>(produce_bytes.bytes());
    // Protobuf may take what the short reader refuses (groups), never a different content.
    if (request && expected) {
      ASSERT_EQ(request->buckets.size(), static_cast<std::size_t>(expected->buckets_req_size()));
      EXPECT_EQ(request->table_id, expected->table_id());
      for (std::size_t i = 0; i < request->buckets.size(); ++i) {
        EXPECT_EQ(request->buckets[i].records.text(),
                  expected->buckets_req(static_cast<int>(i)).records());
      }
    }
    EXPECT_LE(request.has_value(), expected.has_value());
    (void)parse_fetch_response(fetch_bytes);
    (void)parse_message<wire::FetchLogResponse>(fetch_bytes.bytes());
    (void)parse_message<wire::MetadataResponse>(fetch_bytes.bytes());
  }
}

}  // namespace
}  // namespace millrace::protocol
