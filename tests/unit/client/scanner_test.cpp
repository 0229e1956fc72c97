#include "client/scanner.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "protocol/batch_codec.hpp"
#include "tests/unit/client/fake_cluster.hpp"

namespace millrace::client {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;

class ScannerTest : public testing::Test {
 protected:
  ScannerTest() : client(peer, loop, {.bootstrap = {FakeCluster::address_of(0)}}) {}

  void store(std::size_t bucket_number, std::vector<std::int64_t> ids) {
    const auto rows = cluster.rows(std::move(ids));
    store(bucket_number, *rows, protocol::encode_batch(*rows, {}).value());
  }

  void store(std::size_t bucket_number, const arrow::RecordBatch& rows, const Buffer& batch) {
    FakeCluster::Bucket& bucket = cluster.buckets[bucket_number];
    std::vector<std::byte> stamped;
    for (const Buffer& piece : protocol::stamp(batch, bucket.end, 1'700'000'000'000))
      stamped.insert(stamped.end(), piece.bytes().begin(), piece.bytes().end());
    bucket.batches.push_back(Buffer::from(std::move(stamped)));
    bucket.end += rows.num_rows();
  }

  std::shared_ptr<Scanner> open(ScanOptions options = {}) {
    std::shared_ptr<Scanner> out;
    Scanner::open(client, cluster.path, std::move(options),
                  [&](const Outcome<std::shared_ptr<Scanner>>& opened) {
                    ASSERT_TRUE(opened) << opened.error().message;
                    out = *opened;
                  });
    loop.run_for(1s);
    return out;
  }

  Outcome<std::vector<ScannedBatch>> poll(Scanner& scanner, Duration wait_max = 1s) {
    std::optional<Outcome<std::vector<ScannedBatch>>> out;
    scanner.poll(wait_max, [&](Outcome<std::vector<ScannedBatch>> batches) {
      EXPECT_FALSE(out);
      out.emplace(std::move(batches));
    });
    EXPECT_TRUE(loop.run_until([&] { return out.has_value(); }, wait_max + 1s));
    return *out;
  }

  /// Polls until nothing more comes; ids by bucket.
  std::map<BucketIndex, std::vector<std::int64_t>> drain(Scanner& scanner) {
    std::map<BucketIndex, std::vector<std::int64_t>> out;
    while (true) {
      const auto batches = poll(scanner);
      EXPECT_TRUE(batches) << batches.error().message;
      if (!batches || batches->empty()) return out;
      for (const ScannedBatch& batch : *batches) {
        EXPECT_EQ(batch.base_offset, next[batch.bucket]);
        next[batch.bucket] += batch.rows->num_rows();
        const auto& ids = static_cast<const arrow::Int64Array&>(*batch.rows->column(0));
        for (std::int64_t i = 0; i < ids.length(); ++i) out[batch.bucket].push_back(ids.Value(i));
      }
    }
  }

  /// Answers the next fetch with an error for bucket 0.
  void fail_next_fetch(ErrorCode code) {
    cluster.intercept = [this, code](const Request& request) {
      if (request.api != ApiKey::fetch_log) return false;
      cluster.intercept = nullptr;
      std::vector<protocol::FetchedTable> out(1);
      out[0].table_id = 7;
      out[0].buckets.resize(1);
      out[0].buckets[0].error = {code, "as told"};
      peer.answer_pieces(request, protocol::encode_fetch_response(out));
      return true;
    };
  }

