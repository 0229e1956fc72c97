#include "apps/cli/row_source.hpp"

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_time.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/csv/api.h>
#include <arrow/io/file.h>
#include <arrow/json/api.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <utility>

#include "apps/cli/checked_lines.hpp"
#include "protocol/arrow_schema.hpp"

namespace millrace::cli {

namespace {

constexpr std::int32_t block_bytes = 2 << 20;
/// Types are inferred from one block, so it should hold a fair sample.
constexpr std::int32_t inference_bytes = 16 << 20;
constexpr std::int64_t parquet_rows = 32768;

tl::unexpected<Error> bad_file(const std::string& path, const arrow::Status& status) {
  const Errc code = status.IsIOError() ? Errc::unavailable : Errc::malformed;
  return fail(code, fmt::format("{}: {}", path, status.message()));
}

Result<std::shared_ptr<arrow::io::ReadableFile>> open_file(const std::string& path) {
  auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) return bad_file(path, file.status());
  return file.MoveValueUnsafe();
}

double share(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return 1.0;
  return std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

/// A column type that has a notation of its own in JSON. Anything else is read as text, then cast.
bool is_json_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
      return true;
    case arrow::Type::LIST:
    case arrow::Type::STRUCT:
      return std::ranges::all_of(type.fields(),
                                 [](const auto& field) { return is_json_type(*field->type()); });
    default:
      return false;
  }
}

/// What to read a column as. The reader of CSV knows every type, but takes timestamps either all
/// with a zone or all without; cast_to() takes both.
std::shared_ptr<arrow::DataType> type_in_file(FileKind kind,
                                              const std::shared_ptr<arrow::DataType>& type) {
  const bool direct =
      kind == FileKind::csv ? type->id() != arrow::Type::TIMESTAMP : is_json_type(*type);
  return direct ? type : arrow::utf8();
}

/// Arrow casts text to everything but times of day.
template <class Time>
arrow::Result<std::shared_ptr<arrow::Array>> parse_times(
    const arrow::StringArray& texts, const std::shared_ptr<arrow::DataType>& type) {
  typename arrow::TypeTraits<Time>::BuilderType builder(type, arrow::default_memory_pool());
  for (std::int64_t row = 0; row < texts.length(); ++row) {
    if (texts.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const std::string_view text = texts.GetView(row);
    typename Time::c_type value{};
    if (!arrow::internal::ParseValue(static_cast<const Time&>(*type), text.data(), text.size(),
                                     &value))
      return arrow::Status::Invalid("not a ", type->ToString(), ": ", text);
    ARROW_RETURN_NOT_OK(builder.Append(value));
  }
  return builder.Finish();
}

/// `column` as `type`. Timestamps may be written with a zone or without.
arrow::Result<std::shared_ptr<arrow::Array>> cast_to(const arrow::Array& column,
                                                     const std::shared_ptr<arrow::DataType>& type) {
  if (column.type_id() == arrow::Type::STRING) {
    const auto& texts = static_cast<const arrow::StringArray&>(column);
    if (type->id() == arrow::Type::TIME32) return parse_times<arrow::Time32Type>(texts, type);
    if (type->id() == arrow::Type::TIME64) return parse_times<arrow::Time64Type>(texts, type);
  }
  auto options = arrow::compute::CastOptions::Safe(type);
  options.allow_time_truncate = true;
  auto direct = arrow::compute::Cast(column, type, options);
  if (direct.ok() || type->id() != arrow::Type::TIMESTAMP) return direct;
  const auto unit = static_cast<const arrow::TimestampType&>(*type).unit();
  auto zoned = arrow::compute::Cast(column, arrow::timestamp(unit, "UTC"));
  if (!zoned.ok()) return direct;
  return arrow::compute::Cast(**zoned, type, options);
}

arrow::csv::ConvertOptions csv_conversion(const RowSourceOptions& options) {
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = options.null_values;
  convert.null_values.emplace_back();
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  return convert;
}

/// The two text formats: their streaming readers differ in name only.
template <class Reader>
class TextSource final : public RowSource {
 public:
  TextSource(std::string path, std::int64_t size, std::shared_ptr<Reader> reader,
             std::shared_ptr<arrow::Schema> columns, RowSourceOptions options)
      : RowSource(std::move(columns), std::move(options)),
        path_(std::move(path)),
        size_(size),
        reader_(std::move(reader)) {}

  [[nodiscard]] Status check() const { return check_names(*reader_->schema()); }
  [[nodiscard]] double fraction() const override {
    return share(reader_->bytes_processed(), size_);
  }

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> read() override {
    std::shared_ptr<arrow::RecordBatch> rows;
    if (const auto status = reader_->ReadNext(&rows); !status.ok()) return bad_file(path_, status);
    return rows;
  }

 private:
  const std::string path_;
  const std::int64_t size_;
  const std::shared_ptr<Reader> reader_;
};

/// Gives CSV's reader the name that JSON's has for the same count.
class CsvReader {
 public:
  explicit CsvReader(std::shared_ptr<arrow::csv::StreamingReader> reader)
      : reader_(std::move(reader)) {}
  [[nodiscard]] std::shared_ptr<arrow::Schema> schema() const { return reader_->schema(); }
  [[nodiscard]] std::int64_t bytes_processed() const { return reader_->bytes_read(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* rows) {
    return reader_->ReadNext(rows);
  }

 private:
  const std::shared_ptr<arrow::csv::StreamingReader> reader_;
};

class ParquetSource final : public RowSource {
 public:
  ParquetSource(std::string path, std::unique_ptr<parquet::arrow::FileReader> file,
                std::shared_ptr<arrow::RecordBatchReader> rows,
                std::shared_ptr<arrow::Schema> columns, RowSourceOptions options)
      : RowSource(std::move(columns), std::move(options)),
        path_(std::move(path)),
        file_(std::move(file)),
        rows_(std::move(rows)) {}

  [[nodiscard]] Status check() const { return check_names(*rows_->schema()); }
  [[nodiscard]] double fraction() const override {
    return share(rows_read_, file_->parquet_reader()->metadata()->num_rows());
  }

 protected:
  Result<std::shared_ptr<arrow::RecordBatch>> read() override {
    std::shared_ptr<arrow::RecordBatch> rows;
    if (const auto status = rows_->ReadNext(&rows); !status.ok()) return bad_file(path_, status);
    if (rows) rows_read_ += rows->num_rows();
    return rows;
  }

 private:
  const std::string path_;
  const std::unique_ptr<parquet::arrow::FileReader> file_;  // Outlives its rows.
  const std::shared_ptr<arrow::RecordBatchReader> rows_;
  std::int64_t rows_read_ = 0;
};

Result<std::unique_ptr<parquet::arrow::FileReader>> open_parquet(const std::string& path) {
  auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  parquet::arrow::FileReaderBuilder builder;
  auto status = builder.Open(*file);
  std::unique_ptr<parquet::arrow::FileReader> reader;
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(parquet_rows);
  if (status.ok()) status = builder.properties(properties)->Build(&reader);
  if (!status.ok()) return bad_file(path, status);
  return reader;
}

Result<std::shared_ptr<arrow::csv::StreamingReader>> open_csv(
    const std::string& path, std::shared_ptr<arrow::io::InputStream> file, std::int32_t block,
    const arrow::csv::ConvertOptions& convert) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = block;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.newlines_in_values = true;
  auto reader = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), std::move(file),
                                                  read, parse, convert);
  if (!reader.ok()) return bad_file(path, reader.status());
  return reader.MoveValueUnsafe();
}

