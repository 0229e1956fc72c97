#pragma once
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "protocol/bucketing.hpp"

namespace millrace::client {

/// Rows that belong into one bucket.
struct PlacedRows {
  BucketIndex bucket;
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// `rows` by the buckets that their keys say, in ascending order; the rows of a bucket keep their
/// order. Requires the columns of the table that `placement` was made for. Errors: malformed (a
/// value that cannot be part of a key, with the row), overloaded.
[[nodiscard]] Result<std::vector<PlacedRows>> spread_rows(
    protocol::RowPlacement& placement, const std::shared_ptr<arrow::RecordBatch>& rows);

/// Rows that belong into one partition.
struct PartitionRows {
  std::vector<std::string> values;  ///< In the order of the partition keys.
  std::shared_ptr<arrow::RecordBatch> rows;
};

/// `rows` by the partitions that their values name, ordered by those; the rows of a partition keep
/// their order. Requires the columns of `table`. Errors: malformed (a null or a value that cannot
/// name a partition, with the row), overloaded.
[[nodiscard]] Result<std::vector<PartitionRows>> split_by_partition(
    const protocol::TableDescriptor& table, const std::shared_ptr<arrow::RecordBatch>& rows);

}  // namespace millrace::client
