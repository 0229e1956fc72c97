#include <utility>

#include "protocol/json_document.hpp"

namespace millrace::protocol {

using namespace json_document;

Outcome<TableDescriptor> parse_table_json(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return same_error(json);
  TableDescriptor table;
  const Json* schema_json = find(*json, "schema");
  if (schema_json == nullptr) return bad("table without schema");
  auto schema = read_schema(*schema_json);
  if (!schema) return same_error(schema);
  table.schema = std::move(*schema);
  auto comment = optional_text(*json, "comment");
  if (!comment) return same_error(comment);
  table.comment = std::move(*comment);
  auto partition_keys = optional_texts(*json, "partition_key");
  if (!partition_keys) return same_error(partition_keys);
  if (!*partition_keys) return bad("missing: partition_key");
  table.partition_keys = std::move(**partition_keys);
  auto bucket_keys = optional_texts(*json, "bucket_key");
  if (!bucket_keys) return same_error(bucket_keys);
  table.bucket_keys = std::move(*bucket_keys);
  const auto bucket_count = optional_int(*json, "bucket_count");
  if (!bucket_count) return same_error(bucket_count);
  table.bucket_count = *bucket_count;
  if (table.bucket_count && !table.bucket_keys) return bad("bucket_count without bucket_key");
  auto properties = required_properties(*json, "properties");
  if (!properties) return same_error(properties);
  table.properties = std::move(*properties);
  auto custom = required_properties(*json, "custom_properties");
  if (!custom) return same_error(custom);
  table.custom_properties = std::move(*custom);
  return table;
}

Outcome<DatabaseDescriptor> parse_database_json(std::string_view text) {
  const auto read = [&]() -> Outcome<DatabaseDescriptor> {
    const auto json = parse_object(text);
    if (!json) return same_error(json);
    auto comment = optional_text(*json, "comment");
    if (!comment) return same_error(comment);
    auto custom = required_properties(*json, "custom_properties");
    if (!custom) return same_error(custom);
    return DatabaseDescriptor{std::move(*comment), std::move(*custom)};
  };
  auto database = read();
  if (!database) database.error().code = ErrorCode::invalid_database_exception;
  return database;
}

std::string to_json(const TableDescriptor& table) {
  OrderedJson json;
  json["version"] = 1;
  json["schema"] = json_of(table.schema);
  if (table.comment) json["comment"] = *table.comment;
  json["partition_key"] = table.partition_keys;
  if (table.bucket_keys) json["bucket_key"] = *table.bucket_keys;
  if (table.bucket_count) json["bucket_count"] = *table.bucket_count;
  json["properties"] = OrderedJson(table.properties);
  json["custom_properties"] = OrderedJson(table.custom_properties);
  return text_of(json);
}

std::string to_json(const DatabaseDescriptor& database) {
  OrderedJson json;
  json["version"] = 1;
  if (database.comment) json["comment"] = *database.comment;
  json["custom_properties"] = OrderedJson(database.custom_properties);
  return text_of(json);
}

}  // namespace millrace::protocol
