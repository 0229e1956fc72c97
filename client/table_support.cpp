#include "client/table_support.hpp"

#include <fmt/format.h>

#include "protocol/table_options.hpp"

namespace millrace::client {

namespace {

ProtocolError not_built(const TableInfo& table, std::string_view what) {
  return {ErrorCode::invalid_table_exception,
          fmt::format("table {} {}, which this client cannot do yet", to_string(table.path), what)};
}

std::optional<ProtocolError> why_unusable(const TableInfo& table) {
  if (!table.descriptor.partition_keys.empty()) return not_built(table, "is partitioned");
  if (protocol::log_format_of(table.descriptor) != protocol::LogFormat::arrow)
    return not_built(table, "has a log format other than ARROW");
  return std::nullopt;
}

std::optional<ProtocolError> why_bad_column(const TableInfo& table,
                                            const protocol::Column& column) {
  if (!protocol::is_nested(column.type.root)) return std::nullopt;
  return not_built(table, fmt::format("has column {} of the nested type {}", column.name,
                                      to_string(column.type)));
}

}  // namespace

std::optional<ProtocolError> why_unreadable(const TableInfo& table,
                                            std::span<const std::int32_t> columns) {
  if (auto why = why_unusable(table)) return why;
  for (const std::int32_t position : columns) {
    const auto& column = table.descriptor.schema.columns[static_cast<std::size_t>(position)];
    if (auto why = why_bad_column(table, column)) return why;
  }
  return std::nullopt;
}

std::optional<ProtocolError> why_unwritable(const TableInfo& table) {
  if (auto why = why_unusable(table)) return why;
  if (!table.descriptor.schema.primary_key.empty()) return not_built(table, "has a primary key");
  // Rows of one key belong into one bucket; spreading them freely would break that promise.
  if (table.descriptor.bucket_keys && !table.descriptor.bucket_keys->empty())
    return not_built(table, "has bucket keys");
  for (const protocol::Column& column : table.descriptor.schema.columns) {
    if (auto why = why_bad_column(table, column)) return why;
  }
  return std::nullopt;
}

}  // namespace millrace::client
