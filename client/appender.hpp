#pragma once
#include <arrow/type_fwd.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "client/partition_writer.hpp"
#include "client/table_writer.hpp"

namespace millrace::client {

/// Writes rows to a log table, each exactly once and, within a bucket, in the order of append().
/// Where a table has bucket keys, they say which bucket a row belongs to; otherwise batches go to
/// the buckets in turn, unless the caller chooses. Where a table is partitioned, the values of the
/// partition keys say which partition, and one that is not there is created, unless the options say
/// otherwise; then its rows fail with partition_not_exists. Batches that wait are sent, and
/// answered, even if the appender goes away first. Callbacks and threads: see Client, which must
/// outlive it.
class Appender : public std::enable_shared_from_this<Appender> {
 public:
  /// Looks the table up and gets a writer id. Errors: table_not_exist; invalid_table_exception for
  /// kinds of tables, and types of bucket keys, that this client cannot write.
  static void open(Client& client, const TablePath& path, AppenderOptions options,
                   Callback<std::shared_ptr<Appender>> done);

  /// Queues rows as one batch, or one for each bucket and partition that keys say; aim for 2 MB or
  /// less. `done` comes when the cluster has them for good or never will; with an error, the rows
  /// of some buckets may be there and those of others not. Errors, with `done` not kept: overloaded
  /// (no room, see has_room()), malformed (other columns than the table's, a null in a NOT NULL
  /// column or in a key, a value that cannot name a partition, no such bucket). Of a partitioned
  /// table, what is wrong with a bucket or its keys comes to `done`.
  [[nodiscard]] Status append(const std::shared_ptr<arrow::RecordBatch>& rows,
                              Callback<Appended> done);
  /// The same with a bucket of the caller's choice. Also malformed: the table has bucket keys.
  [[nodiscard]] Status append_to(BucketIndex bucket,
                                 const std::shared_ptr<arrow::RecordBatch>& rows,
                                 Callback<Appended> done);

  /// Queues one batch that was encoded ahead in the table's format under its schema id; the writer
  /// id, the sequence and the checksum are put in when it is sent. For those who measure servers:
  /// its rows are not looked at. Also malformed: no whole batch, one without rows or of another
  /// schema; a table that is partitioned or has bucket keys.
  [[nodiscard]] Status append_encoded(std::optional<BucketIndex> bucket, const Buffer& batch,
                                      Callback<Appended> done);

  [[nodiscard]] bool has_room() const { return pending_ < options_.pending_batches_max; }
  /// Calls of append() without an answer.
  [[nodiscard]] std::size_t pending() const { return pending_; }

  /// The columns that rows must have: names do not matter, types and their order do.
  [[nodiscard]] const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  [[nodiscard]] const TableInfo& table() const { return *table_; }

 private:
  Appender(std::shared_ptr<Cluster> cluster, TablePtr table, WriterId writer,
           AppenderOptions options);

  [[nodiscard]] Status put(std::optional<BucketIndex> bucket,
                           const std::shared_ptr<arrow::RecordBatch>& rows,
                           Callback<Appended> done);
  [[nodiscard]] PartitionWriter* writer_of(const std::vector<std::string>& values);
  /// Counts the answer of what is queued now.
  [[nodiscard]] Callback<Appended> counted(Callback<Appended> done);

  std::shared_ptr<Cluster> cluster_;
  TablePtr table_;
  const WriterId writer_;
  const AppenderOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<TableWriter> whole_;  // Of a table without partitions.
  std::map<std::vector<std::string>, std::shared_ptr<PartitionWriter>> partitions_;  // By values.
  std::size_t pending_ = 0;
};

}  // namespace millrace::client
