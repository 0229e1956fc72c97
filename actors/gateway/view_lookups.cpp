#include "actors/gateway/view_lookups.hpp"

#include <fmt/format.h>

namespace millrace::gateway {

namespace wire = protocol::wire;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::refuse;

Outcome<Catalog::TablePointer> find_table(const ClusterView& view, const wire::PbTablePath& path) {
  auto table = view.catalog.find_table(path.database_name(), path.table_name());
  if (table) return table;
  return refuse(ErrorCode::table_not_exist, fmt::format("Table {}.{} does not exist.",
                                                        path.database_name(), path.table_name()));
}

bool may_describe(const CallContext& context, const std::string& database,
                  const std::string& table) {
  return may(context, protocol::Operation::describe, protocol::table_resource(database, table));
}

bool may_describe(const CallContext& context, const wire::PbTablePath& path) {
  return may_describe(context, path.database_name(), path.table_name());
}

}  // namespace millrace::gateway
