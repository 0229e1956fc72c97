#include "protocol/table_options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace millrace::protocol {
namespace {

using Option = TableOption;
using Kind = OptionKind;
using enum OptionStanding;

constexpr auto options = std::to_array<Option>({
    {"table.replication.factor", Kind::int32, "default.replication.factor", built,
     "one alive tablet server each"},
    {"table.log.format", Kind::choice, "ARROW", built, "", "ARROW|INDEXED|COMPACTED"},
    {"table.kv.format", Kind::choice, "COMPACTED", without_effect, "", "COMPACTED|INDEXED"},
    {"table.kv.format-version", Kind::int32, "", without_effect},
    {"table.log.arrow.compression.type", Kind::choice, "ZSTD", built, "", "NONE|LZ4_FRAME|ZSTD"},
    {"table.log.arrow.compression.zstd.level", Kind::int32, "3", built},
    {"table.log.ttl", Kind::duration, "7d", built, "whole segments; zero or less: for ever"},
    {"table.log.local-ttl", Kind::duration, "table.log.ttl", without_effect,
     "about segments that were copied to remote storage"},
    {"table.log.tiered.local-segments", Kind::int32, "2", without_effect},
    {"table.auto-partition.enabled", Kind::boolean, "false", built},
    {"table.auto-partition.key", Kind::text, "", built},
    {"table.auto-partition.time-unit", Kind::choice, "DAY", built, "",
     "YEAR|QUARTER|MONTH|DAY|HOUR"},
    {"table.auto-partition.time-zone", Kind::text, "", built, "without one: the coordinator's"},
    {"table.auto-partition.time-format", Kind::text, "", built},
    {"table.auto-partition.num-precreate", Kind::int32, "2", built, "0 with several keys"},
    {"table.auto-partition.num-retention", Kind::int32, "7", built, "negative: all are kept"},
    {"table.merge-engine", Kind::choice, "", refused, "", "FIRST_ROW|VERSIONED|AGGREGATION"},
    {"table.merge-engine.versioned.ver-column", Kind::text, "", without_effect},
    {"table.delete.behavior", Kind::choice, "", refused, "", "ALLOW|IGNORE|DISABLE"},
    {"table.changelog.image", Kind::choice, "FULL", without_effect, "", "FULL|WAL"},
    {"table.auto-increment.cache-size", Kind::int64, "100000", without_effect},
    {"table.datalake.enabled", Kind::boolean, "false", refused},
    {"table.datalake.format", Kind::choice, "", without_effect, "clients place rows by it",
     "PAIMON|ICEBERG|LANCE|HUDI"},
    {"table.datalake.freshness", Kind::duration, "3min", without_effect},
    {"table.datalake.auto-compaction", Kind::boolean, "false", without_effect},
    {"table.datalake.auto-expire-snapshot", Kind::boolean, "false", without_effect},
    {"table.datalake.historical-partition.enabled", Kind::boolean, "false", refused},
    {"table.datalake.database-name", Kind::text, "", without_effect},
    {"table.datalake.table-name", Kind::text, "", without_effect},
    {"table.kv.standby-replica.enabled", Kind::boolean, "", without_effect},
    {"table.statistics.columns", Kind::text, "", built, "their batches cannot be read by 0.9.1"},
    {"table.kv.ttl", Kind::duration, "", refused},
    {"table.kv.ttl.time-column", Kind::text, "", without_effect},
    {"table.kv.value-layout-version", Kind::int32, "", without_effect},
});

using Broken = std::optional<ProtocolError>;

constexpr std::string_view statistics_key = "table.statistics.columns";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Broken broken(std::string message, ErrorCode code = ErrorCode::invalid_config_exception) {
  return ProtocolError{code, std::move(message)};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return upper(x) == upper(y); });
}

/// Position of `value` among "A|B|C", in any case.
std::optional<std::size_t> find_choice(std::string_view choices, std::string_view value) {
  for (std::size_t index = 0;; ++index) {
    const std::size_t bar = choices.find('|');
    if (equal_ignoring_case(choices.substr(0, bar), value)) return index;
    if (bar == std::string_view::npos) return std::nullopt;
    choices.remove_prefix(bar + 1);
  }
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, value);
  if (error != std::errc() || end != text_end) return std::nullopt;
  return value;
}

std::optional<std::int32_t> parse_int32(std::string_view text) {
  const auto value = parse_int(text);
  if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
      *value > std::numeric_limits<std::int32_t>::max())
    return std::nullopt;
  return static_cast<std::int32_t>(*value);
}

const Option* find_option(std::string_view key) {
  const auto option = std::find_if(options.begin(), options.end(),
                                   [&](const Option& entry) { return entry.key == key; });
  return option == options.end() ? nullptr : &*option;
}

