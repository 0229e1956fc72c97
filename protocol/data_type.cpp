#include "protocol/data_type.hpp"

#include <array>
#include <cstddef>

#include "base/check.hpp"

namespace millrace::protocol {
namespace {

/// JSON names, in the order of TypeRoot.
constexpr auto root_names = std::to_array<std::string_view>({
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "CHAR",
    "STRING",
    "BINARY",
    "BYTES",
    "DECIMAL",
    "DATE",
    "TIME_WITHOUT_TIME_ZONE",
    "TIMESTAMP_WITHOUT_TIME_ZONE",
    "TIMESTAMP_WITH_LOCAL_TIME_ZONE",
    "ARRAY",
    "MAP",
    "ROW",
});
static_assert(root_names.size() == static_cast<std::size_t>(TypeRoot::row) + 1,
              "one name per root");

constexpr std::int32_t decimal_precision_max = 38;
constexpr std::int32_t time_precision_max = 9;

bool has_length(TypeRoot root) { return root == TypeRoot::character || root == TypeRoot::binary; }

bool has_time_precision(TypeRoot root) {
  return root == TypeRoot::time || root == TypeRoot::timestamp || root == TypeRoot::timestamp_ltz;
}

std::optional<std::string> why_bad_parameters(const DataType& type) {
  const std::string name(name_of(type.root));
  if (has_length(type.root)) {
    if (type.length < 1) return name + " length must be positive: " + std::to_string(type.length);
    return std::nullopt;
  }
  if (type.root == TypeRoot::decimal) {
    if (type.precision < 1 || type.precision > decimal_precision_max)
      return name + " precision must be in 1..38: " + std::to_string(type.precision);
    if (type.scale < 0 || type.scale > type.precision)
      return name + " scale must be in 0..precision: " + std::to_string(type.scale);
    return std::nullopt;
  }
  if (has_time_precision(type.root) && (type.precision < 0 || type.precision > time_precision_max))
    return name + " precision must be in 0..9: " + std::to_string(type.precision);
  return std::nullopt;
}

bool has_right_children(const DataType& type) {
  switch (type.root) {
    case TypeRoot::array:
      return type.children.size() == 1;
    case TypeRoot::map:
      return type.children.size() == 2;
    case TypeRoot::row:
      return true;
    default:
      return type.children.empty();
  }
}

std::optional<std::string> why_bad_type_at(const DataType& type, int depth) {
  if (depth > type_depth_max) return "type is nested too deeply";
  if (auto why = why_bad_parameters(type)) return why;
  if (!has_right_children(type))
    return std::string(name_of(type.root)) + " has the wrong number of inner types";
  for (const Field& child : type.children) {
    if (auto why = why_bad_type_at(child.type, depth + 1)) return why;
  }
  return std::nullopt;
}

}  // namespace

bool operator==(const DataType& a, const DataType& b) {
  return a.root == b.root && a.nullable == b.nullable && a.length == b.length &&
         a.precision == b.precision && a.scale == b.scale && a.children == b.children;
}

bool operator==(const Field& a, const Field& b) {
  return a.name == b.name && a.type == b.type && a.description == b.description && a.id == b.id;
}

std::string_view name_of(TypeRoot root) {
  const auto index = static_cast<std::size_t>(root);
  CHECK(index < root_names.size());
  return root_names[index];
}

std::optional<TypeRoot> find_type_root(std::string_view name) {
  for (std::size_t i = 0; i < root_names.size(); ++i) {
    if (root_names[i] == name) return static_cast<TypeRoot>(i);
  }
  return std::nullopt;
}

bool is_nested(TypeRoot root) {
  return root == TypeRoot::array || root == TypeRoot::map || root == TypeRoot::row;
}

std::optional<std::string> why_bad_type(const DataType& type) { return why_bad_type_at(type, 1); }

}  // namespace millrace::protocol