  VirtualLoop loop;
  FakePeer peer{loop};
  FakeCluster cluster{loop, peer, 2, 3};
  Client client;
  std::map<BucketIndex, Offset> next;
};

const BucketIndex b0{0};
const BucketIndex b1{1};
const BucketIndex b2{2};

TEST_F(ScannerTest, ReadsAllBucketsFromTheStart) {
  store(0, {1, 2, 3});
  store(0, {4});
  store(1, {10});
  store(2, {20, 21});
  const auto scanner = open();
  for (const BucketIndex bucket : {b0, b1, b2}) scanner->subscribe(bucket, from_earliest);
  const auto got = drain(*scanner);
  EXPECT_EQ(got.at(b0), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(got.at(b1), std::vector<std::int64_t>{10});
  EXPECT_EQ(got.at(b2), (std::vector<std::int64_t>{20, 21}));
  EXPECT_EQ(scanner->position(b0), 4);
  EXPECT_EQ(scanner->high_watermark(b2), 2);
  EXPECT_GT(scanner->wire_bytes(), 300U);
}

TEST_F(ScannerTest, AnOffsetWithinABatchSkipsTheRowsBefore) {
  store(0, {1, 2, 3, 4});
  const auto scanner = open();
  scanner->subscribe(b0, 2);
  const auto batches = poll(*scanner);
  ASSERT_TRUE(batches);
  ASSERT_EQ(batches->size(), 1U);
  EXPECT_EQ((*batches)[0].base_offset, 2);
  EXPECT_EQ((*batches)[0].rows->num_rows(), 2);
  EXPECT_EQ((*batches)[0].commit_timestamp, 1'700'000'000'000);
  EXPECT_TRUE((*batches)[0].changes.empty());
}

TEST_F(ScannerTest, ProjectionAsksForFewerColumnsAndKeepsTheOrderWanted) {
  store(0, {1, 2});
  const auto whole = open();
  whole->subscribe(b0, 0);
  (void)drain(*whole);
  const auto scanner = open({.columns = {1, 0}});
  scanner->subscribe(b0, 0);
  auto batches = poll(*scanner);
  ASSERT_TRUE(batches) << batches.error().message;
  EXPECT_EQ(scanner->schema()->field_names(), (std::vector<std::string>{"name", "id"}));
  const auto& names = static_cast<const arrow::StringArray&>(*(*batches)[0].rows->column(0));
  EXPECT_EQ(names.GetString(1), "name-2");
  const auto narrow = open({.columns = {0}});
  narrow->subscribe(b0, 0);
  (void)poll(*narrow);
  EXPECT_LT(narrow->wire_bytes(), whole->wire_bytes());
}

TEST_F(ScannerTest, RowFormatsAreProjectedHereAndNotByTheServer) {
  for (const auto& [name, format] : {std::pair{"INDEXED", protocol::RowFormat::indexed},
                                     std::pair{"COMPACTED", protocol::RowFormat::compacted}}) {
    SCOPED_TRACE(name);
    cluster.descriptor.properties["table.log.format"] = name;
    client.cluster()->forget(cluster.path);
    cluster.buckets[0] = {.leader = 0};
    const auto rows = cluster.rows({1, 2, 3});
    const std::vector<protocol::ChangeType> changes = {protocol::ChangeType::insert,
                                                       protocol::ChangeType::update_before,
                                                       protocol::ChangeType::update_after};
    store(0, *rows,
          protocol::encode_row_batch(*rows, cluster.descriptor.schema, format, {.changes = changes})
              .value());
    cluster.intercept = [](const Request& request) {
      if (request.api == ApiKey::fetch_log) {
        EXPECT_FALSE(
            request.as<wire::FetchLogRequest>().tables_req(0).projection_pushdown_enabled());
      }
      return false;
    };
    const auto scanner = open({.columns = {1}});
    scanner->subscribe(b0, 1);  // Within the batch.
    const auto batches = poll(*scanner);
    ASSERT_TRUE(batches) << batches.error().message;
    ASSERT_EQ(batches->size(), 1U);
    EXPECT_TRUE((*batches)[0].rows->Equals(*rows->SelectColumns({1}).ValueOrDie()->Slice(1)));
    EXPECT_EQ((*batches)[0].changes, (std::vector{changes[1], changes[2]}));
    EXPECT_EQ((*batches)[0].base_offset, 1);
  }
}

TEST_F(ScannerTest, BadProjectionsAreRefused) {
  for (const std::vector<std::int32_t>& columns :
       std::vector<std::vector<std::int32_t>>{{2}, {-1}, {0, 0}}) {
    bool refused = false;
    Scanner::open(client, cluster.path, {.columns = columns},
                  [&](const Outcome<std::shared_ptr<Scanner>>& opened) {
                    ASSERT_FALSE(opened);
                    EXPECT_EQ(opened.error().code, ErrorCode::invalid_column_projection);
                    refused = true;
                  });
    loop.run_for(1s);
    EXPECT_TRUE(refused);
  }
}

TEST_F(ScannerTest, APollEndsEmptyInTimeAndLaterRowsStillCome) {
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  const Instant start = loop.now();
  EXPECT_TRUE(poll(*scanner, 2s)->empty());
  EXPECT_EQ(loop.now() - start, 2s);
  EXPECT_LE(cluster.calls[ApiKey::fetch_log], 5) << "the long poll spins";
  store(0, {5});
  EXPECT_EQ(drain(*scanner).at(b0), std::vector<std::int64_t>{5});
}

TEST_F(ScannerTest, ManyLargeBatchesAreCutAtTheLimitAndStillComplete) {
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < 50; ++i) {
    store(0, {2 * i, 2 * i + 1});
    expected.push_back(2 * i);
    expected.push_back(2 * i + 1);
  }
  const auto scanner = open({.bucket_bytes_max = 1000});
  scanner->subscribe(b0, 0);
  EXPECT_EQ(drain(*scanner).at(b0), expected);
}

TEST_F(ScannerTest, FollowsALeaderThatMoves) {
  store(0, {1});
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  EXPECT_EQ(drain(*scanner).at(b0), std::vector<std::int64_t>{1});
  cluster.buckets[0].leader = 1;
  store(0, {2});
  EXPECT_EQ(drain(*scanner).at(b0), std::vector<std::int64_t>{2});
}

TEST_F(ScannerTest, ErrorsThatPassAreWaitedOut) {
  store(0, {1});
  for (const ErrorCode code :
       {ErrorCode::not_leader_or_follower, ErrorCode::log_storage_exception,
        ErrorCode::kv_storage_exception, ErrorCode::storage_exception,
        ErrorCode::fenced_leader_epoch_exception, ErrorCode::unknown_table_or_bucket_exception,
        ErrorCode::leader_not_available_exception, ErrorCode::unknown_server_error}) {
    SCOPED_TRACE(std::string(name_of(code)));
    const auto scanner = open();
    scanner->subscribe(b0, 0);
    fail_next_fetch(code);
    next.clear();
    EXPECT_EQ(drain(*scanner).at(b0), std::vector<std::int64_t>{1});
    EXPECT_FALSE(scanner->trouble());
  }
}

TEST_F(ScannerTest, OtherErrorsReachTheApplication) {
  store(0, {1});
  for (const ErrorCode code :
       {ErrorCode::log_offset_out_of_range_exception, ErrorCode::corrupt_message,
        ErrorCode::request_time_out, ErrorCode::authorization_exception,
        ErrorCode::invalid_column_projection, ErrorCode::table_not_exist}) {
    SCOPED_TRACE(std::string(name_of(code)));
    const auto scanner = open();
    scanner->subscribe(b0, 0);
    fail_next_fetch(code);
    EXPECT_EQ(poll(*scanner).error(), (ProtocolError{code, "as told"}));
    EXPECT_EQ(poll(*scanner).error().code, code) << "final until subscribed anew";
    scanner->subscribe(b0, 0);
    EXPECT_EQ(poll(*scanner)->size(), 1U);
  }
}

TEST_F(ScannerTest, ABrokenConnectionIsMadeAgain) {
  store(0, {1});
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::fetch_log) return false;
    cluster.intercept = nullptr;
    peer.hang_up(request.connection);
    return true;
  };
  EXPECT_EQ(drain(*scanner).at(b0), std::vector<std::int64_t>{1});
}

