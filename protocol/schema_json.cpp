#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/check.hpp"
#include "protocol/json_document.hpp"

namespace millrace::protocol::json_document {
namespace {

constexpr std::int32_t no_id = -1;

constexpr auto agg_functions = std::to_array<std::string_view>(
    {"sum", "product", "max", "min", "last_value", "last_value_ignore_nulls", "first_value",
     "first_value_ignore_nulls", "listagg", "string_agg", "bool_and", "bool_or", "rbm32", "rbm64"});

/// The function in its written form; nothing for one that is not known, as clients do.
Outcome<std::optional<std::string>> parse_agg_function(const Json& column) {
  const Json* member = find(column, "agg_function");
  if (member == nullptr) return std::nullopt;
  if (!member->is_object()) return bad("agg_function is not an object");
  auto type = required_text(*member, "type");
  if (!type) return same_error(type);
  for (char& c : *type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  if (std::find(agg_functions.begin(), agg_functions.end(), *type) == agg_functions.end())
    return std::nullopt;
  OrderedJson written;
  written["type"] = *type;
  if (find(*member, "parameters") != nullptr) {
    const auto parameters = required_properties(*member, "parameters");
    if (!parameters) return same_error(parameters);
    if (!parameters->empty()) written["parameters"] = *parameters;
  }
  return text_of(written);
}

Outcome<Column> parse_column(const Json& json) {
  if (!json.is_object()) return bad("column is not an object");
  Column column;
  auto name = required_text(json, "name");
  if (!name) return same_error(name);
  column.name = std::move(*name);
  const Json* type_json = find(json, "data_type");
  if (type_json == nullptr) return bad("column without data_type");
  auto type = read_type(*type_json);
  if (!type) return same_error(type);
  column.type = std::move(*type);
  auto comment = optional_text(json, "comment");
  if (!comment) return same_error(comment);
  column.comment = std::move(*comment);
  auto agg_function = parse_agg_function(json);
  if (!agg_function) return same_error(agg_function);
  column.agg_function = std::move(*agg_function);
  const auto id = optional_int(json, "id");
  if (!id) return same_error(id);
  column.id = id->value_or(no_id);
  return column;
}

/// Gathers the ids of ROW fields below `type`, those that have one.
void collect_ids(const DataType& type, std::vector<std::int32_t>& ids) {
  for (const Field& field : type.children) {
    if (type.root == TypeRoot::row && field.id != no_id) ids.push_back(field.id);
    collect_ids(field.type, ids);
  }
}

void drop_ids(DataType& type) {
  for (Field& field : type.children) {
    field.id = no_id;
    drop_ids(field.type);
  }
}

/// Gives ids to columns of clients that send none, then checks all of them.
std::optional<ProtocolError> settle_ids(Schema& schema, std::optional<std::int32_t> highest) {
  const auto has_id = [](const Column& column) { return column.id != no_id; };
  const auto with_id = std::count_if(schema.columns.begin(), schema.columns.end(), has_id);
  if (with_id == 0) {
    std::int32_t position = 0;
    for (Column& column : schema.columns) {
      column.id = position++;
      drop_ids(column.type);  // They would clash with the positions.
    }
  } else if (static_cast<std::size_t>(with_id) != schema.columns.size()) {
    return bad("some columns have ids and some have none").value();
  }
  std::vector<std::int32_t> ids;
  for (const Column& column : schema.columns) {
    ids.push_back(column.id);
    collect_ids(column.type, ids);
  }
  std::sort(ids.begin(), ids.end());
  if (!ids.empty() && ids.front() < 0) return bad("column id is negative").value();
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end())
    return bad("two columns have the same id").value();
  const std::int32_t highest_found = ids.empty() ? no_id : ids.back();
  schema.highest_field_id = highest.value_or(no_id) == no_id ? highest_found : *highest;
  if (schema.highest_field_id < highest_found)
    return bad("highest_field_id is below an id in use").value();
  return std::nullopt;
}

void make_primary_key_not_null(Schema& schema) {
  const std::set<std::string_view> keys(schema.primary_key.begin(), schema.primary_key.end());
  for (Column& column : schema.columns) {
    if (keys.contains(column.name)) column.type.nullable = false;
  }
}

}  // namespace

Outcome<Schema> read_schema(const Json& json) {
  if (!json.is_object()) return bad("schema is not an object");
  const Json* columns = find(json, "columns");
  if (columns == nullptr || !columns->is_array()) return bad("schema without columns");
  Schema schema;
  for (const Json& entry : *columns) {
    auto column = parse_column(entry);
    if (!column) return same_error(column);
    schema.columns.push_back(std::move(*column));
  }
  auto primary_key = optional_texts(json, "primary_key");
  if (!primary_key) return same_error(primary_key);
  schema.primary_key = std::move(*primary_key).value_or(std::vector<std::string>{});
  auto auto_increment = optional_texts(json, "auto_increment_column");
  if (!auto_increment) return same_error(auto_increment);
  schema.auto_increment = std::move(*auto_increment).value_or(std::vector<std::string>{});
  const auto highest = optional_int(json, "highest_field_id");
  if (!highest) return same_error(highest);
  if (auto error = settle_ids(schema, *highest))
    return tl::unexpected<ProtocolError>(std::move(*error));
  make_primary_key_not_null(schema);
  return schema;
}

OrderedJson json_of(const Schema& schema) {
  OrderedJson json;
  json["version"] = 1;
  auto& columns = json["columns"] = OrderedJson::array();
  for (const Column& column : schema.columns) {
    OrderedJson entry;
    entry["name"] = column.name;
    entry["data_type"] = json_of(column.type);
    if (column.comment) entry["comment"] = *column.comment;
    if (column.agg_function) {
      auto function = OrderedJson::parse(*column.agg_function, nullptr, false);
      CHECK(!function.is_discarded());
      entry["agg_function"] = std::move(function);
    }
    entry["id"] = column.id;
    columns.push_back(std::move(entry));
  }
  if (!schema.primary_key.empty()) json["primary_key"] = schema.primary_key;
  if (!schema.auto_increment.empty()) json["auto_increment_column"] = schema.auto_increment;
  json["highest_field_id"] = schema.highest_field_id;
  return json;
}

}  // namespace millrace::protocol::json_document

namespace millrace::protocol {

using namespace json_document;

namespace {

void assign_nested_ids(DataType& type, std::int32_t& next) {
  for (Field& field : type.children) {
    if (type.root == TypeRoot::row) field.id = next++;
    assign_nested_ids(field.type, next);
  }
}

}  // namespace

Outcome<Schema> parse_schema_json(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return same_error(json);
  return read_schema(*json);
}

std::string to_json(const Schema& schema) { return text_of(json_of(schema)); }

void assign_field_ids(Schema& schema) {
  std::int32_t next = 0;
  for (Column& column : schema.columns) {
    column.id = next++;
    assign_nested_ids(column.type, next);
  }
  schema.highest_field_id = next - 1;
}

void append_column(Schema& schema, Column column) {
  std::int32_t next = schema.highest_field_id + 1;
  column.id = next++;
  assign_nested_ids(column.type, next);
  schema.highest_field_id = next - 1;
  schema.columns.push_back(std::move(column));
}

}  // namespace millrace::protocol
