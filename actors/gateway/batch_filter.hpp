#pragma once
#include <utility>

#include "protocol/log_batch.hpp"
#include "protocol/predicate.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::gateway {

/// Leaves out batches of a table of which statistics tell that a reader wants no row. Best effort:
/// readers look at every row that they get once more.
class BatchFilter {
 public:
  BatchFilter(TableId table, protocol::Predicate predicate)
      : table_(table), predicate_(std::move(predicate)) {}

  [[nodiscard]] bool may_want(const Catalog& catalog, const protocol::LogBatch& batch) const;

 private:
  TableId table_;
  protocol::Predicate predicate_;
};

}  // namespace millrace::gateway