/// Insertions, removals and replacements that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Broken unknown_option(const std::string& key) {
  // No known key is near a key of this length, and the distance costs time per character.
  constexpr std::size_t suggested_size_max = 128;
  std::string message = "unknown table option: " + wire_text(key);
  if (key.size() <= suggested_size_max) {
    const auto nearest =
        std::min_element(options.begin(), options.end(), [&](const Option& a, const Option& b) {
          return edit_distance(key, a.key) < edit_distance(key, b.key);
        });
    message += "; the nearest known one is " + std::string(nearest->key);
  }
  return broken(message + "; options of other systems belong in the custom properties");
}

Broken check_value(const Option& option, const std::string& value) {
  const auto unreadable = [&](const std::string& why) {
    return broken(std::string(option.key) + " is " + why + ": " + wire_text(value));
  };
  switch (option.kind) {
    case Kind::text:
      return std::nullopt;
    case Kind::boolean:
      return parse_bool(value) ? std::nullopt : unreadable("not true or false");
    case Kind::int32:
      return parse_int32(value) ? std::nullopt : unreadable("not a 32-bit integer");
    case Kind::int64:
      return parse_int(value) ? std::nullopt : unreadable("not a 64-bit integer");
    case Kind::duration: {
      const auto duration = parse_duration(value);
      return duration ? std::nullopt
                      : broken(std::string(option.key) + ": " + duration.error().message);
    }
    case Kind::choice:
      return find_choice(option.choices, value)
                 ? std::nullopt
                 : unreadable("none of " + std::string(option.choices));
  }
  return std::nullopt;
}

const std::string* find_value(const TableDescriptor& table, std::string_view key) {
  const auto property = table.properties.find(std::string(key));
  return property == table.properties.end() ? nullptr : &property->second;
}

std::optional<std::int32_t> int_of(const TableDescriptor& table, std::string_view key) {
  const std::string* value = find_value(table, key);
  return value == nullptr ? std::nullopt : parse_int32(*value);
}

bool is_true(const TableDescriptor& table, std::string_view key) {
  const std::string* value = find_value(table, key);
  return value != nullptr && parse_bool(*value).value_or(false);
}

/// Position of the table's value among the choices of `key`, or of the default if it has none. The
/// choices above are in the order of the enum that the position is turned into.
std::size_t choice_of(const TableDescriptor& table, std::string_view key,
                      std::size_t default_index) {
  const std::string* value = find_value(table, key);
  if (value == nullptr) return default_index;
  return find_choice(find_option(key)->choices, *value).value_or(default_index);
}

Broken check_range(const TableDescriptor& table, std::string_view key, std::int32_t low,
                   std::int32_t high) {
  const auto value = int_of(table, key);
  if (!value || (*value >= low && *value <= high)) return std::nullopt;
  std::string message = std::string(key) + " must be at least " + std::to_string(low);
  if (high != std::numeric_limits<std::int32_t>::max())
    message += " and at most " + std::to_string(high);
  return broken(message + ": " + std::to_string(*value));
}

Broken check_ranges(const TableDescriptor& table) {
  constexpr std::int32_t unbounded = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t kv_format_version_max = 2;
  if (auto error = check_range(table, "table.log.arrow.compression.zstd.level", zstd_level_min,
                               zstd_level_max))
    return error;
  if (auto error = check_range(table, "table.log.tiered.local-segments", 1, unbounded))
    return error;
  return check_range(table, "table.kv.format-version", 1, kv_format_version_max);
}

Broken check_time_to_live(const TableDescriptor& table) {
  const std::string* local = find_value(table, "table.log.local-ttl");
  if (local == nullptr) return std::nullopt;
  const Duration local_ttl = parse_duration(*local).value_or(Duration::zero());
  const auto whole_ttl = log_ttl_of(table);
  if (whole_ttl && local_ttl > *whole_ttl)
    return broken("table.log.local-ttl must not be longer than table.log.ttl: " + *local);
  return std::nullopt;
}

bool has_order(TypeRoot root) {
  return !is_nested(root) && root != TypeRoot::binary && root != TypeRoot::bytes;
}

/// All columns that have an order, or the named ones.
Broken check_statistics_columns(const TableDescriptor& table) {
  const std::string* value = find_value(table, statistics_key);
  if (value == nullptr || *value == "*") return std::nullopt;
  std::string_view rest = *value;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = rest.find(',');
    const std::string_view name = trimmed(rest.substr(0, comma));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    const auto column = std::find_if(table.schema.columns.begin(), table.schema.columns.end(),
                                     [&](const Column& one) { return one.name == name; });
    if (column == table.schema.columns.end())
      return broken("table.statistics.columns names no column: " + wire_text(name));
    if (!has_order(column->type.root))
      return broken("table.statistics.columns cannot have a column of type " +
                    to_string(column->type) + ": " + wire_text(name));
  }
  return std::nullopt;
}

