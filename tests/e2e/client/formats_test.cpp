// Tables of every log format: every type there and back, nested ones too; projection; bucket keys.
#include <arrow/array/array_primitive.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "protocol/arrow_schema.hpp"
#include "protocol/bucketing.hpp"
#include "tests/e2e/client/client_suite.hpp"

namespace millrace {
namespace {

struct ColumnCase {
  std::string column;  ///< Name and SQL type.
  std::string values;  ///< As JSON.
};

const std::vector<ColumnCase> every_type = {
    {"id BIGINT", "[-9223372036854775808, 9223372036854775807, null, 4]"},
    {"bool BOOLEAN", "[true, false, null, true]"},
    {"int8 TINYINT", "[-128, 127, null, 0]"},
    {"int16 SMALLINT", "[-32768, 32767, null, 0]"},
    {"int32 INT", "[-2147483648, 2147483647, null, 0]"},
    {"float32 FLOAT", "[1.5, -0.25, null, 0]"},
    {"float64 DOUBLE", "[1e300, -0.1, null, 0]"},
    {"letters CHAR(3)", R"(["abc", "x", null, ""])"},
    {"words STRING", R"(["", "Zürich 上海 🚀", null, "longer than a slot"])"},
    {"fixed BINARY(2)", R"(["\u0000a", "zz", null, "ab"])"},
    {"raw BYTES", R"(["", "\u0000\u0001", null, "longer than a slot"])"},
    {"price DECIMAL(10, 2)", R"(["12345678.90", "-0.01", null, "0.00"])"},
    {"wide DECIMAL(38, 0)", R"(["99999999999999999999999999999999999999", "0", null, "-1"])"},
    {"day DATE", "[-1, 15706, null, 0]"},
    {"clock0 TIME(0)", "[0, 86399, null, 1]"},
    {"clock3 TIME(3)", "[0, 86399999, null, 1]"},
    {"clock9 TIME(9)", "[0, 86399999000000, null, 1000000]"},
    {"at0 TIMESTAMP(0)", "[1357017300, -1, null, 0]"},
    {"at3 TIMESTAMP(3)", "[1357017300123, -1, null, 0]"},
    {"at6 TIMESTAMP(6)", "[1357017300123456, -1, null, 0]"},
    {"at9 TIMESTAMP(9)", "[1357017300123456789, -1, null, 0]"},
    {"local3 TIMESTAMP_LTZ(3)", "[1357017300123, -1, null, 0]"},
    {"local6 TIMESTAMP_LTZ(6)", "[1357017300123456, -1, null, 0]"},
    {"list ARRAY<INT>", "[[1, null, 3], [], null, [4]]"},
    {"texts ARRAY<STRING>", R"([["a", "longer than a slot", null], [], null, [""]])"},
    {"lists ARRAY<ARRAY<DECIMAL(25, 5)>>", R"([[["1.00001", null], []], [null], null, []])"},
    {"pairs MAP<STRING, INT>",
     R"([[["a", 1], ["longer than a slot", null]], [], null, [["", 2]]])"},
    {"moments MAP<INT, ARRAY<TIMESTAMP(6)>>",
     "[[[1, [1357017300123456, null]]], [], null, [[2, []]]]"},
    {"inner ROW<x INT, y STRING>", R"([[7, "yy"], [null, null], null, [8, null]])"},
    {"deep ROW<a ARRAY<ROW<b TINYINT, c MAP<STRING, DOUBLE>>>, d DATE>",
     R"([[[[1, [["k", 0.5]]], null], 3], [null, null], null, [[], 0]])"}};

constexpr std::int64_t every_type_rows = 4;

class FormatSuite : public ClientSuite, public testing::WithParamInterface<const char*> {
 protected:
  /// A table of the format under test.
  [[nodiscard]] static protocol::TableDescriptor table_of(std::string_view columns,
                                                          int buckets_count = 1) {
    auto table = log_table(buckets_count, columns);
    table.properties["table.log.format"] = GetParam();
    return table;
  }
};

std::string columns_of(const std::vector<ColumnCase>& cases) {
  std::string text;
  for (const ColumnCase& one : cases) text += (text.empty() ? "" : ", ") + one.column;
  return text;
}

std::shared_ptr<arrow::RecordBatch> every_type_batch(const protocol::Schema& columns) {
  const auto schema = protocol::to_arrow(columns);
  arrow::ArrayVector arrays;
  for (const ColumnCase& one : every_type) {
    const auto& type = schema->field(static_cast<int>(arrays.size()))->type();
    auto array = arrow::json::ArrayFromJSONString(type, one.values);
    if (!array.ok()) throw std::runtime_error(one.column + ": " + array.status().message());
    arrays.push_back(array.MoveValueUnsafe());
  }
  return arrow::RecordBatch::Make(schema, every_type_rows, arrays);
}

TEST_P(FormatSuite, EveryTypeSurvivesTheWayThereAndBack) {
  const auto table = table_of(columns_of(every_type));
  const auto batch = every_type_batch(table.schema);
  make_table(table);
  const auto appender = calls().appender(path());
  must(calls().append(*appender, batch));
  must(calls().append(*appender, batch->Slice(1, 2)));
  const auto found = joined(read_rows(calls(), path(), every_type_rows + 2)[0]);
  const auto wanted = joined({batch, batch->Slice(1, 2)});
  ASSERT_TRUE(found->schema()->Equals(*wanted->schema())) << found->schema()->ToString();
  for (int i = 0; i < wanted->num_columns(); ++i)
    EXPECT_TRUE(found->column(i)->Equals(*wanted->column(i)))
        << every_type[static_cast<std::size_t>(i)].column << ": " << found->column(i)->ToString();
}

TEST_P(FormatSuite, ColumnsComeInTheOrderWanted) {
  const auto table = table_of(columns_of(every_type));
  const auto batch = every_type_batch(table.schema);
  make_table(table);
  must(calls().append(*calls().appender(path()), batch));
  const std::vector<std::int32_t> columns = {29, 0, 26, 8};
  const auto found =
      joined(read_rows(calls(), path(), every_type_rows, {client::from_earliest}, columns)[0]);
  EXPECT_TRUE(found->Equals(*joined({batch->SelectColumns({29, 0, 26, 8}).ValueOrDie()})))
      << found->ToString();
}

TEST_P(FormatSuite, RowsOfAKeyAreInTheBucketThatTheLakeOfTheTableSays) {
  constexpr int buckets_count = 4;
  for (const char* lake : {"", "PAIMON", "ICEBERG"}) {
    SCOPED_TRACE(lake);
    auto table = table_of("id BIGINT, name STRING, score DOUBLE", buckets_count);
    table.bucket_keys = {{"id"}};
    if (*lake != '\0') table.properties["table.datalake.format"] = lake;
    auto placement = protocol::RowPlacement::make(table, buckets_count).value().value();
    std::map<int, std::vector<std::int64_t>> wanted;
    for (std::int64_t id = 0; id < 100; ++id)
      wanted[placement.bucket_of(protocol::Cells{id}).value().value()].push_back(id);
    ASSERT_EQ(wanted.size(), 4U);
    make_table(table);
    const auto appender = calls().appender(path());
    const auto appended = must(calls().wait<client::Appended>(
        [&](auto done) { EXPECT_TRUE(appender->append(rows(0, 100), std::move(done))); }));
    EXPECT_EQ(appended.rows, 100);
    for (const auto& [bucket, batches] :
         read_rows(calls(), path(), 100, std::vector<Offset>(buckets_count)))
      EXPECT_EQ(ids_of(batches), wanted[bucket]) << bucket;
    must(calls().drop_table(path()));
    calls().client().cluster()->forget(path());
  }
}

INSTANTIATE_TEST_SUITE_P(Every, FormatSuite, testing::Values("ARROW", "INDEXED", "COMPACTED"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace millrace
