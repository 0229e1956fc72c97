#include "actors/gateway/batch_filter.hpp"

namespace millrace::gateway {

bool BatchFilter::may_want(const Catalog& catalog, const protocol::LogBatch& batch) const {
  if (batch.header.statistics_length == 0) return true;
  const auto table = catalog.find_table(table_);
  const auto* schema = table ? table->find_schema(batch.header.schema_id) : nullptr;
  if (schema == nullptr) return true;
  const auto statistics = protocol::BatchStatistics::read(batch.bytes);
  if (!statistics || !*statistics) return true;
  return protocol::may_match(predicate_, **statistics, *schema);
}

}  // namespace millrace::gateway
