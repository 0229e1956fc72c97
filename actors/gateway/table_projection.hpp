#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "protocol/error_code.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/projection.hpp"
#include "state/meta/catalog/catalog.hpp"

namespace millrace::gateway {

/// The columns that a fetch wants of a table, out of batches of any of its schemas.
class TableProjection {
 public:
  /// Requires a table. Errors: invalid_column_projection, unless `fields` are positions in its
  /// newest schema, ascending, unique and at least one.
  [[nodiscard]] static protocol::Outcome<TableProjection> make(Catalog::TablePointer table,
                                                               std::vector<std::int32_t> fields);

  /// A schema that is news to the projection is looked up in `catalog`. Errors: schema_not_exist,
  /// corrupt_record_exception; invalid_column_projection where columns that the batch lacks would
  /// take too much room.
  [[nodiscard]] protocol::Outcome<std::vector<Buffer>> project(const Catalog& catalog,
                                                               const protocol::LogBatch& batch);

 private:
  TableProjection(Catalog::TablePointer table, std::vector<std::int32_t> fields)
      : table_(std::move(table)), fields_(std::move(fields)) {}

  [[nodiscard]] protocol::Outcome<const protocol::ProjectionPlan*> plan_for(std::int32_t schema_id);

  Catalog::TablePointer table_;
  std::vector<std::int32_t> fields_;
  std::map<std::int32_t, protocol::ProjectionPlan> plans_;  // By schema, as batches name them.
};

}  // namespace millrace::gateway
