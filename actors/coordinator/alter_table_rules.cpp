#include "actors/coordinator/alter_table_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "protocol/names.hpp"

namespace millrace::coordinator {
namespace {

using protocol::AddedColumn;
using protocol::ConfigChange;
using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;
using protocol::TableDescriptor;

constexpr std::string_view table_prefix = "table.";
constexpr std::string_view statistics_key = "table.statistics.columns";
constexpr std::string_view lake_prefix = "table.datalake.";
// Batches name their schema in 16 bits.
constexpr std::int32_t schema_id_max = std::numeric_limits<std::int16_t>::max();

/// Options that may change after a table was created. Source: Fluss table options of client 1.0.0.
constexpr auto alterable = std::to_array<std::string_view>({
    "table.log.ttl",
    "table.log.local-ttl",
    "table.log.tiered.local-segments",
    "table.auto-partition.enabled",
    "table.auto-partition.num-precreate",
    "table.auto-partition.num-retention",
    "table.datalake.enabled",
    "table.datalake.freshness",
    "table.datalake.auto-compaction",
    "table.datalake.historical-partition.enabled",
    "table.datalake.database-name",
    "table.datalake.table-name",
    "table.kv.standby-replica.enabled",
    "table.statistics.columns",
});

tl::unexpected<ProtocolError> not_alterable(std::string message) {
  return refuse(ErrorCode::invalid_alter_table_exception, std::move(message));
}

/// Why an option of this table cannot be changed so, whatever its value.
Outcome<void> check_key(const ConfigChange& change, const TableDescriptor& table) {
  const std::string& key = change.key;
  if (!key.starts_with(table_prefix)) return {};
  if (std::find(alterable.begin(), alterable.end(), key) == alterable.end()) {
    return not_alterable(fmt::format("The option '{}' cannot be altered.", key));
  }
  if (key == "table.kv.standby-replica.enabled" && table.schema.primary_key.empty()) {
    return not_alterable(fmt::format("The option '{}' needs a primary key table.", key));
  }
  if (key == statistics_key && change.operation == protocol::config_delete) {
    // Writers that opened the table before would send statistics that nobody takes any more.
    return not_alterable(fmt::format("The option '{}' can be changed, but not reset.", key));
  }
  // Its absence tells that the cluster has no lake: there is none to enable.
  if (key.starts_with(lake_prefix) && !table.properties.contains("table.datalake.format")) {
    return not_alterable(
        fmt::format("The option '{}' cannot be altered: the table has no lake format.", key));
  }
  return {};
}

Outcome<TableDescriptor> with_changes(const TableDescriptor& table,
                                      const std::vector<ConfigChange>& changes) {
  std::vector<ConfigChange> options;
  std::vector<ConfigChange> custom;
  for (const ConfigChange& change : changes) {
    if (auto fine = check_key(change, table); !fine) return tl::unexpected(fine.error());
    (change.key.starts_with(table_prefix) ? options : custom).push_back(change);
  }
  TableDescriptor altered = table;
  auto properties = changed(table.properties, options);
  if (!properties) return tl::unexpected(properties.error());
  altered.properties = std::move(*properties);
  auto custom_properties = changed(table.custom_properties, custom);
  if (!custom_properties) return tl::unexpected(custom_properties.error());
  altered.custom_properties = std::move(*custom_properties);
  return altered;
}

bool has_column(const protocol::Schema& schema, const std::string& name) {
  return std::any_of(schema.columns.begin(), schema.columns.end(),
                     [&](const protocol::Column& column) { return column.name == name; });
}

Outcome<void> add_column(protocol::Schema& schema, const AddedColumn& added) {
  if (has_column(schema, added.name)) {
    return not_alterable(fmt::format("Column {} already exists.", protocol::wire_text(added.name)));
  }
  if (added.position != protocol::position_last) {
    return refuse(ErrorCode::unknown_server_error, "Columns can be added at the end only.");
  }
  auto type = protocol::parse_data_type_json(added.type_json);
  if (!type) return tl::unexpected(type.error());
  if (!type->nullable) {
    return refuse(
        ErrorCode::unknown_server_error,
        fmt::format("Column {} must be nullable: the rows that are there have no value for it.",
                    protocol::wire_text(added.name)));
  }
  if (!added.aggregation.empty()) {
    return refuse(ErrorCode::invalid_config_exception,
                  "Aggregation functions need a table with the aggregation merge engine.");
  }
  protocol::append_column(schema, {added.name, std::move(*type), added.comment, -1, {}});
  return {};
}

Outcome<TableDescriptor> with_columns(const TableDescriptor& table,
                                      const std::vector<AddedColumn>& columns) {
  TableDescriptor altered = table;
  for (const AddedColumn& column : columns) {
    if (auto added = add_column(altered.schema, column); !added) {
      return tl::unexpected(added.error());
    }
  }
  return altered;
}

Outcome<TableDescriptor> altered_by(const TableDescriptor& table,
                                    const protocol::AlterTable& alteration) {
  const bool columns = !alteration.added_columns.empty() || !alteration.other_change.empty();
  if (columns && !alteration.configs.empty()) {
    return not_alterable("Properties and columns cannot be altered at once.");
  }
  if (!alteration.other_change.empty()) {
    return refuse(ErrorCode::unknown_server_error,
                  fmt::format("{} is not supported.", alteration.other_change));
  }
  return columns ? with_columns(table, alteration.added_columns)
                 : with_changes(table, alteration.configs);
}

}  // namespace

Outcome<protocol::Properties> changed(protocol::Properties properties,
                                      const std::vector<ConfigChange>& changes) {
  for (const ConfigChange& change : changes) {
    if (change.operation == protocol::config_set && change.value) {
      properties.insert_or_assign(change.key, *change.value);
    } else if (change.operation == protocol::config_delete) {
      properties.erase(change.key);
    } else {
      return refuse(ErrorCode::unknown_server_error,
                    fmt::format("Operation {} on '{}' is not supported.", change.operation,
                                protocol::wire_text(change.key)));
    }
  }
  return properties;
}

Decision decide(const Catalog& catalog, const protocol::AlterTable& alteration,
                const AlterationContext& context) {
  const auto table = catalog.find_table(alteration.database, alteration.name);
  if (!table) {
    if (alteration.ignore_if_missing) return NothingToDo{};
    return ProtocolError{
        ErrorCode::table_not_exist,
        fmt::format("Table {}.{} does not exist.", alteration.database, alteration.name)};
  }
  auto altered = altered_by(table->descriptor, alteration);
  if (!altered) return altered.error();
  if (*altered == table->descriptor) return NothingToDo{};
  TableDefaults rules = context.defaults;
  rules.allow_log_tables = true;  // The table is there already.
  if (auto broken = check_table(*altered, rules)) return *broken;
  const bool new_schema = !(altered->schema == table->descriptor.schema);
  if (new_schema && table->schema_id == schema_id_max) {
    return ProtocolError{ErrorCode::invalid_alter_table_exception,
                         "The table has as many schemas as batches can name."};
  }
  return CatalogDelta{TableAltered{table->id, table->schema_id + (new_schema ? 1 : 0),
                                   std::move(*altered), context.now}};
}

}  // namespace millrace::coordinator
