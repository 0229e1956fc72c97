#pragma once
#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/table_descriptor.hpp"

// Schemas from SQL types and rows from JSON, written down or at random.

namespace millrace::protocol {

using ColumnText = std::pair<std::string, std::string>;  // Name, SQL type.

inline Schema schema_of(const std::vector<ColumnText>& columns) {
  Schema schema;
  for (const auto& [name, sql] : columns) {
    auto type = parse_sql_type(sql);
    EXPECT_TRUE(type.has_value()) << sql << ": " << type.error().message;
    Column column;
    column.name = name;
    if (type) column.type = std::move(*type);
    schema.columns.push_back(std::move(column));
  }
  assign_field_ids(schema);
  return schema;
}

/// One JSON array per column, as Arrow reads them.
inline std::shared_ptr<arrow::RecordBatch> rows_of(const std::shared_ptr<arrow::Schema>& schema,
                                                   const std::vector<std::string>& columns) {
  EXPECT_EQ(static_cast<std::size_t>(schema->num_fields()), columns.size());
  arrow::ArrayVector arrays;
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto array = arrow::json::ArrayFromJSONString(schema->field(i)->type(),
                                                  columns[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(array.ok()) << schema->field(i)->ToString() << ": " << array.status().ToString();
    if (!array.ok()) return nullptr;
    arrays.push_back(*array);
  }
  return arrow::RecordBatch::Make(schema, arrays[0]->length(), arrays);
}

inline std::shared_ptr<arrow::RecordBatch> rows_of(const Schema& schema,
                                                   const std::vector<std::string>& columns) {
  return rows_of(to_arrow(schema), columns);
}

/// Compares values and nulls, and shows both sides when they differ.
inline void expect_same_rows(const arrow::RecordBatch& actual, const arrow::RecordBatch& expected) {
  EXPECT_TRUE(actual.Equals(expected))
      << "actual: " << actual.ToString() << "\nexpected: " << expected.ToString();
}

inline const std::vector<std::string>& scalar_types() {
  static const std::vector<std::string> types = {"BOOLEAN",
                                                 "TINYINT",
                                                 "SMALLINT",
                                                 "INT",
                                                 "BIGINT",
                                                 "FLOAT",
                                                 "DOUBLE",
                                                 "CHAR(5)",
                                                 "STRING",
                                                 "BINARY(3)",
                                                 "BYTES",
                                                 "DECIMAL(10, 2)",
                                                 "DECIMAL(25, 5)",
                                                 "DATE",
                                                 "TIME(0)",
                                                 "TIME(3)",
                                                 "TIME(6)",
                                                 "TIME(9)",
                                                 "TIMESTAMP(0)",
                                                 "TIMESTAMP(3)",
                                                 "TIMESTAMP(6)",
                                                 "TIMESTAMP(9)",
                                                 "TIMESTAMP_LTZ(0)",
                                                 "TIMESTAMP_LTZ(3)",
                                                 "TIMESTAMP_LTZ(6)",
                                                 "TIMESTAMP_LTZ(9)"};
  return types;
}

inline const std::vector<std::string>& nested_types() {
  static const std::vector<std::string> types = {"ARRAY<INT>",
                                                 "ARRAY<STRING>",
                                                 "MAP<STRING, INT>",
                                                 "ROW<x INT, y STRING>",
                                                 "ARRAY<ROW<a BIGINT, b ARRAY<DOUBLE>>>",
                                                 "MAP<INT, MAP<STRING, DATE>>"};
  return types;
}

inline Schema random_schema(Random& random) {
  std::vector<ColumnText> columns;
  const std::uint64_t count = 1 + random.below(12);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto& types = random.chance(1, 4) ? nested_types() : scalar_types();
    columns.emplace_back("c" + std::to_string(i), types[random.below(types.size())]);
  }
  return schema_of(columns);
}

inline std::string random_text(Random& random, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i)
    text.push_back(static_cast<char>('a' + random.below(26)));
  return text;
}

