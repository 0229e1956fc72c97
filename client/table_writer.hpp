#pragma once
#include <arrow/type_fwd.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>

#include "client/bucket_writer.hpp"
#include "protocol/bucketing.hpp"

namespace millrace::client {

/// The ways of one appender's rows into the buckets of a table, or of one partition.
class TableWriter {
 public:
  /// Errors: leader_not_available_exception (there are no buckets yet), invalid_table_exception
  /// (bucket keys that this client cannot hash).
  [[nodiscard]] static Outcome<std::shared_ptr<TableWriter>> make(
      const std::shared_ptr<Cluster>& cluster, const TablePtr& table, WriterId writer,
      const AppenderOptions& options);

  /// Queues rows for `bucket`; without one, where their keys say, or else into the next in turn.
  /// Errors, with `done` not kept: malformed.
  [[nodiscard]] Status append(std::optional<BucketIndex> bucket,
                              const std::shared_ptr<arrow::RecordBatch>& rows,
                              Callback<Appended> done);
  /// Queues a batch that was encoded ahead, for `bucket` or the next in turn. Errors, with `done`
  /// not kept: malformed (also: the table has bucket keys).
  [[nodiscard]] Status append_encoded(std::optional<BucketIndex> bucket, Buffer batch,
                                      std::int64_t row_count, Callback<Appended> done);

 private:
  explicit TableWriter(std::optional<protocol::RowPlacement> placement)
      : placement_(std::move(placement)) {}

  [[nodiscard]] Result<BucketWriter*> writer_for(std::optional<BucketIndex> bucket);
  [[nodiscard]] Status append_by_key(const std::shared_ptr<arrow::RecordBatch>& rows,
                                     Callback<Appended> done);

  std::optional<protocol::RowPlacement> placement_;  // Of a table with bucket keys.
  std::map<BucketIndex, std::shared_ptr<BucketWriter>> writers_;
  std::size_t next_ = 0;
};

}  // namespace millrace::client
