#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace millrace::protocol {

// What the protocol's altering calls ask for, as values. Numbers that say what to do are kept as
// they were sent: what they mean, and which are refused, is for who decides.

/// Source: Fluss PbAlterConfig, op_type.
inline constexpr std::int32_t config_set = 0;
inline constexpr std::int32_t config_delete = 1;
inline constexpr std::int32_t config_append = 2;
inline constexpr std::int32_t config_subtract = 3;

struct ConfigChange {
  std::string key;
  std::optional<std::string> value;
  std::int32_t operation = config_set;
  friend bool operator==(const ConfigChange&, const ConfigChange&) = default;
};

/// The key of ALTER_CLUSTER_CONFIGS that says whether even the segment in use ends when it is old.
inline constexpr auto roll_active_segment_key = "log.retention.roll-active-segment.enabled";

/// Source: Fluss PbAddColumn, column_position_type.
inline constexpr std::int32_t position_last = 0;

struct AddedColumn {
  std::string name;
  std::string type_json;  ///< One data type of the protocol's JSON.
  std::optional<std::string> comment;
  std::int32_t position = position_last;
  std::string aggregation;  ///< Name of a function; empty: none.
  friend bool operator==(const AddedColumn&, const AddedColumn&) = default;
};

/// Source: Fluss ALTER_TABLE v0.
struct AlterTable {
  std::string database;
  std::string name;
  bool ignore_if_missing = false;
  std::vector<ConfigChange> configs;
  std::vector<AddedColumn> added_columns;
  std::string other_change;  ///< Of the columns, one that no server makes; empty: none.
  friend bool operator==(const AlterTable&, const AlterTable&) = default;
};

/// Source: Fluss ALTER_DATABASE v0.
struct AlterDatabase {
  std::string name;
  bool ignore_if_missing = false;
  std::vector<ConfigChange> configs;  ///< Of custom properties.
  std::optional<std::string> comment;
  friend bool operator==(const AlterDatabase&, const AlterDatabase&) = default;
};

/// Source: Fluss ALTER_CLUSTER_CONFIGS v0.
struct AlterClusterConfigs {
  std::vector<ConfigChange> configs;
  friend bool operator==(const AlterClusterConfigs&, const AlterClusterConfigs&) = default;
};

/// Source: Fluss ADD_SERVER_TAG v0, REMOVE_SERVER_TAG v0.
struct TagServers {
  std::vector<std::int32_t> servers;
  std::int32_t tag = 0;
  bool remove = false;
  friend bool operator==(const TagServers&, const TagServers&) = default;
};

using Alteration = std::variant<AlterTable, AlterDatabase, AlterClusterConfigs, TagServers>;

}  // namespace millrace::protocol
