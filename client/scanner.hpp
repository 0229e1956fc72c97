#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "client/client.hpp"
#include "client/row_decoder.hpp"
#include "protocol/fetch_response.hpp"

namespace millrace::client {

/// Reads from the first row that is still there. Source: Fluss FETCH_LOG v0.
inline constexpr Offset from_earliest = -2;

struct ScanOptions {
  /// Positions of columns in the table's schema, in the order wanted, each once; empty means all.
  /// Only these are sent by the server if the log is of format ARROW.
  std::vector<std::int32_t> columns = {};
  /// Bounds of one answer; a first batch that is larger comes whole all the same.
  std::int32_t answer_bytes_max = 16 << 20;
  std::int32_t bucket_bytes_max = 1 << 20;
  /// How long a server holds an answer back when it has no rows.
  Duration server_wait_max = 500ms;
  Duration answer_time_max = 30s;
};

/// Reads the log of buckets of a table or of its partitions, each in order and without gaps. One
/// fetch per leader is under way at a time and asks for every bucket there whose rows have all been
/// handed out. All rows have the columns that the table had when it was opened, see SchemaHistory.
/// Callbacks and threads: see Client, which must outlive it.
class Scanner : public std::enable_shared_from_this<Scanner> {
 public:
  /// Errors: table_not_exist; invalid_column_projection; invalid_table_exception for kinds of
  /// tables that this client cannot read.
  static void open(Client& client, const TablePath& path, ScanOptions options,
                   Callback<std::shared_ptr<Scanner>> done);

  /// Starts, or starts over, at an offset or at from_earliest.
  void subscribe(BucketIndex bucket, Offset from);
  /// The same in a partition, as Client::describe_partition() found it. Requires one of table().
  void subscribe(const TablePtr& partition, BucketIndex bucket, Offset from);
  void unsubscribe(ScanBucket bucket);

  /// The next rows of one bucket, or nothing if none came within `wait_max`. One poll at a time.
  /// Where a server is away for a while the scan waits and goes on, see trouble(). Errors are final
  /// until the bucket is subscribed anew, or not any more: log_offset_out_of_range_exception,
  /// partition_not_exists, corrupt_message, ...
  void poll(Duration wait_max, Callback<std::vector<ScannedBatch>> done);

  /// The offset of the next row; from_earliest until the first row has come.
  [[nodiscard]] std::optional<Offset> position(ScanBucket bucket) const;
  /// As the last answer said.
  [[nodiscard]] std::optional<Offset> high_watermark(ScanBucket bucket) const;
  /// Bytes of all fetch answers, frames included.
  [[nodiscard]] std::uint64_t wire_bytes() const { return wire_bytes_; }
  /// Why nothing comes, if the last answer of some server was a failure.
  [[nodiscard]] const std::optional<ProtocolError>& trouble() const { return trouble_; }

  /// The columns of the rows handed out.
  [[nodiscard]] const std::shared_ptr<arrow::Schema>& schema() const { return decoder_.schema(); }
  [[nodiscard]] const TableInfo& table() const { return *table_; }

 private:
  struct Cursor {
    Offset next = from_earliest;
    std::uint64_t fetched_at = 0;  // Number of the fetch that brought rows last: oldest go first.
    bool under_way = false;
    std::optional<Offset> high_watermark;
    Buffer records;                            // Received, not handed out.
    std::optional<std::int32_t> wants_schema;  // Before they can be.
  };
  struct Asked {
    ScanBucket bucket;
    Offset from;
  };

  Scanner(std::shared_ptr<Cluster> cluster, TablePtr table, ScanOptions options);

  void fetch_more();
  void fetch(NodeId leader, const std::vector<Asked>& asked);
  void on_answer(NodeId leader, const std::vector<Asked>& asked, const Outcome<Answer>& answer);
  void on_bucket(protocol::ReceivedBucket& received, const std::vector<Asked>& asked);
  void on_trouble(const ProtocolError& error);
  void refresh_all();
  void refresh(const TablePtr& known);
  void refreshed(const TablePtr& known, const Outcome<TablePtr>& found);
  void start(ScanBucket bucket, Offset from);
  void hand_out();
  void learn_schema(ScanBucket bucket, std::int32_t id);
  [[nodiscard]] Outcome<std::vector<ScannedBatch>> decode(ScanBucket bucket, Cursor& cursor);
  void finish_poll(Outcome<std::vector<ScannedBatch>> outcome);

  std::shared_ptr<Cluster> cluster_;
  TablePtr table_;
  const ScanOptions options_;
  RowDecoder decoder_;
  std::set<std::int32_t> asked_schemas_;
  std::map<ScanBucket, Cursor> cursors_;
  std::map<PartitionId, TablePtr> places_;  // Of the cursors; no_partition: the table itself.
  std::set<NodeId> busy_leaders_;
  bool resting_ = false;     // A pause or metadata lookups will call fetch_more().
  std::size_t lookups_ = 0;  // Under way.
  int failures_ = 0;         // In a row.
  std::uint64_t fetches_ = 0;
  std::uint64_t wire_bytes_ = 0;
  std::optional<ProtocolError> trouble_;
  std::optional<std::pair<ScanBucket, ProtocolError>> failure_;
  Callback<std::vector<ScannedBatch>> waiting_poll_;
  TimerId poll_deadline_;
};

}  // namespace millrace::client
