#include "apps/cli/row_source.hpp"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "apps/cli/column_list.hpp"
#include "apps/cli/row_text.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::cli {
namespace {

class RowSourceTest : public testing::Test {
 protected:
  RowSourceTest() {
    folder = std::filesystem::temp_directory_path() /
             ("millrace-row-source-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
  }
  ~RowSourceTest() override { std::filesystem::remove_all(folder); }

  std::string file(const std::string& name, const std::string& content) {
    const std::string path = folder / name;
    std::ofstream(path) << content;
    return path;
  }

  /// All rows of a file as NDJSON, or the error.
  std::string read(const std::string& path, const std::string& columns,
                   RowSourceOptions options = {}) {
    const protocol::Schema schema = parse_columns(columns).value();
    auto source = RowSource::open(path, kind_of(path).value(), protocol::to_arrow(schema), options);
    if (!source) return "error: " + source.error().message;
    std::string out;
    RowPrinter printer(RowFormat::ndjson, schema.columns,
                       [&](std::string_view text) { out += text; });
    while (true) {
      const auto rows = (*source)->next();
      if (!rows) return "error: " + rows.error().message;
      if (!*rows) break;
      EXPECT_GT((*rows)->num_rows(), 0);
      ++batches;
      printer.add(**rows);
    }
    EXPECT_EQ((*source)->fraction(), 1.0);
    return out;
  }

  std::filesystem::path folder;
  int batches = 0;
};

TEST_F(RowSourceTest, ALineThatIsNoObjectIsNamed) {
  const std::string columns = "a INT";
  EXPECT_EQ(read(file("a.ndjson", "{\"a\":1}\r\n\n {\"a\":2}"), columns), "{\"a\":1}\n{\"a\":2}\n");
  // Arrow's reader follows the first of these out of the buffer.
  for (const std::string bad : {"\1\1null]}", "[1]", "7", "{\"a\":", "{\"a\":1}{\"a\":2}"}) {
    const std::string outcome = read(file("a.ndjson", "{\"a\":1}\n" + bad + "\n"), columns);
    EXPECT_NE(outcome.find("line 2 is no JSON object"), std::string::npos) << bad << outcome;
  }
}

TEST_F(RowSourceTest, CsvColumnsAreFoundByNameAndNullsAreWhatTheyAreSaidToBe) {
  const std::string path = file("a.csv", "name,id\n\"x, y\",1\nNA,2\n\"\",3\n,NA\n");
  EXPECT_EQ(read(path, "id INT, name STRING, extra DOUBLE", {.null_values = {"NA"}}),
            "{\"id\":1,\"name\":\"x, y\",\"extra\":null}\n"
            "{\"id\":2,\"name\":null,\"extra\":null}\n"
            "{\"id\":3,\"name\":\"\",\"extra\":null}\n"
            "{\"id\":null,\"name\":null,\"extra\":null}\n");
  EXPECT_EQ(read(file("b.csv", "name\nNA\n"), "name STRING"), "{\"name\":\"NA\"}\n");
}

TEST_F(RowSourceTest, ListsAndRowsAreReadFromNdjsonAndRefusedInCsv) {
  const std::string line = R"({"id":1,"tags":["a",null],"at":{"x":1,"y":[0.5]}})";
  const std::string columns = "id INT, tags ARRAY<STRING>, at ROW<x INT, y ARRAY<DOUBLE>>";
  EXPECT_EQ(read(file("a.ndjson", line + "\n"), columns), line + "\n");
  EXPECT_TRUE(read(file("a.csv", "id,tags\n1,a\n"), columns).starts_with("error: "));
}

TEST_F(RowSourceTest, EveryTypeIsReadFromCsvAndFromNdjson) {
  const std::string columns =
      "a BOOLEAN, b TINYINT, c FLOAT, d CHAR(3), e BYTES, f DECIMAL(10, 2), g DATE, h TIME(0), "
      "i TIME(6), j TIMESTAMP(3), k TIMESTAMP_LTZ(0)";
  const std::string expected =
      "{\"a\":true,\"b\":-1,\"c\":1.5,\"d\":\"abc\",\"e\":\"7a\",\"f\":\"12.34\","
      "\"g\":\"2020-02-29\",\"h\":\"10:11:12\",\"i\":\"10:11:12.123456\","
      "\"j\":\"2020-02-29T01:02:03.004\",\"k\":\"2013-01-01T10:00:00Z\"}\n";
  EXPECT_EQ(read(file("a.csv",
                      "a,b,c,d,e,f,g,h,i,j,k\ntrue,-1,1.5,abc,z,12.34,2020-02-29,10:11:12,"
                      "10:11:12.123456,2020-02-29 01:02:03.004,2013-01-01T05:00:00-05:00\n"),
                 columns),
            expected);
  std::string json = expected;
  json.replace(json.find("7a"), 2, "z");
  EXPECT_EQ(read(file("a.ndjson", json), columns), expected);
}

TEST_F(RowSourceTest, FilesThatDoNotFitAreRefusedByName) {
  const auto refused = [&](const std::string& content, const std::string& columns,
                           const std::string& word) {
    const std::string message = read(file("a.csv", content), columns);
    EXPECT_TRUE(message.starts_with("error: ")) << message;
    EXPECT_NE(message.find(word), std::string::npos) << message;
  };
  refused("id,other\n1,2\n", "id INT", "no column other");
  refused("id\n1\n", "id INT, name STRING NOT NULL", "no column name");
  refused("id\n1\nx\n", "id INT", "'x'");
  refused("id,n\n,1\n", "id INT NOT NULL, n INT", "NOT NULL");
  refused("id\n99999999999\n", "id INT", "99999999999");
  refused("when\nsoon\n", "when TIMESTAMP(3)", "column when");
  EXPECT_NE(read(folder / "none.csv", "id INT").find("none.csv"), std::string::npos);
  EXPECT_TRUE(read(file("a.parquet", "nothing"), "id INT").starts_with("error: "));
  EXPECT_TRUE(read(file("a.json", "{\"id\":"), "id INT").starts_with("error: "));
}

// No reader of the table could read such a row again.
TEST_F(RowSourceTest, TextThatIsNoUtf8IsRefused) {
  for (const std::string name : {"a.csv", "a.ndjson"}) {
    const bool is_csv = name == "a.csv";
    const std::string one = is_csv ? "s\n\xc2\n" : "{\"s\":\"\xc2\"}\n";
    EXPECT_TRUE(read(file(name, one), "s STRING").starts_with("error: ")) << name;
    EXPECT_EQ(read(file(name, one), "s BYTES"), "{\"s\":\"c2\"}\n") << name;
  }
  EXPECT_NE(read(file("b.ndjson", "{\"tags\":[\"a\",\"\xff\"]}\n"), "tags ARRAY<STRING>")
                .find("column tags"),
            std::string::npos);
}

TEST_F(RowSourceTest, LargeFilesComeInEvenBatches) {
  std::string content = "id,name\n";
  for (int i = 0; i < 20'000; ++i) content += std::to_string(i) + ",some name or other\n";
  const std::string path = file("a.csv", content);
  const std::string all = read(path, "id INT, name STRING", {.batch_bytes = 64 << 10});
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 20'000);
  EXPECT_GT(batches, 5);
  EXPECT_LT(batches, 20);
}

TEST_F(RowSourceTest, SchemasAreInferred) {
  const auto inferred = [](const std::string& path, RowSourceOptions options = {}) {
    const auto schema = infer_schema(path, *kind_of(path), options);
    std::string out;
    if (!schema) return "error: " + schema.error().message;
    for (const protocol::Column& column : schema->columns)
      out += column.name + " " + to_string(column.type) + "; ";
    return out;
  };
  EXPECT_EQ(inferred(file("a.csv", "i,f,s,t\n1,1.5,x,2013-01-01T05:00:00Z\nNA,2,NA,NA\n"),
                     {.null_values = {"NA"}}),
            "i BIGINT; f DOUBLE; s STRING; t TIMESTAMP_LTZ(0); ");
  EXPECT_EQ(inferred(file("a.jsonl", "{\"i\":1,\"s\":\"x\",\"b\":true}\n")),
            "i BIGINT; s STRING; b BOOLEAN; ");
  EXPECT_TRUE(inferred(file("empty.csv", "")).starts_with("error: "));
}

TEST_F(RowSourceTest, ParquetIsReadAndCast) {
  const protocol::Schema schema = parse_columns("id BIGINT, name STRING").value();
  const std::string csv = file("a.csv", "id,name\n1,x\n2,\n");
  auto rows = RowSource::open(csv, FileKind::csv, protocol::to_arrow(schema), {}).value()->next();
  const auto table = arrow::Table::FromRecordBatches({*rows}).ValueOrDie();
  const std::string path = folder / "a.parquet";
  const auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 1000).ok());
  ASSERT_TRUE(out->Close().ok());
  EXPECT_EQ(read(path, "name STRING, id SMALLINT"),
            "{\"name\":\"x\",\"id\":1}\n{\"name\":null,\"id\":2}\n");
  EXPECT_EQ(infer_schema(path, FileKind::parquet, {})->columns[0].type,
            protocol::parse_sql_type("BIGINT").value());
}

TEST(FileKind, FollowsTheName) {
  EXPECT_EQ(kind_of("a/b.csv"), FileKind::csv);
  EXPECT_EQ(kind_of("b.jsonl"), FileKind::ndjson);
  EXPECT_EQ(kind_of("b.parquet"), FileKind::parquet);
  EXPECT_FALSE(kind_of("csv"));
}

}  // namespace
}  // namespace millrace::cli
