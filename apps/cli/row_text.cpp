#include "apps/cli/row_text.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/util/formatting.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_text.hpp"

namespace millrace::cli {

namespace {

using protocol::TypeRoot;

constexpr std::size_t rows_held_back_max = 200;
constexpr std::string_view null_in_table = "null";

template <class ArrowType>
std::string formatted(const arrow::Array& column, std::int64_t row) {
  const auto& typed = static_cast<const typename arrow::TypeTraits<ArrowType>::ArrayType&>(column);
  arrow::internal::StringFormatter<ArrowType> format(column.type().get());
  std::string out;
  format(typed.Value(row), [&](std::string_view text) { out = text; });
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

/// A time of day, whatever its unit.
std::string time_text(const arrow::Array& column, std::int64_t row) {
  return column.type_id() == arrow::Type::TIME32 ? formatted<arrow::Time32Type>(column, row)
                                                 : formatted<arrow::Time64Type>(column, row);
}

std::string timestamp_text(const arrow::Array& column, std::int64_t row, bool utc) {
  std::string out = formatted<arrow::TimestampType>(column, row);
  if (const std::size_t blank = out.find(' '); blank != std::string::npos) out[blank] = 'T';
  if (utc) out += 'Z';
  return out;
}

bool is_bare_in_json(TypeRoot root) {
  switch (root) {
    case TypeRoot::boolean:
    case TypeRoot::tinyint:
    case TypeRoot::smallint:
    case TypeRoot::integer:
    case TypeRoot::bigint:
      return true;
    default:
      return false;
  }
}

bool is_finite_number(TypeRoot root, std::string_view text) {
  if (root != TypeRoot::float32 && root != TypeRoot::float64) return false;
  return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

std::string csv_quoted(const std::string& text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  return out + '"';
}

std::string json_text(const arrow::Array& column, std::int64_t row, const protocol::DataType& type);

/// `count` values from `first` on, with commas between.
std::string json_list(const arrow::Array& values, std::int64_t first, std::int64_t count,
                      const protocol::DataType& type) {
  std::string out;
  for (std::int64_t i = first; i < first + count; ++i)
    out += (i > first ? "," : "") + json_text(values, i, type);
  return out;
}

/// A map is a list of its entries: JSON has no keys but texts.
std::string json_map(const arrow::MapArray& map, std::int64_t row, const protocol::DataType& type) {
  std::string out;
  const std::int64_t end = map.value_offset(row) + map.value_length(row);
  for (std::int64_t i = map.value_offset(row); i < end; ++i) {
    out += out.empty() ? "" : ",";
    out += "{\"key\":" + json_text(*map.keys(), i, type.children[0].type) +
           ",\"value\":" + json_text(*map.items(), i, type.children[1].type) + '}';
  }
  return out;
}

std::string json_struct(const arrow::StructArray& fields, std::int64_t row,
                        const protocol::DataType& type) {
  std::string out;
  for (std::size_t i = 0; i < type.children.size(); ++i) {
    const protocol::Field& field = type.children[i];
    out += (i > 0 ? "," : "") + json_quoted(field.name) + ':' +
           json_text(*fields.field(static_cast<int>(i)), row, field.type);
  }
  return out;
}

/// A value of any type as JSON.
std::string json_text(const arrow::Array& column, std::int64_t row,
                      const protocol::DataType& type) {
  if (column.IsNull(row)) return "null";
  const std::string text = cell_text(column, row, type);
  const bool bare = protocol::is_nested(type.root) || is_bare_in_json(type.root) ||
                    is_finite_number(type.root, text);
  return bare ? text : json_quoted(text);
}

/// Text from a table must not steer the terminal.
std::string printable(std::string text) {
  for (char& letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7f) letter = '?';
  }
  return text;
}

}  // namespace

Result<RowFormat> parse_row_format(std::string_view text) {
  if (text == "table") return RowFormat::table;
  if (text == "csv") return RowFormat::csv;
  if (text == "ndjson") return RowFormat::ndjson;
  return fail(Errc::malformed, "--format takes table, csv or ndjson: " + std::string(text));
}

std::string cell_text(const arrow::Array& column, std::int64_t row,
                      const protocol::DataType& type) {
  if (column.IsNull(row)) return {};
  switch (type.root) {
    case TypeRoot::boolean:
      return formatted<arrow::BooleanType>(column, row);
    case TypeRoot::tinyint:
      return formatted<arrow::Int8Type>(column, row);
    case TypeRoot::smallint:
      return formatted<arrow::Int16Type>(column, row);
    case TypeRoot::integer:
      return formatted<arrow::Int32Type>(column, row);
    case TypeRoot::bigint:
      return formatted<arrow::Int64Type>(column, row);
    case TypeRoot::float32:
      return formatted<arrow::FloatType>(column, row);
    case TypeRoot::float64:
      return formatted<arrow::DoubleType>(column, row);
    case TypeRoot::character:
    case TypeRoot::string:
      return static_cast<const arrow::StringArray&>(column).GetString(row);
    case TypeRoot::binary:
      return hex(static_cast<const arrow::FixedSizeBinaryArray&>(column).GetView(row));
    case TypeRoot::bytes:
      return hex(static_cast<const arrow::BinaryArray&>(column).GetView(row));
    case TypeRoot::decimal:
      return static_cast<const arrow::Decimal128Array&>(column).FormatValue(row);
    case TypeRoot::date:
      return formatted<arrow::Date32Type>(column, row);
    case TypeRoot::time:
      return time_text(column, row);
    case TypeRoot::timestamp:
      return timestamp_text(column, row, false);
    case TypeRoot::timestamp_ltz:
      return timestamp_text(column, row, true);
    case TypeRoot::array: {
      const auto& list = static_cast<const arrow::ListArray&>(column);
      return '[' +
             json_list(*list.values(), list.value_offset(row), list.value_length(row),
                       type.children[0].type) +
             ']';
    }
    case TypeRoot::map:
      return '[' + json_map(static_cast<const arrow::MapArray&>(column), row, type) + ']';
    case TypeRoot::row:
      return '{' + json_struct(static_cast<const arrow::StructArray&>(column), row, type) + '}';
  }
  return {};
}

RowPrinter::RowPrinter(RowFormat format, std::vector<protocol::Column> columns, Write write)
    : format_(format), columns_(std::move(columns)), write_(std::move(write)) {}

void RowPrinter::add(const arrow::RecordBatch& rows) {
  std::string out;
  if (format_ == RowFormat::csv && !has_header_) {
    has_header_ = true;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      out += (i == 0 ? "" : ",") + csv_quoted(columns_[i].name);
    out += '\n';
  }
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    if (format_ == RowFormat::table) add_table_row(rows, row);
    if (format_ == RowFormat::csv) add_csv_row(rows, row, out);
    if (format_ == RowFormat::ndjson) add_json_row(rows, row, out);
  }
  if (!out.empty()) write_(out);
}

void RowPrinter::add_table_row(const arrow::RecordBatch& rows, std::int64_t row) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const arrow::Array& column = *rows.column(static_cast<int>(i));
    cells.push_back(column.IsNull(row) ? std::string(null_in_table)
                                       : printable(cell_text(column, row, columns_[i].type)));
  }
  held_back_.push_back(std::move(cells));
  if (has_header_ || held_back_.size() >= rows_held_back_max) flush();
}

