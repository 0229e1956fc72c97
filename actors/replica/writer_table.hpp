#pragma once
#include <deque>
#include <map>
#include <variant>

#include "state/log/port/table_log.hpp"

namespace millrace::replica {

/// What a batch of an idempotent writer turns out to be.
struct BatchIsNew {};
struct BatchIsDuplicate {
  BatchSummary original;
};
struct BatchIsOutOfOrder {
  std::int32_t expected = 0;
};
using BatchVerdict = std::variant<BatchIsNew, BatchIsDuplicate, BatchIsOutOfOrder>;

/// The last batches of every writer of one bucket, so that a batch that is sent again is
/// recognised. The state follows from the log alone: adding the log's batches in order rebuilds it.
/// Source: Fluss PRODUCE_LOG v0, idempotence.
class WriterTable {
 public:
  static constexpr std::size_t batches_kept = 5;

  /// Writers without identity are never checked.
  [[nodiscard]] BatchVerdict check(WriterId writer, std::int32_t sequence) const;
  /// The sequence that a writer's next batch must have.
  [[nodiscard]] std::int32_t next_sequence(WriterId writer) const;
  /// A batch that follows on what was added before.
  void add(const BatchSummary& batch);

  [[nodiscard]] std::size_t writer_count() const { return writers_.size(); }

 private:
  std::map<WriterId, std::deque<BatchSummary>> writers_;
};

}  // namespace millrace::replica
