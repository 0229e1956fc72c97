#include <utility>

#include "protocol/json_document.hpp"

namespace millrace::protocol::json_document {
namespace {

constexpr std::int32_t no_id = -1;

Outcome<DataType> parse_type(const Json& json, int depth);

Outcome<Field> parse_inner(const Json& object, const char* key, int depth) {
  const Json* member = find(object, key);
  if (member == nullptr) return bad(std::string("missing: ") + key);
  auto type = parse_type(*member, depth + 1);
  if (!type) return same_error(type);
  Field field;
  field.type = std::move(*type);
  return field;
}

Outcome<Field> parse_row_field(const Json& json, int depth) {
  if (!json.is_object()) return bad("row field is not an object");
  auto name = required_text(json, "name");
  if (!name) return same_error(name);
  auto field = parse_inner(json, "field_type", depth);
  if (!field) return field;
  auto description = optional_text(json, "description");
  if (!description) return same_error(description);
  const auto id = optional_int(json, "field_id");
  if (!id) return same_error(id);
  field->name = std::move(*name);
  field->description = std::move(*description);
  field->id = id->value_or(no_id);
  return field;
}

Outcome<std::vector<Field>> parse_children(const Json& json, TypeRoot root, int depth) {
  std::vector<Field> children;
  if (root == TypeRoot::row) {
    const Json* fields = find(json, "fields");
    if (fields == nullptr || !fields->is_array()) return bad("row type without fields");
    for (const Json& entry : *fields) {
      auto field = parse_row_field(entry, depth);
      if (!field) return same_error(field);
      children.push_back(std::move(*field));
    }
    return children;
  }
  const auto keys = root == TypeRoot::array ? std::vector<const char*>{"element_type"}
                                            : std::vector<const char*>{"key_type", "value_type"};
  for (const char* key : keys) {
    auto child = parse_inner(json, key, depth);
    if (!child) return same_error(child);
    children.push_back(std::move(*child));
  }
  return children;
}

/// Precision when JSON does not say: what clients assume.
std::int32_t default_precision(TypeRoot root) {
  if (root == TypeRoot::timestamp || root == TypeRoot::timestamp_ltz) return 6;
  return root == TypeRoot::decimal ? 10 : 0;
}

Outcome<DataType> parse_type(const Json& json, int depth) {
  if (depth > type_depth_max) return bad("type is nested too deeply");
  if (!json.is_object()) return bad("type is not an object");
  const auto name = required_text(json, "type");
  if (!name) return same_error(name);
  const auto root = find_type_root(*name);
  if (!root) return bad("unknown type: " + wire_text(*name));

  DataType type;
  type.root = *root;
  if (const Json* nullable = find(json, "nullable")) {
    if (!nullable->is_boolean()) return bad("nullable is not a boolean");
    type.nullable = nullable->get<bool>();
  }
  const auto length = optional_int(json, "length");
  if (!length) return same_error(length);
  const auto precision = optional_int(json, "precision");
  if (!precision) return same_error(precision);
  const auto scale = optional_int(json, "scale");
  if (!scale) return same_error(scale);
  if (*root == TypeRoot::character || *root == TypeRoot::binary) type.length = length->value_or(0);
  if (*root == TypeRoot::decimal || *root == TypeRoot::time || *root == TypeRoot::timestamp ||
      *root == TypeRoot::timestamp_ltz)
    type.precision = precision->value_or(default_precision(*root));
  if (*root == TypeRoot::decimal) type.scale = scale->value_or(0);
  if (is_nested(*root)) {
    auto children = parse_children(json, *root, depth);
    if (!children) return same_error(children);
    type.children = std::move(*children);
  }
  return type;
}

}  // namespace

Outcome<DataType> read_type(const Json& json) {
  auto type = parse_type(json, 1);
  if (!type) return type;
  if (auto why = why_bad_type(*type)) return bad(std::move(*why));
  return type;
}

OrderedJson json_of(const DataType& type) {
  OrderedJson json;
  json["type"] = name_of(type.root);
  if (!type.nullable) json["nullable"] = false;
  switch (type.root) {
    case TypeRoot::character:
    case TypeRoot::binary:
      json["length"] = type.length;
      break;
    case TypeRoot::decimal:
      json["precision"] = type.precision;
      json["scale"] = type.scale;
      break;
    case TypeRoot::time:
    case TypeRoot::timestamp:
    case TypeRoot::timestamp_ltz:
      json["precision"] = type.precision;
      break;
    case TypeRoot::array:
      json["element_type"] = json_of(type.children.at(0).type);
      break;
    case TypeRoot::map:
      json["key_type"] = json_of(type.children.at(0).type);
      json["value_type"] = json_of(type.children.at(1).type);
      break;
    case TypeRoot::row: {
      auto& fields = json["fields"] = OrderedJson::array();
      for (const Field& field : type.children) {
        OrderedJson entry;
        entry["name"] = field.name;
        entry["field_type"] = json_of(field.type);
        if (field.description) entry["description"] = *field.description;
        entry["field_id"] = field.id;
        fields.push_back(std::move(entry));
      }
      break;
    }
    default:
      break;
  }
  return json;
}

}  // namespace millrace::protocol::json_document

namespace millrace::protocol {

using namespace json_document;

Outcome<DataType> parse_data_type_json(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return same_error(json);
  return read_type(*json);
}

std::string to_json(const DataType& type) { return text_of(json_of(type)); }

}  // namespace millrace::protocol