void RowPrinter::flush() {
  if (held_back_.empty()) return;
  if (!has_header_) {
    has_header_ = true;
    std::vector<std::string> names;
    for (const protocol::Column& column : columns_) names.push_back(printable(column.name));
    held_back_.insert(held_back_.begin(), std::move(names));
    widths_.assign(columns_.size(), 0);
    for (const auto& cells : held_back_) {
      for (std::size_t i = 0; i < cells.size(); ++i)
        widths_[i] = std::max(widths_[i], cells[i].size());
    }
  }
  std::string out;
  for (const auto& cells : std::exchange(held_back_, {})) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i)
      line += fmt::format("{:<{}}  ", cells[i], widths_[i]);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  write_(out);
}

void RowPrinter::add_csv_row(const arrow::RecordBatch& rows, std::int64_t row,
                             std::string& out) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += ',';
    const arrow::Array& column = *rows.column(static_cast<int>(i));
    if (!column.IsNull(row)) out += csv_quoted(cell_text(column, row, columns_[i].type));
  }
  out += '\n';
}

void RowPrinter::add_json_row(const arrow::RecordBatch& rows, std::int64_t row,
                              std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += ',';
    out += json_quoted(columns_[i].name) + ':';
    const arrow::Array& column = *rows.column(static_cast<int>(i));
    out += json_text(column, row, columns_[i].type);
  }
  out += "}\n";
}

}  // namespace millrace::cli
