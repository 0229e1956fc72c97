#include "client/row_spreader.hpp"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <map>

#include "protocol/arrow_cells.hpp"
#include "protocol/arrow_status.hpp"
#include "protocol/names.hpp"
#include "protocol/partition_value.hpp"

namespace millrace::client {

namespace {

using RowsOfBucket = std::map<BucketIndex, std::vector<std::int64_t>>;

Result<RowsOfBucket> rows_of_buckets(protocol::RowPlacement& placement,
                                     const arrow::RecordBatch& rows) {
  RowsOfBucket buckets;
  protocol::Cells cells;
  // Keys have no nested values, so that the format of these plays no part.
  protocol::CellSource source(protocol::RowFormat::compacted);
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    cells.clear();
    for (std::size_t i = 0; i < placement.columns().size(); ++i) {
      const arrow::Array& column = *rows.column(static_cast<int>(placement.columns()[i]));
      auto cell = source.cell(placement.types()[i], column, row);
      if (!cell) return wrap(cell.error(), fmt::format("bucket key of row {}", row));
      cells.push_back(*cell);
    }
    auto bucket = placement.bucket_of(cells);
    if (!bucket) return wrap(bucket.error(), fmt::format("bucket key of row {}", row));
    buckets[*bucket].push_back(row);
  }
  return buckets;
}

Result<std::shared_ptr<arrow::RecordBatch>> taken(const std::shared_ptr<arrow::RecordBatch>& rows,
                                                  const std::vector<std::int64_t>& positions) {
  arrow::Int64Builder builder;
  if (auto filled = protocol::from_status(builder.AppendValues(positions)); !filled)
    return tl::unexpected(filled.error());
  auto indices = builder.Finish();
  if (!indices.ok()) return tl::unexpected(protocol::error_of(indices.status()));
  auto part = arrow::compute::Take(arrow::Datum(rows), arrow::Datum(*indices));
  if (!part.ok()) return tl::unexpected(protocol::error_of(part.status()));
  return part->record_batch();
}

}  // namespace

namespace {

/// Positions of the partition keys' columns.
std::vector<std::size_t> key_columns(const protocol::TableDescriptor& table) {
  std::vector<std::size_t> columns;
  for (const std::string& key : table.partition_keys) {
    for (std::size_t i = 0; i < table.schema.columns.size(); ++i) {
      if (table.schema.columns[i].name == key) columns.push_back(i);
    }
  }
  return columns;
}

Result<std::string> value_of(protocol::CellSource& source, const protocol::DataType& type,
                             const arrow::Array& column, std::int64_t row) {
  auto cell = source.cell(type, column, row);
  if (!cell) return tl::unexpected(cell.error());
  auto value = protocol::partition_value_of(type, *cell);
  if (!value) return value;
  if (auto why = protocol::why_bad_name(*value)) return fail(Errc::malformed, std::move(*why));
  return value;
}

}  // namespace

Result<std::vector<PartitionRows>> split_by_partition(
    const protocol::TableDescriptor& table, const std::shared_ptr<arrow::RecordBatch>& rows) {
  const std::vector<std::size_t> columns = key_columns(table);
  protocol::CellSource source(protocol::RowFormat::compacted);
  std::map<std::vector<std::string>, std::vector<std::int64_t>> found;
  for (std::int64_t row = 0; row < rows->num_rows(); ++row) {
    std::vector<std::string> values;
    for (const std::size_t column : columns) {
      auto value = value_of(source, table.schema.columns[column].type,
                            *rows->column(static_cast<int>(column)), row);
      if (!value) return wrap(value.error(), fmt::format("partition key of row {}", row));
      values.push_back(std::move(*value));
    }
    found[std::move(values)].push_back(row);
  }
  if (found.size() == 1) return std::vector<PartitionRows>{{found.begin()->first, rows}};
  std::vector<PartitionRows> parts;
  for (const auto& [values, positions] : found) {
    auto part = taken(rows, positions);
    if (!part) return tl::unexpected(part.error());
    parts.push_back({values, std::move(*part)});
  }
  return parts;
}

Result<std::vector<PlacedRows>> spread_rows(protocol::RowPlacement& placement,
                                            const std::shared_ptr<arrow::RecordBatch>& rows) {
  auto buckets = rows_of_buckets(placement, *rows);
  if (!buckets) return tl::unexpected(buckets.error());
  if (buckets->size() == 1) return std::vector<PlacedRows>{{buckets->begin()->first, rows}};
  std::vector<PlacedRows> placed;
  for (const auto& [bucket, positions] : *buckets) {
    auto part = taken(rows, positions);
    if (!part) return tl::unexpected(part.error());
    placed.push_back({bucket, std::move(*part)});
  }
  return placed;
}

}  // namespace millrace::client
