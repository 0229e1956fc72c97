#include "actors/coordinator/table_rules.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "protocol/names.hpp"
#include "protocol/partition_time.hpp"
#include "protocol/table_options.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;
using protocol::TableDescriptor;

std::optional<ProtocolError> check_name(std::string_view kind, const std::string& name,
                                        ErrorCode code) {
  if (auto why = protocol::why_bad_name(name)) {
    return ProtocolError{code, fmt::format("invalid {} name: {}", kind, *why)};
  }
  if (protocol::is_reserved_name(name)) {
    return ProtocolError{code, fmt::format("invalid {} name: '__' is reserved", kind)};
  }
  return std::nullopt;
}

ProtocolError no_database(const std::string& name) {
  return {ErrorCode::database_not_exist, fmt::format("Database {} does not exist.", name)};
}

void apply_defaults(TableDescriptor& table, const TableDefaults& defaults) {
  if (!table.bucket_count) table.bucket_count = defaults.bucket_count;
  if (!table.bucket_keys) table.bucket_keys.emplace();
  table.properties.emplace("table.replication.factor", std::to_string(defaults.replication_factor));
  // The exact text, as Fluss compares it.
  const auto enabled = table.properties.find("table.auto-partition.enabled");
  if (table.partition_keys.size() > 1 && enabled != table.properties.end() &&
      enabled->second == "true") {
    table.properties.emplace("table.auto-partition.num-precreate", "0");
  }
}

}  // namespace

std::optional<ProtocolError> check_table(const TableDescriptor& table,
                                         const TableDefaults& defaults, std::size_t node_count) {
  if (auto broken = protocol::check_descriptor(table)) return broken;
  if (auto broken = protocol::check_options(table)) return broken;
  if (auto found = protocol::auto_partition_of(table, defaults.time_zone); !found) {
    return found.error();
  }
  if (*table.bucket_count > defaults.bucket_count_max) {
    return ProtocolError{ErrorCode::bucket_max_num_exception,
                         fmt::format("Bucket count {} exceeds the maximum {}.", *table.bucket_count,
                                     defaults.bucket_count_max)};
  }
  if (auto feature = protocol::unbuilt_feature(table)) {
    return ProtocolError{ErrorCode::invalid_table_exception,
                         fmt::format("This server does not support {} yet.", *feature)};
  }
  if (!defaults.allow_log_tables) {
    return ProtocolError{ErrorCode::invalid_table_exception,
                         "Creation of log tables is disallowed by allow.create.log.tables."};
  }
  const std::int32_t factor =
      protocol::replication_factor_of(table).value_or(defaults.replication_factor);
  if (factor != 1 || node_count == 0) {
    return ProtocolError{
        ErrorCode::invalid_replication_factor,
        fmt::format("Replication factor {} is not possible: {} alive tablet servers, and this "
                    "server keeps one copy of a bucket so far.",
                    factor, node_count)};
  }
  return std::nullopt;
}

std::optional<ProtocolError> check_cluster_room(const Catalog& catalog, std::int32_t bucket_count,
                                                const TableDefaults& defaults) {
  std::int64_t total = bucket_count;
  for (const auto& [id, table] : catalog.tables()) {
    const std::size_t partitions = catalog.partitions_of(id).size();
    total += static_cast<std::int64_t>(table->buckets.size()) +
             static_cast<std::int64_t>(partitions) * table->descriptor.bucket_count.value_or(0);
  }
  if (total <= defaults.cluster_bucket_count_max) return std::nullopt;
  return ProtocolError{ErrorCode::bucket_max_num_exception,
                       fmt::format("The cluster would have {} buckets, more than the {} of "
                                   "millrace.buckets.max.",
                                   total, defaults.cluster_bucket_count_max)};
}

std::vector<BucketInfo> place(std::int64_t ordinal, std::int32_t bucket_count,
                              const std::vector<NodeId>& nodes) {
  std::vector<BucketInfo> buckets;
  for (std::int32_t i = 0; i < bucket_count; ++i) {
    const auto at = static_cast<std::size_t>(ordinal + i) % nodes.size();
    buckets.push_back({nodes[at], LeaderEpoch{0}, {nodes[at]}});
  }
  return buckets;
}

Decision decide(const Catalog& catalog, const CreateDatabase& command, EpochMillis now) {
  if (auto bad = check_name("database", command.name, ErrorCode::invalid_database_exception)) {
    return *bad;
  }
  DatabaseInfo database{command.name, {}, now, now};
  if (!command.json.empty()) {
    auto descriptor = protocol::parse_database_json(command.json);
    if (!descriptor) return descriptor.error();
    database.descriptor = std::move(*descriptor);
  }
  if (catalog.find_database(command.name) != nullptr) {
    if (command.ignore_if_exists) return NothingToDo{};
    return ProtocolError{ErrorCode::database_already_exist,
                         fmt::format("Database {} already exists.", command.name)};
  }
  // Built in place: GCC 12 misreads the destruction of a temporary variant.
  return Decision(std::in_place_type<CatalogDelta>, DatabaseCreated{std::move(database)});
}

Decision decide(const Catalog& catalog, const DropDatabase& command) {
  if (catalog.find_database(command.name) == nullptr) {
    if (command.ignore_if_missing) return NothingToDo{};
    return no_database(command.name);
  }
  if (!command.cascade && !catalog.tables_of(command.name).empty()) {
    return ProtocolError{ErrorCode::database_not_empty,
                         fmt::format("Database {} is not empty.", command.name)};
  }
  return CatalogDelta{DatabaseDropped{command.name}};
}

Decision decide(const Catalog& catalog, const CreateTable& command, const TableDefaults& defaults,
                const std::vector<NodeId>& nodes, EpochMillis now) {
  if (auto bad = check_name("database", command.database, ErrorCode::invalid_database_exception)) {
    return *bad;
  }
  if (auto bad = check_name("table", command.name, ErrorCode::invalid_table_exception)) return *bad;
  auto descriptor = protocol::parse_table_json(command.json);
  if (!descriptor) return descriptor.error();
  apply_defaults(*descriptor, defaults);
  if (auto broken = check_table(*descriptor, defaults, nodes.size())) return *broken;
  const bool exists = catalog.find_table(command.database, command.name) != nullptr;
  if (exists && command.ignore_if_exists) return NothingToDo{};
  if (catalog.find_database(command.database) == nullptr) return no_database(command.database);
  if (exists) {
    return ProtocolError{
        ErrorCode::table_already_exist,
        fmt::format("Table {}.{} already exists.", command.database, command.name)};
  }
  const bool is_partitioned = !descriptor->partition_keys.empty();
  if (auto full =
          check_cluster_room(catalog, is_partitioned ? 0 : *descriptor->bucket_count, defaults)) {
    return *full;
  }
  TableInfo table;
  table.id = catalog.next_table();
  table.database = command.database;
  table.name = command.name;
  if (!is_partitioned) {
    table.buckets = place(table.id.value(), *descriptor->bucket_count, nodes);
  }
  table.descriptor = std::move(*descriptor);
  table.created_at = table.modified_at = now;
  return CatalogDelta{TableCreated{std::move(table)}};
}

Decision decide(const Catalog& catalog, const DropTable& command) {
  const auto table = catalog.find_table(command.database, command.name);
  if (table) return CatalogDelta{TableDropped{table->id}};
  if (command.ignore_if_missing) return NothingToDo{};
  return ProtocolError{ErrorCode::table_not_exist,
                       fmt::format("Table {}.{} does not exist.", command.database, command.name)};
}

}  // namespace millrace::coordinator
