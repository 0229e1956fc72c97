#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "protocol/error_code.hpp"

// Who may do what: access control lists as the protocol's clients know them. The enumerators are
// the wire's numbers. Source: Fluss 0.9.1 and 1.0 ACLs.

namespace millrace::protocol {

enum class ResourceType : std::int32_t { any = 1, cluster = 2, database = 3, table = 4 };
enum class Operation : std::int32_t {
  any = 1,
  all = 2,
  read = 3,
  write = 4,
  create = 5,
  drop = 6,
  alter = 7,
  describe = 8
};
enum class Permission : std::int32_t { any = 1, allow = 2 };

/// Stands for every name, host or principal.
inline constexpr std::string_view acl_wildcard = "*";

/// What an operation is about: the cluster, "db" or "db.table".
struct Resource {
  ResourceType type = ResourceType::any;
  std::string name;
  friend auto operator<=>(const Resource&, const Resource&) = default;
};
[[nodiscard]] Resource cluster_resource();
[[nodiscard]] Resource database_resource(std::string database);
[[nodiscard]] Resource table_resource(const std::string& database, const std::string& table);

/// Who asks: (`User`, name).
struct Principal {
  std::string type;
  std::string name;
  friend auto operator<=>(const Principal&, const Principal&) = default;
};
[[nodiscard]] Principal user_principal(std::string name);
/// Whoever did not have to say who he is.
[[nodiscard]] Principal anonymous_principal();

/// One permission. Ordered by resource first, so that those of a resource stand together.
struct AclEntry {
  Resource resource;
  Principal principal;
  std::string host;
  Operation operation = Operation::any;
  Permission permission = Permission::any;
  friend auto operator<=>(const AclEntry&, const AclEntry&) = default;
};
using AclSet = std::set<AclEntry>;

/// Which entries are meant; what is absent or `any` does not narrow.
struct AclFilter {
  ResourceType resource_type = ResourceType::any;
  std::optional<std::string> resource_name;
  std::optional<Principal> principal;
  std::optional<std::string> host;
  Operation operation = Operation::any;
  Permission permission = Permission::any;
};
[[nodiscard]] bool matches(const AclFilter& filter, const AclEntry& entry);

/// Why an entry cannot be created: it is not specific, or a name is empty or too long.
[[nodiscard]] std::optional<std::string> why_bad_acl(const AclEntry& entry);

/// `TABLE db.t`, `READ`, `User:bob`: for people.
[[nodiscard]] std::string to_string(const Resource& resource);
[[nodiscard]] std::string to_string(const Principal& principal);
[[nodiscard]] std::string_view name_of(ResourceType type);
[[nodiscard]] std::string_view name_of(Operation operation);

/// The type or operation of a name, in any case; nothing for one that there is not.
[[nodiscard]] std::optional<ResourceType> resource_type_named(std::string_view name);
[[nodiscard]] std::optional<Operation> operation_named(std::string_view name);
/// `Type:name`. Nothing when one of them is missing.
[[nodiscard]] std::optional<Principal> parse_principal(std::string_view text);

}  // namespace millrace::protocol
