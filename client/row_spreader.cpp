#include "client/row_spreader.hpp"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <map>

#include "protocol/arrow_cells.hpp"
#include "protocol/arrow_status.hpp"

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
