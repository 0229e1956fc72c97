#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/data_type.hpp"
#include "protocol/error_code.hpp"

namespace millrace::protocol {

struct Column {
  std::string name;
  DataType type;
  std::optional<std::string> comment;
  std::int32_t id = -1;  ///< Never changes and is never reused within a table; -1 until assigned.
  std::optional<std::string> agg_function;  ///< Compact JSON, passed through as it came.

  friend bool operator==(const Column&, const Column&) = default;
};

/// The columns of a table. Every id, nested fields included, is unique and <= highest_field_id.
struct Schema {
  std::vector<Column> columns;
  std::vector<std::string> primary_key;  ///< Empty: a log table.
  std::vector<std::string> auto_increment;
  std::int32_t highest_field_id = -1;

  friend bool operator==(const Schema&, const Schema&) = default;
};

using Properties = std::map<std::string, std::string>;

/// What CREATE_TABLE asks for and what is stored after defaults. Source: Fluss TableDescriptor.
struct TableDescriptor {
  Schema schema;
  std::optional<std::string> comment;
  std::vector<std::string> partition_keys;
  std::optional<std::vector<std::string>> bucket_keys;  ///< Given whenever bucket_count is.
  std::optional<std::int32_t> bucket_count;
  Properties properties;         ///< `table.*` options only.
  Properties custom_properties;  ///< Anything else.

  friend bool operator==(const TableDescriptor&, const TableDescriptor&) = default;
};

struct DatabaseDescriptor {
  std::optional<std::string> comment;
  Properties custom_properties;

  friend bool operator==(const DatabaseDescriptor&, const DatabaseDescriptor&) = default;
};

/// The JSON documents of the protocol. Unknown keys are ignored, key order is free; columns without
/// ids get 0, 1, 2, .. and their nested fields stay without; primary key columns become NOT NULL.
/// Any size or nesting is read safely. Errors: invalid_table_exception, for a database
/// invalid_database_exception.
[[nodiscard]] Outcome<TableDescriptor> parse_table_json(std::string_view json);
[[nodiscard]] Outcome<Schema> parse_schema_json(std::string_view json);
[[nodiscard]] Outcome<DatabaseDescriptor> parse_database_json(std::string_view json);
/// The `data_type_json` of ALTER TABLE.
[[nodiscard]] Outcome<DataType> parse_data_type_json(std::string_view json);

/// Compact JSON (no white space), keys in the order in which the protocol documents them.
[[nodiscard]] std::string to_json(const TableDescriptor& table);
[[nodiscard]] std::string to_json(const Schema& schema);
[[nodiscard]] std::string to_json(const DatabaseDescriptor& database);
[[nodiscard]] std::string to_json(const DataType& type);

/// Numbers all columns anew as a client's builder does: a column, then its nested ROW fields in
/// pre-order, then the next column, from 0. For schemas that are made here, not for stored ones.
void assign_field_ids(Schema& schema);

/// Adds a column at the end. It and its nested ROW fields get the next ids.
void append_column(Schema& schema, Column column);

/// The first rule of table creation that `table` breaks: names, keys, key types, bucket count > 0
/// (invalid_table_exception). Options are check_options()' business.
[[nodiscard]] std::optional<ProtocolError> check_descriptor(const TableDescriptor& table);

}  // namespace millrace::protocol
