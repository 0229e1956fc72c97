#include "scenarios/workloads/value_rows.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "base/random.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::uint64_t text_bytes_max = 60;
constexpr std::string_view added_prefix = "added";

std::string text_of(const Value& value) {
  const auto seed =
      static_cast<std::uint64_t>(value.writer) << 32 ^ static_cast<std::uint64_t>(value.sequence);
  Random random(seed);
  std::string text(random.below(text_bytes_max), ' ');
  for (char& letter : text) letter = static_cast<char>('a' + random.below(26));
  return text;
}

protocol::Column column(const std::string& name, const std::string& type) {
  protocol::Column made;
  made.name = name;
  made.type = protocol::parse_sql_type(type).value();
  return made;
}

std::vector<std::shared_ptr<arrow::Int64Array>> added_columns_of(const arrow::RecordBatch& rows) {
  std::vector<std::shared_ptr<arrow::Int64Array>> found;
  for (int i = 0; i < rows.num_columns(); ++i) {
    if (!rows.column_name(i).starts_with(added_prefix)) continue;
    found.push_back(std::dynamic_pointer_cast<arrow::Int64Array>(rows.column(i)));
    CHECK(found.back() != nullptr);
  }
  return found;
}

}  // namespace

protocol::AddedColumn added_column(std::size_t number) {
  protocol::AddedColumn added;
  added.name = fmt::format("{}{}", added_prefix, number);
  added.type_json = to_json(protocol::parse_sql_type("BIGINT").value());
  return added;
}

std::uint64_t count_added_values(const arrow::RecordBatch& rows) {
  std::uint64_t count = 0;
  for (const auto& column : added_columns_of(rows)) {
    count += static_cast<std::uint64_t>(column->length() - column->null_count());
  }
  return count;
}

protocol::TableDescriptor value_table(std::int32_t buckets, const std::string& compression) {
  protocol::TableDescriptor table;
  table.schema.columns = {column("writer", "BIGINT NOT NULL"),
                          column("sequence", "BIGINT NOT NULL"), column("text", "STRING")};
  protocol::assign_field_ids(table.schema);
  table.bucket_count = buckets;
  table.bucket_keys.emplace();
  table.properties.emplace("table.log.arrow.compression.type", compression);
  return table;
}

std::shared_ptr<arrow::RecordBatch> value_rows(const std::shared_ptr<arrow::Schema>& schema,
                                               const Value& first, std::int64_t count) {
  arrow::Int64Builder writers;
  arrow::Int64Builder sequences;
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < count; ++i) {
    const Value value{first.writer, first.sequence + i};
    CHECK(writers.Append(value.writer).ok());
    CHECK(sequences.Append(value.sequence).ok());
    CHECK(texts.Append(text_of(value)).ok());
  }
  const std::shared_ptr<arrow::Array> sequence = sequences.Finish().ValueOrDie();
  std::vector<std::shared_ptr<arrow::Array>> columns{writers.Finish().ValueOrDie(), sequence,
                                                     texts.Finish().ValueOrDie()};
  while (columns.size() < static_cast<std::size_t>(schema->num_fields())) {
    columns.push_back(sequence);
  }
  return arrow::RecordBatch::Make(schema, count, std::move(columns));
}

std::vector<std::optional<Value>> values_in(const arrow::RecordBatch& rows) {
  std::vector<std::optional<Value>> values;
  const auto writers = std::dynamic_pointer_cast<arrow::Int64Array>(rows.GetColumnByName("writer"));
  const auto sequences =
      std::dynamic_pointer_cast<arrow::Int64Array>(rows.GetColumnByName("sequence"));
  const auto texts = std::dynamic_pointer_cast<arrow::StringArray>(rows.GetColumnByName("text"));
  const std::vector<std::shared_ptr<arrow::Int64Array>> added = added_columns_of(rows);
  CHECK(writers != nullptr);
  CHECK(sequences != nullptr);
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
    const Value value{writers->Value(i), sequences->Value(i)};
    const bool intact = !texts || (!texts->IsNull(i) && texts->GetView(i) == text_of(value));
    const bool added_intact = std::all_of(added.begin(), added.end(), [&](const auto& column) {
      return column->IsNull(i) || column->Value(i) == value.sequence;
    });
    values.push_back(intact && added_intact ? std::optional(value) : std::nullopt);
  }
  return values;
}

}  // namespace millrace::scenarios