Result<std::shared_ptr<arrow::json::StreamingReader>> open_ndjson(
    const std::string& path, std::shared_ptr<arrow::io::InputStream> file, std::int32_t block,
    const arrow::json::ParseOptions& parse) {
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = block;
  const auto lines =
      std::make_shared<CheckedLines>(std::move(file), static_cast<std::size_t>(block));
  auto reader = arrow::json::StreamingReader::Make(lines, read, parse);
  if (!reader.ok()) return bad_file(path, reader.status());
  return reader.MoveValueUnsafe();
}

arrow::json::ParseOptions ndjson_parsing(const arrow::Schema& columns) {
  arrow::FieldVector fields;
  for (const auto& field : columns.fields()) {
    fields.push_back(arrow::field(field->name(), type_in_file(FileKind::ndjson, field->type())));
  }
  auto parse = arrow::json::ParseOptions::Defaults();
  parse.explicit_schema = arrow::schema(std::move(fields));
  parse.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::InferType;
  return parse;
}

}  // namespace

std::optional<FileKind> kind_of(const std::string& path) {
  if (path.ends_with(".csv")) return FileKind::csv;
  if (path.ends_with(".parquet")) return FileKind::parquet;
  for (const std::string_view end : {".ndjson", ".jsonl", ".json"}) {
    if (path.ends_with(end)) return FileKind::ndjson;
  }
  return std::nullopt;
}

RowSource::RowSource(std::shared_ptr<arrow::Schema> columns, RowSourceOptions options)
    : columns_(std::move(columns)), options_(std::move(options)) {}

namespace {

/// Cuts into equal slices, so that buckets filled in turn stay even.
std::int64_t rows_per_slice(const arrow::RecordBatch& rows, std::size_t batch_bytes) {
  const auto bytes = arrow::util::ReferencedBufferSize(rows);
  const auto limit = static_cast<std::int64_t>(batch_bytes);
  const std::int64_t slices = std::max<std::int64_t>(1, (bytes.ValueOr(0) + limit - 1) / limit);
  return std::max<std::int64_t>(1, (rows.num_rows() + slices - 1) / slices);
}

template <class Source>
Result<std::unique_ptr<RowSource>> checked(std::unique_ptr<Source> source) {
  if (const auto fits = source->check(); !fits) return tl::unexpected(fits.error());
  return source;
}

Result<std::unique_ptr<RowSource>> open_text(const std::string& path, FileKind kind,
                                             std::shared_ptr<arrow::Schema> columns,
                                             RowSourceOptions options) {
  auto file = open_file(path);
  if (!file) return tl::unexpected(file.error());
  const std::int64_t size = (*file)->GetSize().ValueOr(0);
  if (kind == FileKind::ndjson) {
    auto reader = open_ndjson(path, *file, block_bytes, ndjson_parsing(*columns));
    if (!reader) return tl::unexpected(reader.error());
    return checked(std::make_unique<TextSource<arrow::json::StreamingReader>>(
        path, size, std::move(*reader), std::move(columns), std::move(options)));
  }
  auto convert = csv_conversion(options);
  for (const auto& field : columns->fields())
    convert.column_types[field->name()] = type_in_file(kind, field->type());
  auto reader = open_csv(path, *file, block_bytes, convert);
  if (!reader) return tl::unexpected(reader.error());
  return checked(std::make_unique<TextSource<CsvReader>>(
      path, size, std::make_shared<CsvReader>(std::move(*reader)), std::move(columns),
      std::move(options)));
}

}  // namespace

