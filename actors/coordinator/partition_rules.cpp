#include "actors/coordinator/partition_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "protocol/names.hpp"
#include "protocol/partition_time.hpp"
#include "protocol/table_options.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::Outcome;
using protocol::ProtocolError;
using protocol::refuse;
using Values = std::vector<std::string>;

Outcome<Catalog::TablePointer> find_partitioned(const Catalog& catalog, const std::string& database,
                                                const std::string& name) {
  auto table = catalog.find_table(database, name);
  if (!table) {
    return refuse(ErrorCode::table_not_exist,
                  fmt::format("Table {}.{} does not exist.", database, name));
  }
  if (table->descriptor.partition_keys.empty()) {
    return refuse(ErrorCode::table_not_partitioned_exception,
                  fmt::format("Table {}.{} is not partitioned.", database, name));
  }
  return table;
}

tl::unexpected<ProtocolError> bad_spec(std::string message) {
  return refuse(ErrorCode::partition_spec_invalid_exception, std::move(message));
}

/// The values in the order of the keys, each key named once and no other.
Outcome<Values> values_of(const TableInfo& table, const PartitionSpec& spec) {
  const std::vector<std::string>& keys = table.descriptor.partition_keys;
  if (spec.size() != keys.size()) {
    return bad_spec(fmt::format("The partition spec names {} keys, the table has {}.", spec.size(),
                                keys.size()));
  }
  Values values;
  for (const std::string& key : keys) {
    const auto entry =
        std::find_if(spec.begin(), spec.end(), [&](const auto& one) { return one.first == key; });
    if (entry == spec.end()) return bad_spec("The partition spec lacks the key " + key + ".");
    if (auto why = protocol::why_bad_name(entry->second)) {
      return bad_spec("invalid value of partition key " + key + ": " + *why);
    }
    values.push_back(entry->second);
  }
  return values;
}

std::optional<ProtocolError> check_time(const protocol::AutoPartition& times, const Values& values,
                                        EpochMillis now) {
  const std::string& value = values[times.key];
  if (!times.format.matches(value)) {
    return bad_spec(fmt::format("The value {} does not have the time format of the table.", value))
        .value();
  }
  if (!times.enabled || times.retention < 0) return std::nullopt;
  const std::string oldest =
      protocol::partition_time(times.format, times.zone, now, -times.retention);
  if (value >= oldest) return std::nullopt;
  return bad_spec(
             fmt::format("The partition {} is older than what the table keeps: {}.", value, oldest))
      .value();
}

std::optional<ProtocolError> check_room(const Catalog& catalog, const TableInfo& table,
                                        const TableDefaults& defaults) {
  const auto count = static_cast<std::int64_t>(catalog.partitions_of(table.id).size()) + 1;
  if (count > defaults.partition_count_max) {
    return ProtocolError{
        ErrorCode::partition_max_num_exception,
        fmt::format("Table {}.{} has as many partitions as max.partition.num allows: {}.",
                    table.database, table.name, defaults.partition_count_max)};
  }
  if (count * *table.descriptor.bucket_count > defaults.bucket_count_max) {
    return ProtocolError{
        ErrorCode::bucket_max_num_exception,
        fmt::format("{} partitions of {} buckets each exceed max.bucket.num: {}.", count,
                    *table.descriptor.bucket_count, defaults.bucket_count_max)};
  }
  return check_cluster_room(catalog, *table.descriptor.bucket_count, defaults);
}

CatalogDelta created(const Catalog& catalog, const TableInfo& table, Values values,
                     const std::vector<NodeId>& nodes, EpochMillis now) {
  const PartitionId id = catalog.next_partition();
  // With a node away there are fewer replicas rather than no partition: writers wait for it.
  const auto asked = protocol::replication_factor_of(table.descriptor).value_or(1);
  const std::size_t factor =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::max(1, asked)), 1, nodes.size());
  const Spread spread{table.id.value() + id.value(), *table.descriptor.bucket_count, factor};
  return PartitionCreated{{id, table.id, std::move(values), place(spread, nodes), now}};
}

}  // namespace