std::string random_value(const DataType& type, Random& random);

inline std::string random_decimal(const DataType& type, Random& random) {
  std::string digits = std::to_string(random.below(1'000'000'000));
  if (type.precision > 18) digits += std::to_string(100'000'000 + random.below(100'000'000));
  digits = digits.substr(0, static_cast<std::size_t>(type.precision - type.scale));
  std::string fraction = "00000" + std::to_string(random.below(100'000));
  fraction = fraction.substr(fraction.size() - static_cast<std::size_t>(type.scale));
  return (random.chance(1, 2) ? "\"-" : "\"") + digits + "." + fraction + "\"";
}

/// Whole milliseconds, in the unit of the type: finer ones do not exist.
inline std::string random_time(const DataType& type, Random& random) {
  const std::uint64_t millis = random.below(86'400'000);
  if (type.precision == 0) return std::to_string(millis / 1000);
  return std::to_string(millis) + (type.precision > 6 ? "000000" : type.precision > 3 ? "000" : "");
}

inline std::string random_nested(const DataType& type, Random& random) {
  std::string json = "[";
  if (type.root == TypeRoot::row) {
    for (const Field& field : type.children)
      json += (json.size() > 1 ? "," : "") + random_value(field.type, random);
    return json + "]";
  }
  DataType key = type.children[0].type;
  if (type.root == TypeRoot::map) key.nullable = false;
  for (std::uint64_t i = random.below(4); i > 0; --i) {
    json += json.size() > 1 ? "," : "";
    json += type.root == TypeRoot::array ? random_value(key, random)
                                         : "[" + random_value(key, random) + "," +
                                               random_value(type.children[1].type, random) + "]";
  }
  return json + "]";
}

/// A value as Arrow's JSON has it; null in one case of five where that is allowed.
inline std::string random_value(const DataType& type, Random& random) {
  if (type.nullable && random.chance(1, 5)) return "null";
  switch (type.root) {
    case TypeRoot::boolean:
      return random.chance(1, 2) ? "true" : "false";
    case TypeRoot::tinyint:
      return std::to_string(random.between(-128, 127));
    case TypeRoot::smallint:
      return std::to_string(random.between(-32768, 32767));
    case TypeRoot::date:
    case TypeRoot::integer:
      return std::to_string(random.between(-1'000'000, 1'000'000));
    case TypeRoot::time:
      return random_time(type, random);
    case TypeRoot::float32:
    case TypeRoot::float64:
      return std::to_string(random.between(-1000, 1000)) + ".5";
    case TypeRoot::character:
      return "\"" + random_text(random, random.below(static_cast<std::uint64_t>(type.length) + 1)) +
             "\"";
    case TypeRoot::string:
    case TypeRoot::bytes:
      return "\"" + random_text(random, random.below(20)) + "\"";
    case TypeRoot::binary:
      return "\"" + random_text(random, static_cast<std::size_t>(type.length)) + "\"";
    case TypeRoot::decimal:
      return random_decimal(type, random);
    case TypeRoot::array:
    case TypeRoot::map:
    case TypeRoot::row:
      return random_nested(type, random);
    default:
      return std::to_string(random.between(-4'000'000'000'000, 4'000'000'000'000));
  }
}

inline std::shared_ptr<arrow::RecordBatch> random_rows(const Schema& schema, std::uint64_t count,
                                                       Random& random) {
  std::vector<std::string> columns;
  for (const Column& column : schema.columns) {
    const bool all_null = random.chance(1, 8);
    std::string json = "[";
    for (std::uint64_t row = 0; row < count; ++row) {
      json += row == 0 ? "" : ",";
      json += all_null ? "null" : random_value(column.type, random);
    }
    columns.push_back(json + "]");
  }
  return rows_of(schema, columns);
}

}  // namespace millrace::protocol
