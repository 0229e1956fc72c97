#include "apps/cli/row_text.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>

#include "apps/cli/column_list.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::cli {
namespace {

const char* const columns_text = "id INT, name STRING, score DOUBLE";

std::shared_ptr<arrow::RecordBatch> rows() {
  arrow::Int32Builder ids;
  arrow::StringBuilder names;
  arrow::DoubleBuilder scores;
  EXPECT_TRUE(ids.AppendValues({1, 2, 3}).ok());
  EXPECT_TRUE(names.Append("a \"b\", c").ok());
  EXPECT_TRUE(names.AppendNull().ok());
  EXPECT_TRUE(names.Append("line\n\x1b[31mred").ok());
  EXPECT_TRUE(scores.AppendValues({0.5, std::numeric_limits<double>::infinity()}).ok());
  EXPECT_TRUE(scores.AppendNull().ok());
  return arrow::RecordBatch::Make(protocol::to_arrow(parse_columns(columns_text).value()), 3,
                                  {*ids.Finish(), *names.Finish(), *scores.Finish()});
}

std::string printed(RowFormat format, int times = 1) {
  std::string out;
  RowPrinter printer(format, parse_columns(columns_text)->columns,
                     [&](std::string_view text) { out += text; });
  for (int i = 0; i < times; ++i) printer.add(*rows());
  printer.flush();
  return out;
}

TEST(RowPrinter, NdjsonKeepsEveryKey) {
  EXPECT_EQ(printed(RowFormat::ndjson),
            "{\"id\":1,\"name\":\"a \\\"b\\\", c\",\"score\":0.5}\n"
            "{\"id\":2,\"name\":null,\"score\":\"inf\"}\n"
            "{\"id\":3,\"name\":\"line\\n\\u001b[31mred\",\"score\":null}\n");
}

TEST(RowPrinter, CsvQuotesWhatNeedsItAndHasOneHeader) {
  EXPECT_EQ(printed(RowFormat::csv),
            "id,name,score\n1,\"a \"\"b\"\", c\",0.5\n2,,inf\n3,\"line\n\x1b[31mred\",\n");
  const std::string twice = printed(RowFormat::csv, 2);
  EXPECT_EQ(twice.find("id,name"), twice.rfind("id,name"));
}

TEST(RowPrinter, TablesAreAlignedAndCannotSteerTheTerminal) {
  EXPECT_EQ(printed(RowFormat::table),
            "id  name           score\n"
            "1   a \"b\", c       0.5\n"
            "2   null           inf\n"
            "3   line??[31mred  null\n");
}

TEST(RowPrinter, NestedValuesAreJson) {
  const auto columns = parse_columns(
      "tags ARRAY<STRING>, counts MAP<STRING, ARRAY<INT>>, inner ROW<x DATE, `y z` BYTES>");
  const auto schema = protocol::to_arrow(*columns);
  const auto column = [&](int i, const char* json) {
    return arrow::json::ArrayFromJSONString(schema->field(i)->type(), json).ValueOrDie();
  };
  const auto batch = arrow::RecordBatch::Make(
      schema, 2,
      {column(0, R"([["a\"b", null], null])"), column(1, R"([[["k", [1, null]]], []])"),
       column(2, R"([[1, "A"], [null, null]])")});
  const auto printed_as = [&](RowFormat format) {
    std::string out;
    RowPrinter printer(format, columns->columns, [&](std::string_view text) { out += text; });
    printer.add(*batch->Slice(0, 1));
    printer.add(*batch->Slice(1, 1));
    printer.flush();
    return out;
  };
  EXPECT_EQ(printed_as(RowFormat::ndjson),
            R"({"tags":["a\"b",null],"counts":[{"key":"k","value":[1,null]}],)"
            R"("inner":{"x":"1970-01-02","y z":"41"}})"
            "\n"
            R"({"tags":null,"counts":[],"inner":{"x":null,"y z":null}})"
            "\n");
  EXPECT_NE(printed_as(RowFormat::csv).find(R"("[""a\""b"",null]")"), std::string::npos);
}

TEST(RowPrinter, LongTablesAreNotHeldBackForever) {
  std::size_t written = 0;
  RowPrinter printer(RowFormat::table, parse_columns(columns_text)->columns,
                     [&](std::string_view text) { written += text.size(); });
  printer.add(*rows());
  EXPECT_EQ(written, 0U);
  for (int i = 0; i < 100; ++i) printer.add(*rows());
  EXPECT_GT(written, 1000U);
  const std::size_t before = written;
  printer.add(*rows());
  EXPECT_GT(written, before);
}

TEST(RowFormats, HaveNames) {
  EXPECT_EQ(parse_row_format("csv"), RowFormat::csv);
  EXPECT_FALSE(parse_row_format("xml"));
}

}  // namespace
}  // namespace millrace::cli
