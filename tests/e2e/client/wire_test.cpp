// What a row and a batch must survive on their way: every flat type, and being sent twice.
#include <arrow/array/array_base.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "client/parsed_answer.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/batch_codec.hpp"
#include "protocol/produce_request.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

struct ColumnCase {
  std::string column;  ///< Name and SQL type.
  std::string values;  ///< As JSON.
};

const std::vector<ColumnCase>& flat_columns() {
  static const std::vector<ColumnCase> columns = {
      {"bool BOOLEAN", "[true, false, null]"},
      {"int8 TINYINT", "[-128, 127, null]"},
      {"int16 SMALLINT", "[-32768, 32767, null]"},
      {"int32 INT", "[-2147483648, 2147483647, null]"},
      {"int64 BIGINT", "[-9223372036854775808, 9223372036854775807, null]"},
      {"float32 FLOAT", "[1.5, -0.25, null]"},
      {"float64 DOUBLE", "[1e300, -0.1, null]"},
      {"letters CHAR(3)", R"(["abc", "xyz", null])"},
      {"words STRING", R"(["", "Zürich 上海 🚀", null])"},
      {"fixed BINARY(2)", R"(["\u0000a", "zz", null])"},
      {"raw BYTES", R"(["", "\u0000\u0001", null])"},
      {"price DECIMAL(10, 2)", R"(["12345678.90", "-0.01", null])"},
      {"wide DECIMAL(38, 0)", R"(["99999999999999999999999999999999999999", "0", null])"},
      {"day DATE", "[-1, 15706, null]"},
      {"clock TIME(3)", "[0, 86399999, null]"},
      {"at TIMESTAMP(6)", "[1357017300000000, -1, null]"},
      {"local TIMESTAMP_LTZ(3)", "[1357017300000, -1, null]"}};
  return columns;
}

TEST_F(ClientSuite, EveryFlatTypeSurvivesTheWayThereAndBack) {
  std::string text;
  for (const auto& one : flat_columns()) text += (text.empty() ? "" : ", ") + one.column;
  const auto table = log_table(1, text);
  const auto schema = protocol::to_arrow(table.schema);
  arrow::ArrayVector arrays;
  for (const auto& one : flat_columns()) {
    const auto& type = schema->field(static_cast<int>(arrays.size()))->type();
    auto array = arrow::json::ArrayFromJSONString(type, one.values);
    ASSERT_TRUE(array.ok()) << one.column << ": " << array.status().message();
    arrays.push_back(array.MoveValueUnsafe());
  }
  const auto batch = arrow::RecordBatch::Make(schema, 3, arrays);
  make_table(table);
  must(calls().append(*calls().appender(path()), batch));
  const auto found = joined(read_rows(calls(), path(), 3)[0]);
  EXPECT_TRUE(found->Equals(*joined({batch}))) << found->ToString();
}

/// Sends a batch as it is, once, to the leader of bucket 0.
Outcome<Offset> produce(Calls& calls, const client::TableInfo& table, const Buffer& batch,
                        std::int32_t acks = -1) {
  protocol::ProduceRequest request;
  request.acks = acks;
  request.table_id = table.id.value();
  request.timeout_ms = 30'000;
  request.buckets.push_back({std::nullopt, 0, batch});
  const auto answer = calls.wait<client::Answer>([&](auto done) {
    calls.client().cluster()->ask_node(
        table.leader_of(BucketIndex{0}).value(), protocol::ApiKey::produce_log,
        protocol::encode_produce_request(request), call_time_max, std::move(done));
  });
  if (!answer) return tl::unexpected(answer.error());
  const auto message =
      protocol::parse_message<protocol::wire::ProduceLogResponse>(answer->body.bytes()).value();
  EXPECT_EQ(message.buckets_resp_size(), 1);
  const auto error = client::error_in_entry(message.buckets_resp(0));
  if (error) return tl::unexpected(*error);
  return message.buckets_resp(0).base_offset();
}

TEST_F(ClientSuite, ABatchThatIsSentTwiceIsStoredOnce) {
  make_table();
  const auto table = must(calls().describe(path()));
  const WriterId writer = must(calls().wait<WriterId>(
      [&](auto done) { calls().client().init_writer(path(), std::move(done)); }));
  const auto send = [&](std::int32_t sequence) {
    const auto batch = protocol::encode_batch(
        *rows(sequence * 10, 10),
        {.schema_id = 1, .compression = {}, .writer = writer, .sequence = sequence});
    return produce(calls(), *table, batch.value());
  };
  (void)must(send(0));
  // A server may say that it has the batch already, or answer as it did the first time.
  const ErrorCode again = code_of(send(0));
  EXPECT_TRUE(again == ErrorCode::none || again == ErrorCode::duplicate_sequence_exception)
      << name_of(again);
  EXPECT_EQ(code_of(send(2)), ErrorCode::out_of_order_sequence_exception);
  (void)must(send(1));
  EXPECT_EQ(must(calls().latest(path())), std::vector<Offset>{20});
  EXPECT_EQ(ids_of(read_rows(calls(), path(), 20)[0]), counted(0, 20));
}

TEST_F(ClientSuite, EveryKindOfAcknowledgementIsAnsweredWithTheOffset) {
  make_table();
  const auto table = must(calls().describe(path()));
  Offset expected = 0;
  for (const std::int32_t acks : {0, 1, -1}) {
    SCOPED_TRACE(acks);
    const auto batch = protocol::encode_batch(*rows(expected, 10), {});
    EXPECT_EQ(must(produce(calls(), *table, batch.value(), acks)), expected);
    expected += 10;
  }
  EXPECT_EQ(ids_of(read_rows(calls(), path(), 30)[0]), counted(0, 30));
}

TEST_F(ClientSuite, TheLastFiveBatchesOfAWriterAreKnown) {
  make_table();
  const auto table = must(calls().describe(path()));
  const WriterId writer = must(calls().wait<WriterId>(
      [&](auto done) { calls().client().init_writer(path(), std::move(done)); }));
  const auto send = [&](std::int32_t sequence) {
    const auto batch = protocol::encode_batch(
        *rows(sequence * 10, 10),
        {.schema_id = 1, .compression = {}, .writer = writer, .sequence = sequence});
    return produce(calls(), *table, batch.value());
  };
  // Nobody knows it yet: it starts at 0.
  EXPECT_EQ(code_of(send(1)), ErrorCode::out_of_order_sequence_exception);
  for (const std::int32_t sequence : {0, 1, 2, 3, 4, 5}) (void)must(send(sequence));
  for (const std::int32_t sequence : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(must(send(sequence)), Offset{sequence} * 10) << sequence;
  }
  EXPECT_EQ(code_of(send(0)), ErrorCode::out_of_order_sequence_exception);
  EXPECT_EQ(must(calls().latest(path())), std::vector<Offset>{60});
}

}  // namespace
}  // namespace millrace
