#include "protocol/row_batch_codec.hpp"

#include <arrow/array/array_base.h>
#include <arrow/array/builder_base.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "protocol/arrow_cells.hpp"
#include "protocol/arrow_schema.hpp"
#include "protocol/arrow_status.hpp"
#include "protocol/row_batch.hpp"
#include "protocol/row_codec.hpp"

namespace millrace::protocol {
namespace {

Status check_columns(const arrow::RecordBatch& rows, const Schema& schema) {
  if (static_cast<std::size_t>(rows.num_columns()) != schema.columns.size())
    return fail(Errc::malformed, fmt::format("wrong number of columns: {}, the table has {}",
                                             rows.num_columns(), schema.columns.size()));
  for (int i = 0; i < rows.num_columns(); ++i) {
    const Column& column = schema.columns[static_cast<std::size_t>(i)];
    if (!rows.column(i)->type()->Equals(*to_arrow(column.type)))
      return fail(Errc::malformed, fmt::format("column {} is {}, the table needs {}", column.name,
                                               rows.column(i)->type()->ToString(),
                                               to_arrow(column.type)->ToString()));
  }
  return {};
}

/// The cells of row `index`.
Status take_cells(const arrow::RecordBatch& rows, const Schema& schema, std::int64_t index,
                  CellSource& source, Cells& cells) {
  source.clear();
  cells.clear();
  for (int i = 0; i < rows.num_columns(); ++i) {
    const Column& column = schema.columns[static_cast<std::size_t>(i)];
    auto cell = source.cell(column.type, *rows.column(i), index);
    if (!cell) return wrap(cell.error(), fmt::format("column {}", column.name));
    cells.push_back(*cell);
  }
  return {};
}

/// Builders for some columns of a schema.
class ColumnBuilders {
 public:
  ColumnBuilders(const Schema& schema, RowFormat format, std::span<const std::int32_t> fields)
      : fields_(fields.begin(), fields.end()), sink_(format) {
    if (fields_.empty()) {
      fields_.resize(schema.columns.size());
      std::iota(fields_.begin(), fields_.end(), 0);
    }
    arrow_schema_ = to_arrow(schema, fields_);
  }

  Status start() {
    for (const auto& field : arrow_schema_->fields()) {
      auto made = arrow::MakeBuilder(field->type());
      if (!made.ok()) return from_status(made.status());
      builders_.push_back(made.MoveValueUnsafe());
    }
    return {};
  }

  Status append(const DataType& row, const Cells& cells) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const auto at = static_cast<std::size_t>(fields_[i]);
      if (auto appended = sink_.append(row.children[at].type, cells[at], *builders_[i]); !appended)
        return wrap(appended.error(), fmt::format("column {}", at));
    }
    return {};
  }

  Result<std::shared_ptr<arrow::RecordBatch>> finish(std::int64_t rows) {
    arrow::ArrayVector columns;
    for (const auto& builder : builders_) {
      auto column = builder->Finish();
      if (!column.ok()) return tl::unexpected(error_of(column.status()));
      columns.push_back(column.MoveValueUnsafe());
    }
    auto batch = arrow::RecordBatch::Make(arrow_schema_, rows, std::move(columns));
    if (const arrow::Status valid = batch->ValidateFull(); !valid.ok())
      return tl::unexpected(error_of(valid));
    return batch;
  }

 private:
  std::vector<std::int32_t> fields_;
  CellSink sink_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
};

}  // namespace

Result<Buffer> encode_row_batch(const arrow::RecordBatch& rows, const Schema& schema,
                                RowFormat format, const EncodeOptions& options) {
  const auto header = start_header(rows.num_rows(), options);
  if (!header) return tl::unexpected(header.error());
  if (auto fits = check_columns(rows, schema); !fits) return tl::unexpected(fits.error());
  const DataType row_type = row_type_of(schema);
  CellSource source(format);
  Cells cells;
  std::vector<std::byte> batch(log_batch_header_size);
  for (std::int64_t i = 0; i < rows.num_rows(); ++i) {
    if (auto taken = take_cells(rows, schema, i, source, cells); !taken)
      return wrap(taken.error(), fmt::format("encode row {}", i));
    const ChangeType change =
        options.changes.empty() ? ChangeType::append : options.changes[static_cast<std::size_t>(i)];
    auto appended = append_record(batch, change, [&](std::vector<std::byte>& out) {
      return append_row(format, row_type, cells, out);
    });
    if (!appended) return wrap(appended.error(), fmt::format("encode row {}", i));
  }
  return finish_batch(std::move(batch), *header);
}

Result<DecodedRows> decode_row_batch(const Buffer& batch, const Schema& schema, RowFormat format,
                                     std::span<const std::int32_t> fields) {
  auto header = parse_whole_batch(batch.bytes());
  if (!header) return tl::unexpected(header.error());
  const DataType row_type = row_type_of(schema);
  ColumnBuilders columns(schema, format, fields);
  if (auto started = columns.start(); !started) return tl::unexpected(started.error());
  DecodedRows decoded;
  Cells cells;
  auto walked = for_each_record(batch, *header, [&](ChangeType change, Bytes row) -> Status {
    decoded.changes.push_back(change);
    if (auto read = read_row(format, row_type, row, cells); !read) return read;
    return columns.append(row_type, cells);
  });
  if (!walked) return tl::unexpected(walked.error());
  auto rows = columns.finish(header->record_count);
  if (!rows) return tl::unexpected(rows.error());
  decoded.rows = std::move(*rows);
  if (std::ranges::all_of(decoded.changes,
                          [](ChangeType change) { return change == ChangeType::append; }))
    decoded.changes.clear();
  return decoded;
}

}  // namespace millrace::protocol
