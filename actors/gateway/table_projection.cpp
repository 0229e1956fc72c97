#include "actors/gateway/table_projection.hpp"

#include <fmt/format.h>

namespace millrace::gateway {

using protocol::ErrorCode;
using protocol::Outcome;
using protocol::refuse;

Outcome<TableProjection> TableProjection::make(Catalog::TablePointer table,
                                               std::vector<std::int32_t> fields) {
  TableProjection projection(std::move(table), std::move(fields));
  auto newest = projection.plan_for(projection.table_->schema_id);
  if (!newest) return tl::unexpected(newest.error());
  return projection;
}

Outcome<const protocol::ProjectionPlan*> TableProjection::plan_for(std::int32_t schema_id) {
  const auto known = plans_.find(schema_id);
  if (known != plans_.end()) return &known->second;
  const protocol::Schema* schema = table_->find_schema(schema_id);
  if (schema == nullptr) {
    return refuse(ErrorCode::schema_not_exist, fmt::format("Schema {} does not exist.", schema_id));
  }
  auto plan = protocol::ProjectionPlan::make(*schema, table_->descriptor.schema, fields_);
  if (!plan) return refuse(ErrorCode::invalid_column_projection, plan.error().message);
  return &plans_.emplace(schema_id, std::move(*plan)).first->second;
}

Outcome<std::vector<Buffer>> TableProjection::project(const Catalog& catalog,
                                                      const protocol::LogBatch& batch) {
  if (batch.header.schema_id > table_->schema_id) {
    if (auto newer = catalog.find_table(table_->id)) table_ = std::move(newer);
  }
  const auto plan = plan_for(batch.header.schema_id);
  if (!plan) return tl::unexpected(plan.error());
  auto projected = protocol::project(batch.bytes, **plan);
  if (projected) return std::move(*projected);
  const bool too_much = projected.error().code == Errc::overloaded;
  return refuse(
      too_much ? ErrorCode::invalid_column_projection : ErrorCode::corrupt_record_exception,
      projected.error().message);
}

}  // namespace millrace::gateway
