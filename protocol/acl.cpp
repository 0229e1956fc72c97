#include "protocol/acl.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::protocol {
namespace {

constexpr std::string_view cluster_name = "fluss-cluster";
constexpr std::string_view user_type = "User";
constexpr std::size_t text_size_max = 500;

constexpr auto resource_names = std::to_array<std::pair<ResourceType, std::string_view>>({
    {ResourceType::any, "ANY"},
    {ResourceType::cluster, "CLUSTER"},
    {ResourceType::database, "DATABASE"},
    {ResourceType::table, "TABLE"},
});
constexpr auto operation_names = std::to_array<std::pair<Operation, std::string_view>>({
    {Operation::any, "ANY"},
    {Operation::all, "ALL"},
    {Operation::read, "READ"},
    {Operation::write, "WRITE"},
    {Operation::create, "CREATE"},
    {Operation::drop, "DROP"},
    {Operation::alter, "ALTER"},
    {Operation::describe, "DESCRIBE"},
});

std::string_view name_in(const auto& names, auto value) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const auto& entry) { return entry.first == value; });
  return found == names.end() ? std::string_view("UNKNOWN") : found->second;
}

bool is_same_word(std::string_view name, std::string_view upper) {
  const auto raised = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  return std::equal(name.begin(), name.end(), upper.begin(), upper.end(),
                    [&](char a, char b) { return raised(a) == b; });
}

template <class Value, std::size_t size>
std::optional<Value> value_named(const std::array<std::pair<Value, std::string_view>, size>& names,
                                 std::string_view name) {
  for (const auto& [value, upper] : names) {
    if (is_same_word(name, upper)) return value;
  }
  return std::nullopt;
}

/// Neither empty nor too long, and without control characters.
bool is_sound(std::string_view text) {
  return !text.empty() && text.size() <= text_size_max &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
}

bool is_one_of(auto value, auto first, auto last) { return value >= first && value <= last; }

}  // namespace

Resource cluster_resource() { return {ResourceType::cluster, std::string(cluster_name)}; }

Resource database_resource(std::string database) {
  return {ResourceType::database, std::move(database)};
}

Resource table_resource(const std::string& database, const std::string& table) {
  return {ResourceType::table, database + "." + table};
}

Principal user_principal(std::string name) { return {std::string(user_type), std::move(name)}; }

Principal anonymous_principal() { return user_principal("ANONYMOUS"); }

bool matches(const AclFilter& filter, const AclEntry& entry) {
  const bool type =
      filter.resource_type == ResourceType::any || filter.resource_type == entry.resource.type;
  const bool name = !filter.resource_name || *filter.resource_name == entry.resource.name;
  const bool principal = !filter.principal || *filter.principal == entry.principal;
  const bool host = !filter.host || *filter.host == entry.host;
  const bool operation = filter.operation == Operation::any || filter.operation == entry.operation;
  const bool permission =
      filter.permission == Permission::any || filter.permission == entry.permission;
  return type && name && principal && host && operation && permission;
}

std::optional<std::string> why_bad_acl(const AclEntry& entry) {
  if (!is_one_of(entry.resource.type, ResourceType::cluster, ResourceType::table)) {
    return "the resource type is none of CLUSTER, DATABASE and TABLE";
  }
  if (!is_one_of(entry.operation, Operation::all, Operation::describe)) {
    return "the operation is not a specific one";
  }
  if (entry.permission != Permission::allow) return "the permission is not ALLOW";
  for (const std::string* text :
       {&entry.resource.name, &entry.principal.type, &entry.principal.name, &entry.host}) {
    if (!is_sound(*text)) return "a name is empty, too long or has control characters";
  }
  return std::nullopt;
}

std::string to_string(const Resource& resource) {
  return std::string(name_of(resource.type)) + " " + resource.name;
}

std::string to_string(const Principal& principal) { return principal.type + ":" + principal.name; }

std::string_view name_of(ResourceType type) { return name_in(resource_names, type); }
std::string_view name_of(Operation operation) { return name_in(operation_names, operation); }

std::optional<ResourceType> resource_type_named(std::string_view name) {
  return value_named(resource_names, name);
}

std::optional<Operation> operation_named(std::string_view name) {
  return value_named(operation_names, name);
}

std::optional<Principal> parse_principal(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return std::nullopt;
  }
  return Principal{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace millrace::protocol
