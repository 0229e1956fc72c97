#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "protocol/arrow_cells.hpp"
#include "protocol/row_codec.hpp"
#include "tests/golden/all_types.hpp"
#include "tests/golden/golden_file.hpp"
#include "tests/unit/protocol/batch_rows.hpp"
#include "tests/unit/protocol/mutation.hpp"

namespace millrace::protocol {
namespace {

struct Case {
  std::string name;
  std::vector<ColumnText> columns;
  std::vector<std::string> values;  // JSON, one per column.
};

const std::vector<ColumnText> t2 = {{"id", "INT"}, {"name", "STRING"}};

Case single(std::string name, std::string type, std::string value) {
  return {std::move(name), {{"c", std::move(type)}}, {std::move(value)}};
}

/// All but those of every type, and one that Arrow cannot express.
std::vector<Case> cases() {
  return {
      {"T2 (1,'a')", t2, {"1", R"("a")"}},
      {"T2 (2,null)", t2, {"2", "null"}},
      {"T2 (null,null)", t2, {"null", "null"}},
      {"T2 (-1,'')", t2, {"-1", R"("")"}},
      {"T2 (300,'héllo')", t2, {"300", R"("héllo")"}},
      single("INT 0", "INT", "0"),
      single("INT 127", "INT", "127"),
      single("INT 128", "INT", "128"),
      single("INT -1", "INT", "-1"),
      single("INT MIN", "INT", "-2147483648"),
      single("INT MAX", "INT", "2147483647"),
      single("BIGINT 300", "BIGINT", "300"),
      single("BIGINT -1", "BIGINT", "-1"),
      single("BIGINT MIN", "BIGINT", "-9223372036854775808"),
      single("SMALLINT 258", "SMALLINT", "258"),
      single("FLOAT 1.5", "FLOAT", "1.5"),
      single("DOUBLE -2.25", "DOUBLE", "-2.25"),
      single("DECIMAL(10,2) -12345.67", "DECIMAL(10, 2)", R"("-12345.67")"),
      single("DECIMAL(25,5) -1.00001", "DECIMAL(25, 5)", R"("-1.00001")"),
      single("TIMESTAMP(3) 1700000000123ms", "TIMESTAMP(3)", "1700000000123"),
      single("TIMESTAMP(6) 1700000000123ms+456000ns", "TIMESTAMP(6)", "1700000000123456"),
      single("TIME(3) 45296789", "TIME(3)", "45296789"),
      single("DATE 19000", "DATE", "19000"),
      single("CHAR(5) 'abc'", "CHAR(5)", R"("abc")"),
      single("ARRAY<INT> [1,null,3]", "ARRAY<INT>", "[1, null, 3]"),
      single("ARRAY<INT> primitive [1,2,3]", "ARRAY<INT>", "[1, 2, 3]"),
      single("ARRAY<STRING> ['s','longer-than-7']", "ARRAY<STRING>", R"(["s", "longer-than-7"])"),
      single("ARRAY<ARRAY<INT>> [[1],[2,3]]", "ARRAY<ARRAY<INT>>", "[[1], [2, 3]]"),
      single("ARRAY<TIMESTAMP(6)> [1700000000123ms+456000ns]", "ARRAY<TIMESTAMP(6)>",
             "[1700000000123456]"),
      single("ARRAY<DECIMAL(25,5)> [-1.00001]", "ARRAY<DECIMAL(25, 5)>", R"(["-1.00001"])"),
      single("ARRAY<ROW<x INT,y STRING>> [(7,'yy')]", "ARRAY<ROW<x INT, y STRING>>",
             R"([[7, "yy"]])"),
      single("ROW<x INT,y STRING> (7,'yy')", "ROW<x INT, y STRING>", R"([7, "yy"])"),
  };
}

std::map<std::string, nlohmann::json> vectors() {
  std::map<std::string, nlohmann::json> found;
  for (const auto& entry : nlohmann::json::parse(golden_file("rows.json").text()))
    found[entry.at("case").get<std::string>()] = entry;
  return found;
}

Buffer bytes_in(const std::string& hex_text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex_text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex_text.substr(i, 2), nullptr, 16)));
  return Buffer::from(std::move(bytes));
}

