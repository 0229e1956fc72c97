#pragma once
#include <variant>

#include "state/log/port/recent_batches.hpp"

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

/// What the last batches of every writer of one bucket say of the next one, so that a batch that is
/// sent again is recognised. The state follows from the log alone: adding the log's batches in
/// order rebuilds it. Source: Fluss PRODUCE_LOG v0, idempotence.
class WriterTable {
 public:
  /// Writers without identity are never checked.
  [[nodiscard]] BatchVerdict check(WriterId writer, std::int32_t sequence) const;
  /// The sequence that a writer's next batch must have.
  [[nodiscard]] std::int32_t next_sequence(WriterId writer) const;
  /// A batch that follows on what was added before.
  void add(const BatchSummary& batch) { recent_.add(batch); }
  /// Forgets every writer whose last batch is older than that: it starts at 0 again.
  void forget_before(EpochMillis timestamp) { recent_.forget_before(timestamp); }

  [[nodiscard]] std::size_t writer_count() const { return recent_.writer_count(); }

 private:
  RecentBatches recent_;
};

}  // namespace millrace::replica
