#pragma once
#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/protocol/batch_rows.hpp"

// The table of every type that the vectors "alltypes" and "ALL" were made with.

namespace millrace::protocol {

inline const std::vector<ColumnText> all_types = {{"c0", "BOOLEAN"},
                                                  {"c1", "TINYINT"},
                                                  {"c2", "SMALLINT"},
                                                  {"c3", "INT"},
                                                  {"c4", "BIGINT"},
                                                  {"c5", "FLOAT"},
                                                  {"c6", "DOUBLE"},
                                                  {"c7", "CHAR(5)"},
                                                  {"c8", "STRING"},
                                                  {"c9", "BINARY(3)"},
                                                  {"c10", "BYTES"},
                                                  {"c11", "DECIMAL(10, 2)"},
                                                  {"c12", "DECIMAL(25, 5)"},
                                                  {"c13", "DATE"},
                                                  {"c14", "TIME(0)"},
                                                  {"c15", "TIME(3)"},
                                                  {"c16", "TIME(6)"},
                                                  {"c17", "TIME(9)"},
                                                  {"c18", "TIMESTAMP(0)"},
                                                  {"c19", "TIMESTAMP(3)"},
                                                  {"c20", "TIMESTAMP(6)"},
                                                  {"c21", "TIMESTAMP(9)"},
                                                  {"c22", "TIMESTAMP_LTZ(0)"},
                                                  {"c23", "TIMESTAMP_LTZ(3)"},
                                                  {"c24", "TIMESTAMP_LTZ(6)"},
                                                  {"c25", "TIMESTAMP_LTZ(9)"},
                                                  {"c26", "ARRAY<INT>"},
                                                  {"c27", "ARRAY<STRING>"},
                                                  {"c28", "MAP<STRING, INT>"},
                                                  {"c29", "ROW<x INT, y STRING>"}};

/// One full row and one of nulls. Bytes that are no text cannot be written as JSON.
inline std::shared_ptr<arrow::Array> bytes_and_null(arrow::ArrayBuilder& builder) {
  EXPECT_TRUE(builder.AppendNull().ok());
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::RecordBatch> all_types_rows(const Schema& schema) {
  const std::vector<std::string> values = {
      "true", "-2", "-300", "-5", "1234567890123", "1.5", "-2.25", R"("abcde")",
      R"("hello, world")", R"("xxx")", R"("xxx")", R"("-12345.67")",
      R"("12345678901234567890.12345")", "19000",
      // Times and timestamps in the unit of their type.
      "45296", "45296789", "45296789000", "45296789000000", "1700000000", "1700000000123",
      "1700000000123456", "1700000000123456789", "1700000000", "1700000000123", "1700000000123456",
      "1700000000123456789", "[1, null, 3]", R"(["s", "longer-than-7"])",
      R"([["k1", 1], ["key-two-long", null]])", R"([7, "yy"])"};
  std::vector<std::string> columns;
  for (const std::string& value : values) columns.push_back("[" + value + ", null]");
  auto rows = rows_of(schema, columns);
  arrow::FixedSizeBinaryBuilder fixed(arrow::fixed_size_binary(3));
  EXPECT_TRUE(fixed.Append("\x01\x02\x03").ok());
  arrow::BinaryBuilder variable;
  EXPECT_TRUE(variable.Append(std::string_view("\xff\x00\x80", 3)).ok());
  rows = rows->SetColumn(9, rows->schema()->field(9), bytes_and_null(fixed)).ValueOrDie();
  return rows->SetColumn(10, rows->schema()->field(10), bytes_and_null(variable)).ValueOrDie();
}

}  // namespace millrace::protocol
