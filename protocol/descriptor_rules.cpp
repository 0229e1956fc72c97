// check_descriptor(): what a table must obey whatever its options say. Source: Fluss CREATE_TABLE.

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "protocol/names.hpp"
#include "protocol/table_descriptor.hpp"

namespace millrace::protocol {
namespace {

using Broken = std::optional<ProtocolError>;

Broken broken(std::string message) {
  return ProtocolError{ErrorCode::invalid_table_exception, std::move(message)};
}

const Column* find_column(const Schema& schema, std::string_view name) {
  const auto column = std::find_if(schema.columns.begin(), schema.columns.end(),
                                   [&](const Column& entry) { return entry.name == name; });
  return column == schema.columns.end() ? nullptr : &*column;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Columns exist, each once. `what` names the key: "primary key".
Broken check_key(const Schema& schema, const std::vector<std::string>& key,
                 const std::string& what) {
  std::set<std::string_view> seen;
  for (const std::string& name : key) {
    if (find_column(schema, name) == nullptr)
      return broken(what + " has an unknown column: " + wire_text(name));
    if (!seen.insert(name).second) return broken(what + " has a column twice: " + wire_text(name));
  }
  return std::nullopt;
}

Broken check_columns(const Schema& schema) {
  if (schema.columns.empty()) return broken("table has no columns");
  std::set<std::string_view> seen;
  for (const Column& column : schema.columns) {
    if (!seen.insert(column.name).second)
      return broken("column name is used twice: " + wire_text(column.name));
    if (is_reserved_column(column.name)) return broken("column name is reserved: " + column.name);
    if (auto why = why_bad_type(column.type))
      return broken("column " + wire_text(column.name) + ": " + *why);
  }
  return std::nullopt;
}

Broken check_auto_increment(const Schema& schema) {
  if (schema.auto_increment.empty()) return std::nullopt;
  if (schema.auto_increment.size() > 1) return broken("more than one auto-increment column");
  if (schema.primary_key.empty())
    return broken("auto-increment column needs a table with a primary key");
  const std::string& name = schema.auto_increment.front();
  const Column* column = find_column(schema, name);
  if (column == nullptr) return broken("auto-increment column is unknown: " + wire_text(name));
  if (contains(schema.primary_key, name))
    return broken("auto-increment column must not be part of the primary key: " + wire_text(name));
  if (column->type.root != TypeRoot::integer && column->type.root != TypeRoot::bigint)
    return broken("auto-increment column must be INT or BIGINT: " + wire_text(name));
  return std::nullopt;
}

Broken check_primary_key(const Schema& schema) {
  if (auto error = check_key(schema, schema.primary_key, "primary key")) return error;
  for (const std::string& name : schema.primary_key) {
    const Column& column = *find_column(schema, name);
    if (is_nested(column.type.root))
      return broken("primary key column must not be ARRAY, MAP or ROW: " + wire_text(name));
    if (column.agg_function)
      return broken("primary key column must not have an aggregation: " + wire_text(name));
  }
  return std::nullopt;
}

Broken check_partition_keys(const TableDescriptor& table) {
  const Schema& schema = table.schema;
  if (auto error = check_key(schema, table.partition_keys, "partition key")) return error;
  for (const std::string& name : table.partition_keys) {
    const TypeRoot root = find_column(schema, name)->type.root;
    if (root == TypeRoot::decimal || is_nested(root))
      return broken("partition key column must not be DECIMAL or nested: " + wire_text(name));
    if (!schema.primary_key.empty() && !contains(schema.primary_key, name))
      return broken("partition key column must be in the primary key: " + wire_text(name));
  }
  return std::nullopt;
}

Broken check_bucket_keys(const TableDescriptor& table) {
  const Schema& schema = table.schema;
  const auto keys = table.bucket_keys.value_or(std::vector<std::string>{});
  if (auto error = check_key(schema, keys, "bucket key")) return error;
  for (const std::string& name : keys) {
    if (contains(table.partition_keys, name))
      return broken("bucket key column must not be a partition key: " + wire_text(name));
    if (is_nested(find_column(schema, name)->type.root))
      return broken("bucket key column must not be ARRAY, MAP or ROW: " + wire_text(name));
    if (!schema.primary_key.empty() && !contains(schema.primary_key, name))
      return broken("bucket key column must be in the primary key: " + wire_text(name));
  }
  // Partition keys are a subset of the primary key by now: equal sizes leave no column to hash.
  if (keys.empty() && !schema.primary_key.empty() &&
      schema.primary_key.size() == table.partition_keys.size())
    return broken("primary key has no column besides the partition keys");
  return std::nullopt;
}

}  // namespace

std::optional<ProtocolError> check_descriptor(const TableDescriptor& table) {
  if (auto error = check_columns(table.schema)) return error;
  if (auto error = check_primary_key(table.schema)) return error;
  if (auto error = check_auto_increment(table.schema)) return error;
  if (auto error = check_partition_keys(table)) return error;
  if (auto error = check_bucket_keys(table)) return error;
  if (table.bucket_count && *table.bucket_count < 1)
    return broken("bucket count must be positive: " + std::to_string(*table.bucket_count));
  return std::nullopt;
}

}  // namespace millrace::protocol
