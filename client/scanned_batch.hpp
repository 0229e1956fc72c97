#pragma once
#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::client {

/// A bucket of the table that is read, or of one of its partitions.
struct ScanBucket {
  // Not explicit: an index alone is a bucket of a table without partitions.
  ScanBucket(BucketIndex index, PartitionId of = no_partition) : partition(of), bucket(index) {}

  PartitionId partition;
  BucketIndex bucket;
  friend auto operator<=>(const ScanBucket&, const ScanBucket&) = default;
};

struct ScannedBatch {
  BucketIndex bucket;
  Offset base_offset = 0;  ///< Of the first row here; the others follow without a gap.
  EpochMillis commit_timestamp = 0;
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<protocol::ChangeType> changes;  ///< One per row; empty when all are appends.
  PartitionId partition = no_partition;
};

}  // namespace millrace::client
