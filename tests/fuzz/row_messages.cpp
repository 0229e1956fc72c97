#include "base/check.hpp"
#include "protocol/fetch_response.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/message_codec.hpp"
#include "protocol/produce_request.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/protocol/mutation.hpp"

// The two messages that are read by hand because they carry batches: PRODUCE_LOG requests and
// FETCH_LOG responses. What is read, written and read again is the same; what protobuf's own parser
// refuses as truncated is refused.

namespace millrace::fuzz {
namespace {

using namespace protocol;

bool same(const ProduceRequest& a, const ProduceRequest& b) {
  const auto same_bucket = [](const ProduceBucket& left, const ProduceBucket& right) {
    return left.partition_id == right.partition_id && left.bucket_id == right.bucket_id &&
           left.records.text() == right.records.text();
  };
  return a.acks == b.acks && a.table_id == b.table_id && a.timeout_ms == b.timeout_ms &&
         std::ranges::equal(a.buckets, b.buckets, same_bucket);
}

void check_produce(const Buffer& body) {
  const auto request = parse_produce_request(body);
  if (!request) return;
  const auto again = parse_produce_request(joined(encode_produce_request(*request)));
  CHECK(again.has_value());
  CHECK(same(*request, *again));
}

/// What a server could have said: encode_fetch_response() leaves the rest out.
FetchedTable served(const ReceivedTable& table) {
  FetchedTable out{table.table_id, {}};
  for (const ReceivedBucket& bucket : table.buckets)
    out.buckets.push_back({bucket.partition_id,
                           bucket.bucket_id,
                           bucket.error,
                           bucket.high_watermark.value_or(0),
                           bucket.log_start_offset.value_or(0),
                           {bucket.records}});
  return out;
}

void check_fetch(const Buffer& body) {
  const auto tables = parse_fetch_response(body);
  if (!tables) return;
  std::vector<FetchedTable> out;
  for (const ReceivedTable& table : *tables) out.push_back(served(table));
  const auto again = parse_fetch_response(joined(encode_fetch_response(out)));
  CHECK(again.has_value());
  CHECK(again->size() == tables->size());
  for (std::size_t i = 0; i < again->size(); ++i) {
    const auto same_bucket = [](const ReceivedBucket& left, const ReceivedBucket& right) {
      return left.partition_id == right.partition_id && left.bucket_id == right.bucket_id &&
             left.error.has_value() == right.error.has_value() &&
             (left.error || left.records.text() == right.records.text());
    };
    CHECK((*again)[i].table_id == (*tables)[i].table_id);
    CHECK(std::ranges::equal((*tables)[i].buckets, (*again)[i].buckets, same_bucket));
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  if (reader.below(2) == 0) {
    check_produce(reader.rest());
  } else {
    check_fetch(reader.rest());
  }
}

std::vector<Buffer> seeds() {
  const Buffer records = Buffer::from(std::string("batches"));
  const ProduceRequest produce{-1, 5, 1000, {{{}, 0, records}, {12, 1, records}}};
  const std::vector<FetchedTable> fetched = {
      {5,
       {{{}, 0, {}, 9, 1, {records, records}},
        {12, 1, ProtocolError{ErrorCode::not_leader_or_follower, "not here"}, 0, 0, {}}}}};
  return {InputWriter().byte(0).rest(joined(encode_produce_request(produce)).text()).done(),
          InputWriter().byte(1).rest(joined(encode_fetch_response(fetched)).text()).done()};
}

}  // namespace millrace::fuzz
