// Rows that were written before or after the schema that a reader or writer was opened with.
#include "client/schema_history.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "client/appender.hpp"
#include "client/scanner.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/produce_request.hpp"
#include "tests/unit/client/fake_cluster.hpp"

namespace millrace::client {
namespace {

using protocol::ApiKey;

protocol::Schema with_column(protocol::Schema schema, const std::string& name) {
  protocol::append_column(schema, {name, *protocol::parse_sql_type("INT"), {}, -1, {}});
  return schema;
}

std::shared_ptr<arrow::RecordBatch> rows_of(const protocol::Schema& schema,
                                            const std::vector<std::string>& columns) {
  const auto fields = protocol::to_arrow(schema);
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (int i = 0; i < fields->num_fields(); ++i) {
    arrays.push_back(arrow::json::ArrayFromJSONString(fields->field(i)->type(),
                                                      columns.at(static_cast<std::size_t>(i)))
                         .ValueOrDie());
  }
  return arrow::RecordBatch::Make(fields, arrays.front()->length(), arrays);
}

/// A table that was (id, name), is (id, name, a), and will be (id, name, a, b).
class SchemaHistoryTest : public testing::Test {
 protected:
  SchemaHistoryTest() : client(peer, loop, {.bootstrap = {FakeCluster::address_of(0)}}) {
    first = cluster.descriptor.schema;
    second = with_column(first, "a");
    third = with_column(second, "b");
    cluster.descriptor.schema = second;
    cluster.schema_id = 2;
    cluster.schemas = {{1, first}, {2, second}, {3, third}};
    store(rows_of(first, {"[1, 2]", R"(["x", null])"}), 1);
    store(rows_of(second, {"[3]", R"(["y"])", "[30]"}), 2);
    store(rows_of(third, {"[4]", R"(["z"])", "[40]", "[400]"}), 3);
  }

  void store(const std::shared_ptr<arrow::RecordBatch>& rows, std::int16_t schema_id) {
    FakeCluster::Bucket& bucket = cluster.buckets[0];
    const Buffer batch =
        protocol::encode_batch(*rows, {.schema_id = schema_id, .compression = {}}).value();
    std::string stamped;
    for (const Buffer& piece : protocol::stamp(batch, bucket.end, 1)) stamped += piece.text();
    bucket.batches.push_back(Buffer::from(std::move(stamped)));
    bucket.end += rows->num_rows();
  }

  /// All that comes, or the error.
  Outcome<std::vector<ScannedBatch>> drain(Scanner& scanner) {
    std::vector<ScannedBatch> all;
    for (;;) {
      std::optional<Outcome<std::vector<ScannedBatch>>> out;
      scanner.poll(1s,
                   [&](Outcome<std::vector<ScannedBatch>> got) { out.emplace(std::move(got)); });
      EXPECT_TRUE(loop.run_until([&] { return out.has_value(); }, 2s));
      if (!*out) return tl::unexpected(out->error());
      if ((*out)->empty()) return all;
      all.insert(all.end(), (*out)->begin(), (*out)->end());
    }
  }

  std::shared_ptr<Scanner> open(std::vector<std::int32_t> columns = {}) {
    std::shared_ptr<Scanner> out;
    ScanOptions options;
    options.columns = std::move(columns);
    Scanner::open(client, cluster.path, options,
                  [&](const Outcome<std::shared_ptr<Scanner>>& opened) { out = opened.value(); });
    loop.run_for(1s);
    out->subscribe(BucketIndex{0}, 0);
    return out;
  }