Decision decide(const Catalog& catalog, const CreatePartition& command,
                const TableDefaults& defaults, const std::vector<NodeId>& nodes, EpochMillis now) {
  const auto found = find_partitioned(catalog, command.database, command.table);
  if (!found) return found.error();
  const TableInfo& table = **found;
  auto values = values_of(table, command.spec);
  if (!values) return values.error();
  for (const std::string& value : *values) {
    if (protocol::is_reserved_name(value)) {
      return bad_spec("invalid partition value " + value + ": '__' is reserved").value();
    }
  }
  const auto times = protocol::auto_partition_of(table.descriptor, defaults.time_zone);
  if (!times) return times.error();
  if (*times) {
    if (auto bad = check_time(**times, *values, now)) return *bad;
  }
  const std::string name = partition_name(*values);
  if (catalog.partitions_of(table.id).find(name)) {
    if (command.ignore_if_exists) return NothingToDo{};
    return ProtocolError{ErrorCode::partition_already_exists,
                         fmt::format("Partition {} of table {}.{} already exists.", name,
                                     table.database, table.name)};
  }
  if (auto full = check_room(catalog, table, defaults)) return *full;
  if (nodes.empty()) {
    return ProtocolError{ErrorCode::invalid_replication_factor,
                         "There is no alive tablet server to place a partition on."};
  }
  return created(catalog, table, std::move(*values), nodes, now);
}

Decision decide(const Catalog& catalog, const DropPartition& command) {
  const auto table = find_partitioned(catalog, command.database, command.table);
  if (!table) return table.error();
  const auto values = values_of(**table, command.spec);
  if (!values) return values.error();
  const std::string name = partition_name(*values);
  const auto partition = catalog.partitions_of((*table)->id).find(name);
  if (partition) return CatalogDelta{PartitionDropped{(*table)->id, partition->id}};
  if (command.ignore_if_missing) return NothingToDo{};
  return ProtocolError{ErrorCode::partition_not_exists,
                       fmt::format("Partition {} of table {}.{} does not exist.", name,
                                   command.database, command.table)};
}

bool has_automatic_partitions(const protocol::TableDescriptor& table) {
  return !table.partition_keys.empty() && protocol::auto_partition_options_of(table).enabled;
}

namespace {

/// How long after midnight a table's partitions of days to come are created: the same whoever
/// computes it, spread over 23 hours. Source: Fluss auto partition.
EpochMillis delay_of(TableId table) {
  constexpr std::uint64_t minutes = std::uint64_t{23} * 60;
  constexpr std::uint64_t multiplier = 0x9e3779b97f4a7c15;  // Spreads consecutive ids.
  const std::uint64_t mixed = (static_cast<std::uint64_t>(table.value()) + 1) * multiplier;
  return static_cast<EpochMillis>((mixed >> 32) % minutes) * 60'000;
}

/// The first missing one of those that shall be there.
std::optional<std::string> next_missing(const Partitions& partitions,
                                        const protocol::AutoPartition& times, EpochMillis now,
                                        EpochMillis delay) {
  const std::string current = protocol::partition_time(times.format, times.zone, now, 0);
  for (std::int32_t offset = 0; offset < times.precreate; ++offset) {
    // What is needed at once never waits.
    const EpochMillis at = offset == 0 ? now : now - delay;
    std::string value = protocol::partition_time(times.format, times.zone, at, offset);
    if (value >= current && !partitions.find(value)) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<CatalogDelta> next_automatic(const Catalog& catalog, const TableInfo& table,
                                           const TableDefaults& defaults,
                                           const std::vector<NodeId>& nodes, EpochMillis now,
                                           bool delay_days) {
  const auto times = protocol::auto_partition_of(table.descriptor, defaults.time_zone);
  if (!times || !*times || !(*times)->enabled) return std::nullopt;
  const protocol::AutoPartition& rule = **times;
  const Partitions& partitions = catalog.partitions_of(table.id);
  if (rule.retention >= 0) {
    const std::string oldest =
        protocol::partition_time(rule.format, rule.zone, now, -rule.retention);
    for (const auto& partition : partitions.all()) {
      if (partition->values[rule.key] < oldest) return PartitionDropped{table.id, partition->id};
    }
  }
  if (check_room(catalog, table, defaults)) return std::nullopt;
  const bool is_day = rule.format.unit() == protocol::TimeUnit::day;
  auto missing = next_missing(partitions, rule, now, is_day && delay_days ? delay_of(table.id) : 0);
  if (!missing) return std::nullopt;
  return created(catalog, table, {std::move(*missing)}, nodes, now);
}

}  // namespace millrace::coordinator