/// Row `index` of `rows` in a format.
Buffer encoded(const arrow::RecordBatch& rows, const Schema& schema, std::int64_t index,
               RowFormat format) {
  CellSource source(format);
  Cells cells;
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    cells.push_back(
        source.cell(schema.columns[i].type, *rows.column(static_cast<int>(i)), index).value());
  std::vector<std::byte> bytes;
  EXPECT_TRUE(append_row(format, row_type_of(schema), cells, bytes).has_value());
  return Buffer::from(std::move(bytes));
}

std::shared_ptr<arrow::RecordBatch> decoded(Bytes bytes, const Schema& schema, RowFormat format) {
  const DataType row = row_type_of(schema);
  Cells cells;
  EXPECT_TRUE(check_row(format, row, bytes, cells).has_value());
  const auto read = read_row(format, row, bytes, cells);
  EXPECT_TRUE(read.has_value()) << read.error().message;
  CellSink sink(format);
  arrow::ArrayVector arrays;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto builder = arrow::MakeBuilder(to_arrow(schema.columns[i].type)).ValueOrDie();
    const auto appended = sink.append(schema.columns[i].type, cells[i], *builder);
    EXPECT_TRUE(appended.has_value()) << appended.error().message;
    arrays.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(to_arrow(schema), 1, arrays);
}

void expect_both_ways(const nlohmann::json& vector, const Schema& schema,
                      const arrow::RecordBatch& rows, std::int64_t index) {
  for (const RowFormat format : {RowFormat::compacted, RowFormat::indexed}) {
    SCOPED_TRACE(format == RowFormat::compacted ? "compacted" : "indexed");
    const auto theirs =
        vector.at(format == RowFormat::compacted ? "compacted" : "indexed").get<std::string>();
    EXPECT_EQ(hex(encoded(rows, schema, index, format)), theirs);
    const auto read = decoded(bytes_in(theirs).bytes(), schema, format);
    EXPECT_TRUE((*read).ValidateFull().ok());
    expect_same_rows(*read, *rows.Slice(index, 1));
  }
}

TEST(RowGolden, EveryCaseIsTheBytesThatFlussWritesAndBack) {
  auto wanted = vectors();
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.name);
    const Schema schema = schema_of(one.columns);
    std::vector<std::string> columns;
    for (const std::string& value : one.values) columns.push_back("[" + value + "]");
    const auto vector = wanted.extract(one.name);
    ASSERT_FALSE(vector.empty());
    expect_both_ways(vector.mapped(), schema, *rows_of(schema, columns), 0);
  }
  const Schema schema = schema_of(all_types);
  const auto rows = all_types_rows(schema);
  expect_both_ways(wanted.extract("ALL values").mapped(), schema, *rows, 0);
  expect_both_ways(wanted.extract("ALL nulls").mapped(), schema, *rows, 1);
  ASSERT_EQ(wanted.size(), 1U) << "a vector that no test reads";
  EXPECT_EQ(wanted.begin()->first, "BINARY(3) 0102");
}

// Java may write fewer bytes than the type has; Arrow cannot hold that.
TEST(RowGolden, AShortBinaryIsFilledUp) {
  const nlohmann::json vector = vectors().at("BINARY(3) 0102");
  const DataType row = row_type_of(schema_of({{"c", "BINARY(3)"}}));
  const Buffer value = bytes_in("0102");
  for (const RowFormat format : {RowFormat::compacted, RowFormat::indexed}) {
    const auto theirs =
        vector.at(format == RowFormat::compacted ? "compacted" : "indexed").get<std::string>();
    std::vector<std::byte> ours;
    ASSERT_TRUE(append_row(format, row, Cells{value.bytes()}, ours).has_value());
    EXPECT_EQ(hex(Buffer::from(std::move(ours))), theirs);
    const auto read = decoded(bytes_in(theirs).bytes(), schema_of({{"c", "BINARY(3)"}}), format);
    const auto& column = dynamic_cast<const arrow::FixedSizeBinaryArray&>(*read->column(0));
    EXPECT_EQ(column.GetView(0), std::string_view("\x01\x02\x00", 3));
  }
}

}  // namespace
}  // namespace millrace::protocol