  VirtualLoop loop;
  FakePeer peer{loop};
  FakeCluster cluster{loop, peer, 1, 1};
  Client client;
  protocol::Schema first;
  protocol::Schema second;
  protocol::Schema third;
};

TEST_F(SchemaHistoryTest, RowsOfEverySchemaHaveTheColumnsOfTheOneOpened) {
  const auto scanner = open();
  const auto got = drain(*scanner);
  ASSERT_TRUE(got.has_value()) << got.error().message;
  ASSERT_EQ(got->size(), 3U);
  const std::vector<std::shared_ptr<arrow::RecordBatch>> expected = {
      rows_of(second, {"[1, 2]", R"(["x", null])", "[null, null]"}),
      rows_of(second, {"[3]", R"(["y"])", "[30]"}), rows_of(second, {"[4]", R"(["z"])", "[40]"})};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE((*got)[i].rows->Equals(*expected[i])) << (*got)[i].rows->ToString();
  }
  EXPECT_EQ((*got)[2].base_offset, 3);
  EXPECT_EQ(cluster.calls[ApiKey::get_table_schema], 2);  // Each once.
}

TEST_F(SchemaHistoryTest, WhatIsKnownIsHandedOutWhileTheRestIsAskedFor) {
  cluster.buckets[0].batches.erase(cluster.buckets[0].batches.begin());
  const auto scanner = open();
  scanner->subscribe(BucketIndex{0}, 2);
  std::vector<Request> held;
  cluster.intercept = [&](const Request& request) {
    if (request.api == ApiKey::get_table_schema) held.push_back(request);
    return request.api == ApiKey::get_table_schema;
  };
  const auto got = drain(*scanner);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->size(), 1U);
  EXPECT_EQ(scanner->position(BucketIndex{0}), 3);
  ASSERT_EQ(held.size(), 1U);
  cluster.intercept = nullptr;
  protocol::wire::GetTableSchemaResponse answer;
  answer.set_schema_id(3);
  answer.set_schema_json(to_json(third));
  peer.answer(held[0], answer);
  EXPECT_EQ(drain(*scanner).value().size(), 1U);
  EXPECT_EQ(scanner->position(BucketIndex{0}), 4);
}

TEST_F(SchemaHistoryTest, ASchemaThatNobodyKnowsIsAnErrorBehindWhatCameBeforeIt) {
  cluster.schemas.erase(3);
  const auto scanner = open();
  std::size_t rows = 0;
  Outcome<std::vector<ScannedBatch>> got;
  do {
    std::optional<Outcome<std::vector<ScannedBatch>>> out;
    scanner->poll(60s,
                  [&](Outcome<std::vector<ScannedBatch>> one) { out.emplace(std::move(one)); });
    ASSERT_TRUE(loop.run_until([&] { return out.has_value(); }, 61s));
    got = std::move(*out);
    for (std::size_t i = 0; got && i < got->size(); ++i)
      rows += static_cast<std::size_t>((*got)[i].rows->num_rows());
  } while (got);
  EXPECT_EQ(rows, 3U);
  EXPECT_EQ(got.error().code, ErrorCode::schema_not_exist);
}

TEST_F(SchemaHistoryTest, AProjectionNeedsNoSchemas) {
  cluster.buckets[0].batches.erase(cluster.buckets[0].batches.begin());
  cluster.buckets[0].batches.pop_back();
  const auto scanner = open({2, 0});
  scanner->subscribe(BucketIndex{0}, 2);
  const auto got = drain(*scanner);
  ASSERT_EQ(got.value().size(), 1U);
  EXPECT_EQ(got->front().rows->column_name(0), "a");
  EXPECT_EQ(cluster.calls[ApiKey::get_table_schema], 0);
}

TEST_F(SchemaHistoryTest, AWriterKeepsTheSchemaItWasOpenedWith) {
  std::shared_ptr<Appender> appender;
  Appender::open(client, cluster.path, {},
                 [&](const Outcome<std::shared_ptr<Appender>>& opened) { appender = *opened; });
  loop.run_for(1s);
  cluster.descriptor.schema = third;
  cluster.schema_id = 3;
  bool refused = false;
  std::vector<std::int16_t> schema_ids;
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::produce_log) return false;
    const auto produce = protocol::parse_produce_request(request.body).value();
    schema_ids.push_back(
        protocol::parse_header(produce.buckets.at(0).records.bytes()).value().schema_id);
    if (std::exchange(refused, true)) return false;
    protocol::wire::ProduceLogResponse answer;  // Makes the writer look for the leader again.
    auto* entry = answer.add_buckets_resp();
    entry->set_bucket_id(0);
    entry->set_error_code(static_cast<std::int32_t>(ErrorCode::not_leader_or_follower));
    peer.answer(request, answer);
    return true;
  };
  int answered = 0;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(appender->append(rows_of(second, {"[5]", R"(["w"])", "[50]"}),
                                 [&](const Outcome<Appended>& outcome) {
                                   EXPECT_TRUE(outcome.has_value());
                                   ++answered;
                                 }));
    loop.run_for(10s);
  }
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(schema_ids, (std::vector<std::int16_t>{2, 2, 2}));
}

}  // namespace
}  // namespace millrace::client
