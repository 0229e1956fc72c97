#pragma once
#include <arrow/type_fwd.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/table_writer.hpp"

namespace millrace::client {

/// The way of one appender's rows into one partition, which has to be found, and perhaps created,
/// first: rows wait here meanwhile. Source: Fluss client writer, dynamic partitions.
class PartitionWriter : public std::enable_shared_from_this<PartitionWriter> {
 public:
  struct Rows {
    std::optional<BucketIndex> bucket;  ///< See TableWriter::append().
    std::shared_ptr<arrow::RecordBatch> rows;
    Callback<Appended> done;
  };

  /// `table` is the table as a whole, `values` are in the order of its partition keys. Without a
  /// writer id it asks for one: the sequences of an id that was used here before are not known.
  PartitionWriter(std::shared_ptr<Cluster> cluster, TablePtr table, std::vector<std::string> values,
                  std::optional<WriterId> writer, AppenderOptions options);

  void append(Rows rows);

  /// The partition could not be had, or is gone: this writer will not get any more rows through.
  [[nodiscard]] bool has_failed() const { return has_failed_; }

 private:
  void look_up();
  void found(const TablePtr& partition);
  void begin_anew(const TablePtr& partition);
  void create();
  void again_or_fail(const ProtocolError& error);
  void fail_all(const ProtocolError& error);
  void pass_on(const Rows& rows);

  std::shared_ptr<Cluster> cluster_;
  const TablePtr table_;
  const std::vector<std::string> values_;
  std::optional<WriterId> writer_id_;
  const AppenderOptions options_;
  std::shared_ptr<TableWriter> writer_;  // Once the partition is known.
  std::deque<Rows> waiting_;
  bool is_looking_ = false;
  bool has_failed_ = false;
  Instant give_up_at_;
  int failures_ = 0;
};

}  // namespace millrace::client
