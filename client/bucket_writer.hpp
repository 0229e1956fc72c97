#pragma once
#include <arrow/type_fwd.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "client/callback.hpp"
#include "client/cluster.hpp"
#include "protocol/compression.hpp"
#include "protocol/table_options.hpp"

// Rows reach a bucket in the order of append(), each exactly once, although up to five batches are
// under way at a time and any of them may fail. What makes it work: every batch carries the
// writer's id and the next sequence number of this bucket, and a server takes a batch only if its
// number is the next one; a number that it has already is confirmed, not appended again.
//
// After a retriable failure nothing new is sent until every batch under way has its answer. Then
// all that failed go out again, in order, with their numbers. A batch that is refused for good
// never used up its number, so those behind it move down by one. When it cannot be known whether a
// number was used, the bucket starts over with a new writer id. Source: Fluss client writer.

namespace millrace::client {

struct AppenderOptions {
  /// At most five: servers remember as many batches of a writer.
  std::size_t in_flight_per_bucket_max = 5;
  /// Calls of append() accepted and not yet answered, all buckets together.
  std::size_t pending_batches_max = 32;
  /// Whether a partition that rows are for is created when it is not there. Source: Fluss
  /// client.writer.dynamic-create-partition.enabled.
  bool create_partitions = true;
  /// How long the leader may wait for its followers.
  Duration server_time_max = 30s;
  /// How long one answer may take.
  Duration answer_time_max = 40s;
  /// From append() to giving a batch up, retries included.
  Duration delivery_time_max = 120s;
  /// Pauses between retries double from the first to the longest.
  Duration first_pause = 50ms;
  Duration longest_pause = 2s;
};

struct Appended {
  std::optional<BucketIndex> bucket;  ///< Absent when keys spread the rows over several.
  /// Absent with the bucket, and when the server knew only that it has the batch.
  std::optional<Offset> base_offset;
  std::int64_t rows = 0;
  /// Of a partitioned table; absent when its values spread the rows over several.
  std::optional<std::string> partition = {};
};

/// The way of one appender's rows into one bucket of a table, or of a partition.
class BucketWriter : public std::enable_shared_from_this<BucketWriter> {
 public:
  BucketWriter(std::shared_ptr<Cluster> cluster, TablePtr table, BucketIndex bucket,
               WriterId writer, AppenderOptions options);

  /// Queues rows. The caller bounds how many.
  void append(std::shared_ptr<arrow::RecordBatch> rows, Callback<Appended> done);
  /// Queues a whole batch that was encoded ahead.
  void append_encoded(Buffer batch, std::int64_t row_count, Callback<Appended> done);

 private:
  enum class Phase {
    queued,     // Never sent under the current writer id; has no sequence yet.
    in_flight,  // Sent, not answered.
    retry,      // Failed, goes out again with its sequence.
    failed,     // Failed for good.
    acked,      // Its callback has been called.
  };
  struct Entry {
    std::shared_ptr<arrow::RecordBatch> rows;  // Or else:
    Buffer encoded_ahead;                      // Under nobody's writer id.
    std::int64_t row_count = 0;
    Callback<Appended> done;
    Instant give_up_at;
    Phase phase = Phase::queued;
    std::int32_t sequence = -1;
    Buffer encoded;  // Under the current writer id and sequence, or empty.
    ProtocolError error;
    bool may_be_stored = false;   // Some attempt ended in doubt.
    bool writer_is_lost = false;  // The server no longer follows this writer's sequences.
  };
  using EntryPtr = std::shared_ptr<Entry>;

  void queue(std::shared_ptr<Entry> entry);
  void pump();
  void look_up_leader();
  void renew_writer();
  void pause();
  [[nodiscard]] bool encode(Entry& entry);
  [[nodiscard]] Result<Buffer> encoded(const Entry& entry, std::int32_t sequence) const;
  void send(const EntryPtr& entry, NodeId leader);
  void on_answer(const EntryPtr& entry, const Outcome<Answer>& answer);
  void classify(Entry& entry, const ProtocolError& error);
  void acknowledge(const EntryPtr& entry, std::optional<Offset> base_offset);
  void forget_acked();
  void expire();
  void settle();
  [[nodiscard]] bool must_start_over() const;
  void close_gaps();
  [[nodiscard]] std::size_t count(Phase phase) const;
  void fail_all(const ProtocolError& error);

  std::shared_ptr<Cluster> cluster_;
  TablePtr table_;
  const BucketIndex bucket_;
  const AppenderOptions options_;
  const TablePtr opened_;  // Rows keep the columns that the table had then.
  const protocol::LogFormat format_;
  const protocol::Compression compression_;
  WriterId writer_;
  std::int32_t next_sequence_ = 0;
  std::deque<EntryPtr> entries_;  // In the order of append().
  bool leader_is_stale_ = false;
  bool needs_writer_ = false;
  bool stalled_ = false;   // A timer, a lookup or a new writer id will call pump().
  bool draining_ = false;  // Something failed: nothing is sent until all answers are in.
  int failures_ = 0;       // In a row.
};

}  // namespace millrace::client