TEST_F(ScannerTest, ADamagedBatchIsNeverHandedOut) {
  store(0, {1, 2});
  store(0, {3, 4});
  std::vector<std::byte> bytes(cluster.buckets[0].batches[1].bytes().begin(),
                               cluster.buckets[0].batches[1].bytes().end());
  bytes[bytes.size() - 3] ^= std::byte{1};
  cluster.buckets[0].batches[1] = Buffer::from(std::move(bytes));
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  const auto before = poll(*scanner);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->size(), 1U);
  EXPECT_EQ(poll(*scanner).error().code, ErrorCode::corrupt_message);
  EXPECT_EQ(scanner->position(b0), 2);
}

TEST_F(ScannerTest, AHoleInTheLogIsAnError) {
  store(0, {1});
  store(0, {2});
  store(0, {3});
  cluster.buckets[0].batches.erase(cluster.buckets[0].batches.begin() + 1);
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  ASSERT_TRUE(poll(*scanner));
  const auto hole = poll(*scanner);
  ASSERT_FALSE(hole);
  EXPECT_NE(hole.error().message.find("rows 1 to 1 are missing"), std::string::npos)
      << hole.error().message;
}

TEST_F(ScannerTest, AnUnsubscribedBucketIsQuiet) {
  store(0, {1});
  store(2, {2});
  const auto scanner = open();
  scanner->subscribe(b0, 0);
  scanner->subscribe(b2, 0);
  scanner->unsubscribe(b0);
  const auto got = drain(*scanner);
  EXPECT_FALSE(got.contains(b0));
  EXPECT_EQ(got.at(b2), std::vector<std::int64_t>{2});
  EXPECT_FALSE(scanner->position(b0));
}

}  // namespace
}  // namespace millrace::client
