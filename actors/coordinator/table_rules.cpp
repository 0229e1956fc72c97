#include "actors/coordinator/table_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.hpp"
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

void apply_defaults(TableDescriptor& table, const TableDefaults& defaults, std::size_t node_count) {
  if (!table.bucket_count) table.bucket_count = defaults.bucket_count;
  if (!table.bucket_keys) table.bucket_keys.emplace();
  table.properties.emplace("table.replication.factor",
                           std::to_string(replication_factor_of(table, defaults, node_count)));
  // The exact text, as Fluss compares it.
  const auto enabled = table.properties.find("table.auto-partition.enabled");
  if (table.partition_keys.size() > 1 && enabled != table.properties.end() &&
      enabled->second == "true") {
    table.properties.emplace("table.auto-partition.num-precreate", "0");
  }
}

std::optional<ProtocolError> check_factor(const TableDescriptor& table, std::size_t node_count) {
  const std::int32_t factor = protocol::replication_factor_of(table).value_or(1);
  if (factor < 1 || static_cast<std::size_t>(factor) > node_count) {
    return ProtocolError{
        ErrorCode::invalid_replication_factor,
        fmt::format("Replication factor {} is not possible: there are {} alive tablet servers.",
                    factor, node_count)};
  }
  return std::nullopt;
}

}  // namespace

std::size_t replication_factor_of(const TableDescriptor& table, const TableDefaults& defaults,
                                  std::size_t node_count) {
  const auto asked = protocol::replication_factor_of(table);
  if (asked) return static_cast<std::size_t>(std::max(1, *asked));
  const auto usual = static_cast<std::size_t>(std::max(1, defaults.replication_factor));
  return std::clamp<std::size_t>(node_count, 1, usual);
}

std::optional<ProtocolError> check_table(const TableDescriptor& table,
                                         const TableDefaults& defaults) {
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

std::vector<BucketInfo> place(const Spread& spread, const std::vector<NodeId>& nodes) {
  CHECK(spread.replication_factor >= 1 && spread.replication_factor <= nodes.size());
  std::vector<BucketInfo> buckets;
  for (std::int32_t i = 0; i < spread.bucket_count; ++i) {
    BucketInfo& bucket = buckets.emplace_back();
    // Neighbours in turn; a round later with a larger step, so that a node's followers are not all
    // on the one behind it.
    const auto first = static_cast<std::size_t>(spread.ordinal + i);
    const std::size_t round = first / nodes.size();
    for (std::size_t r = 0; r < spread.replication_factor; ++r) {
      const std::size_t others = nodes.size() - 1;
      const std::size_t step = r == 0 ? 0 : 1 + (r - 1 + round) % others;
      bucket.replicas.push_back(nodes[(first + step) % nodes.size()]);
    }
    bucket.leader = bucket.replicas.front();
    bucket.in_sync = bucket.replicas;
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
  apply_defaults(*descriptor, defaults, nodes.size());
  if (auto broken = check_table(*descriptor, defaults)) return *broken;
  if (auto broken = check_factor(*descriptor, nodes.size())) return *broken;
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
    const std::size_t factor = replication_factor_of(*descriptor, defaults, nodes.size());
    table.buckets = place({table.id.value(), *descriptor->bucket_count, factor}, nodes);
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