Result<std::unique_ptr<RowSource>> RowSource::open(const std::string& path, FileKind kind,
                                                   std::shared_ptr<arrow::Schema> columns,
                                                   RowSourceOptions options) {
  if (kind != FileKind::parquet)
    return open_text(path, kind, std::move(columns), std::move(options));
  auto file = open_parquet(path);
  if (!file) return tl::unexpected(file.error());
  auto rows = (*file)->GetRecordBatchReader();
  if (!rows.ok()) return bad_file(path, rows.status());
  return checked(std::make_unique<ParquetSource>(path, std::move(*file),
                                                 std::shared_ptr(rows.MoveValueUnsafe()),
                                                 std::move(columns), std::move(options)));
}

Status RowSource::check_names(const arrow::Schema& in_file) const {
  for (const auto& field : in_file.fields()) {
    if (columns_->GetFieldIndex(field->name()) < 0)
      return fail(Errc::malformed, "the table has no column " + field->name());
  }
  for (const auto& field : columns_->fields()) {
    if (in_file.GetFieldIndex(field->name()) < 0 && !field->nullable())
      return fail(Errc::malformed, "the file has no column " + field->name() + ", it is NOT NULL");
  }
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> RowSource::fitted(
    const arrow::RecordBatch& rows) const {
  arrow::ArrayVector out;
  for (const auto& field : columns_->fields()) {
    auto column = rows.GetColumnByName(field->name());
    auto cast = column ? cast_to(*column, field->type())
                       : arrow::MakeArrayOfNull(field->type(), rows.num_rows());
    if (!cast.ok())
      return fail(Errc::malformed, "column " + field->name() + ": " + cast.status().message());
    out.push_back(cast.MoveValueUnsafe());
    // Arrow's readers of JSON and Parquet pass text on that is no UTF-8; no reader of the table
    // would.
    if (const auto valid = out.back()->ValidateFull(); !valid.ok())
      return fail(Errc::malformed, "column " + field->name() + ": " + valid.message());
    if (!field->nullable() && out.back()->null_count() > 0)
      return fail(Errc::malformed, "column " + field->name() + " is NOT NULL, the file has a null");
  }
  return arrow::RecordBatch::Make(columns_, rows.num_rows(), std::move(out));
}

Result<std::shared_ptr<arrow::RecordBatch>> RowSource::next() {
  while (!rest_) {
    auto rows = read();
    if (!rows) return rows;
    if (!*rows) return std::shared_ptr<arrow::RecordBatch>();
    if ((*rows)->num_rows() == 0) continue;
    auto fit = fitted(**rows);
    if (!fit) return fit;
    rest_ = std::move(*fit);
    slice_rows_ = rows_per_slice(*rest_, options_.batch_bytes);
  }
  if (rest_->num_rows() <= slice_rows_) return std::exchange(rest_, nullptr);
  auto batch = rest_->Slice(0, slice_rows_);
  rest_ = rest_->Slice(slice_rows_);
  return batch;
}

Result<protocol::Schema> infer_schema(const std::string& path, FileKind kind,
                                      const RowSourceOptions& options) {
  std::shared_ptr<arrow::Schema> found;
  if (kind == FileKind::parquet) {
    auto file = open_parquet(path);
    if (!file) return tl::unexpected(file.error());
    if (const auto status = (*file)->GetSchema(&found); !status.ok()) return bad_file(path, status);
  } else {
    auto file = open_file(path);
    if (!file) return tl::unexpected(file.error());
    if (kind == FileKind::csv) {
      auto reader = open_csv(path, *file, inference_bytes, csv_conversion(options));
      if (!reader) return tl::unexpected(reader.error());
      found = (*reader)->schema();
    } else {
      auto reader =
          open_ndjson(path, *file, inference_bytes, arrow::json::ParseOptions::Defaults());
      if (!reader) return tl::unexpected(reader.error());
      found = (*reader)->schema();
    }
  }
  auto schema = protocol::from_arrow(*found);
  if (!schema) return wrap(schema.error(), path);
  protocol::assign_field_ids(*schema);
  return schema;
}

}  // namespace millrace::cli