/// Options that mean something for some kinds of tables only.
Broken check_kind(const TableDescriptor& table) {
  const bool has_primary_key = !table.schema.primary_key.empty();
  for (const std::string_view key : {"table.merge-engine", "table.delete.behavior"}) {
    if (!has_primary_key && find_value(table, key) != nullptr)
      return broken(std::string(key) + " needs a table with a primary key");
  }
  if (has_primary_key && log_format_of(table) == LogFormat::indexed &&
      choice_of(table, "table.kv.format", 0) == 0)
    return broken("table.log.format INDEXED does not go with table.kv.format COMPACTED");
  if (has_primary_key && find_value(table, "table.statistics.columns") != nullptr)
    return broken("table.statistics.columns needs a table without primary key");
  if (table.partition_keys.empty() && is_true(table, "table.auto-partition.enabled"))
    return broken("table.auto-partition.enabled needs a partitioned table");
  return std::nullopt;
}

}  // namespace

std::span<const TableOption> table_options() { return options; }

std::vector<std::string_view> options_without_effect(const TableDescriptor& table) {
  std::vector<std::string_view> found;
  for (const TableOption& option : table_options()) {
    if (option.standing != OptionStanding::without_effect) continue;
    const auto given = table.properties.find(std::string(option.key));
    if (given == table.properties.end() || given->second == option.default_text) continue;
    found.push_back(option.key);
  }
  return found;
}

std::optional<ProtocolError> check_options(const TableDescriptor& table) {
  for (const auto& [key, value] : table.properties) {
    const Option* option = find_option(key);
    if (option == nullptr) return unknown_option(key);
    if (auto error = check_value(*option, value)) return error;
  }
  if (auto error = check_ranges(table)) return error;
  if (auto error = check_time_to_live(table)) return error;
  if (auto error = check_statistics_columns(table)) return error;
  if (table.custom_properties.contains(durability_key) && !durability_of(table)) {
    return ProtocolError{ErrorCode::invalid_config_exception,
                         fmt::format("{} is memory or disk.", durability_key)};
  }
  return check_kind(table);
}

LogFormat log_format_of(const TableDescriptor& table) {
  return static_cast<LogFormat>(choice_of(table, "table.log.format", 0));
}

RowFormat row_format_of(LogFormat format) {
  CHECK(format != LogFormat::arrow);
  return format == LogFormat::indexed ? RowFormat::indexed : RowFormat::compacted;
}

std::optional<LakeFormat> lake_format_of(const TableDescriptor& table) {
  if (find_value(table, "table.datalake.format") == nullptr) return std::nullopt;
  return static_cast<LakeFormat>(choice_of(table, "table.datalake.format", 0));
}

Compression compression_of(const TableDescriptor& table) {
  Compression compression;
  compression.type = static_cast<CompressionType>(choice_of(
      table, "table.log.arrow.compression.type", static_cast<std::size_t>(CompressionType::zstd)));
  if (const auto level = int_of(table, "table.log.arrow.compression.zstd.level"))
    compression.zstd_level = *level;
  return compression;
}

bool has_statistics(const TableDescriptor& table) {
  return find_value(table, statistics_key) != nullptr && log_format_of(table) == LogFormat::arrow;
}

std::optional<std::int32_t> replication_factor_of(const TableDescriptor& table) {
  return int_of(table, "table.replication.factor");
}

std::optional<Durability> parse_durability(std::string_view text) {
  if (text == "memory") return Durability::memory;
  if (text == "disk") return Durability::disk;
  return std::nullopt;
}

std::optional<Durability> durability_of(const TableDescriptor& table) {
  const auto found = table.custom_properties.find(durability_key);
  if (found == table.custom_properties.end()) return std::nullopt;
  return parse_durability(found->second);
}

std::optional<Duration> log_ttl_of(const TableDescriptor& table) {
  const std::string* value = find_value(table, "table.log.ttl");
  const Duration ttl =
      value == nullptr ? Duration(7 * 24h) : parse_duration(*value).value_or(Duration::zero());
  return ttl > Duration::zero() ? std::optional(ttl) : std::nullopt;
}

AutoPartitionOptions auto_partition_options_of(const TableDescriptor& table) {
  const auto text_of = [&](std::string_view key) -> std::optional<std::string> {
    const std::string* value = find_value(table, key);
    return value == nullptr ? std::nullopt : std::optional(*value);
  };
  AutoPartitionOptions options;
  options.enabled = is_true(table, "table.auto-partition.enabled");
  options.key = text_of("table.auto-partition.key");
  options.time_unit = choice_of(table, "table.auto-partition.time-unit", options.time_unit);
  options.time_zone = text_of("table.auto-partition.time-zone");
  options.time_format = text_of("table.auto-partition.time-format");
  options.precreate = int_of(table, "table.auto-partition.num-precreate");
  options.retention = int_of(table, "table.auto-partition.num-retention");
  return options;
}

std::optional<std::string> unbuilt_feature(const TableDescriptor& table) {
  if (!table.schema.primary_key.empty()) return "primary key tables";
  for (const std::string_view key :
       {"table.datalake.enabled", "table.datalake.historical-partition.enabled"}) {
    if (is_true(table, key)) return std::string(key);
  }
  if (find_value(table, "table.kv.ttl") != nullptr) return "table.kv.ttl";
  for (const Column& column : table.schema.columns) {
    if (column.agg_function) return "aggregation functions";
  }
  return std::nullopt;
}

}  // namespace millrace::protocol
