#include "client/table_support.hpp"

#include <fmt/format.h>

namespace millrace::client {

namespace {

ProtocolError not_built(const TableInfo& table, std::string_view what) {
  return {ErrorCode::invalid_table_exception,
          fmt::format("table {} {}, which this client cannot do yet", to_string(table.path), what)};
}

}  // namespace

std::optional<ProtocolError> why_unwritable(const TableInfo& table) {
  if (!table.descriptor.schema.primary_key.empty()) return not_built(table, "has a primary key");
  return std::nullopt;
}

}  // namespace millrace::client
