#include "bench/load/shape.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.hpp"
#include "base/random.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::bench {

namespace {

constexpr std::uint64_t seed = 42;
constexpr std::size_t words_count = 64;

/// One letter per column: L BIGINT, I INT, D DOUBLE, S STRING.
std::string types_of(Shape shape) {
  if (shape == Shape::narrow) return "LLIDSS";
  return std::string(12, 'L') + std::string(12, 'I') + std::string(10, 'D') + std::string(10, 'S');
}

std::string hex(Random& random, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += "0123456789abcdef"[random.below(16)];
  return text;
}

std::vector<std::string> make_words() {
  Random random = Random(seed).fork("words");
  std::vector<std::string> words;
  for (std::size_t i = 0; i < words_count; ++i) words.push_back(hex(random, 12 + random.below(13)));
  return words;
}

template <class Builder, class Next>
std::shared_ptr<arrow::Array> column_of(std::int64_t count, Next&& next) {
  Builder builder;
  for (std::int64_t i = 0; i < count; ++i) CHECK(builder.Append(next(i)).ok());
  return builder.Finish().ValueOrDie();
}

/// `nth` is the number of the column among those of its type.
std::shared_ptr<arrow::Array> long_column(Random random, std::size_t nth, std::int64_t count) {
  return column_of<arrow::Int64Builder>(count, [&](std::int64_t row) {
    if (nth == 0) return row;
    if (nth == 1) return row / 10;
    if (nth < 6) return random.between(0, 999'999'999);
    return static_cast<std::int64_t>(random.next());
  });
}

std::shared_ptr<arrow::Array> int_column(Random random, std::size_t nth, std::int64_t count) {
  return column_of<arrow::Int32Builder>(count, [&](std::int64_t) {
    if (nth < 4) return static_cast<std::int32_t>(random.below(100));
    if (nth < 8) return static_cast<std::int32_t>(random.below(1'000'000));
    return static_cast<std::int32_t>(random.next());
  });
}

std::shared_ptr<arrow::Array> double_column(Random random, std::size_t nth, std::int64_t count) {
  constexpr double whole = 9007199254740992.0;  // 2^53
  return column_of<arrow::DoubleBuilder>(count, [&](std::int64_t) {
    if (nth < 5) return static_cast<double>(random.below(1'000'000)) / 100;
    return static_cast<double>(random.next() >> 11) / whole;
  });
}

std::string text_value(Random& random, Shape shape, std::size_t nth) {
  static const std::vector<std::string> words = make_words();
  const auto word = [&]() -> const std::string& { return words[random.below(words_count)]; };
  if (shape == Shape::narrow && nth == 0) return hex(random, 24);
  if (shape == Shape::narrow) {
    const std::string first = word();
    return (first + "/" + word() + "/" + std::string(48, 'x')).substr(0, 48);
  }
  if (nth < 5) return word();
  if (nth < 8) return fmt::format("user-{:013}", random.below(10'000'000));
  return hex(random, 16);
}

std::shared_ptr<arrow::Array> make_column(Shape shape, char type, std::size_t nth, Random random,
                                          std::int64_t count) {
  if (type == 'L') return long_column(random, nth, count);
  if (type == 'I') return int_column(random, nth, count);
  if (type == 'D') return double_column(random, nth, count);
  return column_of<arrow::StringBuilder>(
      count, [&](std::int64_t) { return text_value(random, shape, nth); });
}

}  // namespace

Result<Shape> parse_shape(std::string_view text) {
  for (const Shape shape : {Shape::narrow, Shape::wide}) {
    if (text == name_of(shape)) return shape;
  }
  return fail(Errc::malformed, "a shape is narrow or wide, not " + std::string(text));
}

std::string_view name_of(Shape shape) { return shape == Shape::narrow ? "narrow" : "wide"; }

protocol::Schema schema_of(Shape shape) {
  protocol::Schema schema;
  for (const char type : types_of(shape)) {
    const std::string_view name = type == 'L'   ? "BIGINT"
                                  : type == 'I' ? "INT"
                                  : type == 'D' ? "DOUBLE"
                                                : "STRING";
    protocol::Column column;
    column.name = fmt::format("c{}", schema.columns.size());
    column.type = *protocol::parse_sql_type(name);
    schema.columns.push_back(std::move(column));
  }
  protocol::assign_field_ids(schema);
  return schema;
}

bool is_shaped(const protocol::Schema& schema) {
  const auto columns = protocol::to_arrow(schema);
  return columns->Equals(*protocol::to_arrow(schema_of(Shape::narrow))) ||
         columns->Equals(*protocol::to_arrow(schema_of(Shape::wide)));
}

std::shared_ptr<arrow::RecordBatch> make_rows(Shape shape, std::int64_t count) {
  const std::string types = types_of(shape);
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const std::size_t nth = i - types.find(types[i]);
    columns.push_back(make_column(shape, types[i], nth, Random(seed).fork(i), count));
  }
  return arrow::RecordBatch::Make(protocol::to_arrow(schema_of(shape)), count, std::move(columns));
}

std::uint64_t logical_bytes(const arrow::RecordBatch& rows, const std::vector<int>& columns) {
  std::vector<int> all(static_cast<std::size_t>(rows.num_columns()));
  std::iota(all.begin(), all.end(), 0);
  std::int64_t sum = 0;
  for (const int column : columns.empty() ? all : columns) {
    const auto& values = *rows.column(column);
    if (values.type_id() == arrow::Type::STRING) {
      sum += static_cast<const arrow::StringArray&>(values).total_values_length();
    } else {
      sum += values.length() * std::max(values.type()->byte_width(), 0);
    }
  }
  return static_cast<std::uint64_t>(sum);
}

std::vector<int> spread_columns(int wanted, int count) {
  CHECK(wanted > 0);
  CHECK(wanted <= count);
  std::vector<int> columns;
  for (int i = 0; i < wanted; ++i) columns.push_back(i * count / wanted);
  return columns;
}

}  // namespace millrace::bench
