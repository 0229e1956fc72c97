#include "actors/gateway/authorizer.hpp"

#include <algorithm>
#include <vector>

namespace millrace::gateway {
namespace {

using protocol::AclEntry;
using protocol::Operation;
using protocol::Permission;
using protocol::Principal;
using protocol::Resource;
using protocol::ResourceType;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_name(const std::string& a, const std::string& b, bool ignore_case) {
  if (!ignore_case) return a == b;
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool is_same(const Principal& a, const Principal& b, bool ignore_case) {
  return a.type == b.type && is_same_name(a.name, b.name, ignore_case);
}

bool is_everybody(const Principal& principal) {
  return principal.type == protocol::acl_wildcard && principal.name == protocol::acl_wildcard;
}

/// Whether a permission for `given` is one for `wanted`.
bool covers(Operation given, Operation wanted) {
  if (given == wanted || given == Operation::all) return true;
  if (wanted != Operation::describe) return false;
  return given == Operation::read || given == Operation::write || given == Operation::create ||
         given == Operation::drop || given == Operation::alter;
}

/// The resource itself and what contains it.
std::vector<Resource> line_of(const Resource& resource) {
  std::vector<Resource> line{resource};
  if (resource.type == ResourceType::table) {
    // Names have no dots, so the first one ends the database's.
    const auto dot = resource.name.find('.');
    if (dot != std::string::npos) {
      line.push_back(protocol::database_resource(resource.name.substr(0, dot)));
    }
  }
  if (resource.type != ResourceType::cluster) line.push_back(protocol::cluster_resource());
  return line;
}

bool allows(const AclEntry& entry, const AuthorizerSettings& settings, const Asker& asker,
            Operation operation) {
  const bool host = entry.host == protocol::acl_wildcard || entry.host == asker.host;
  const bool principal = is_everybody(entry.principal) ||
                         is_same(entry.principal, asker.principal, settings.ignore_case);
  return host && principal && entry.permission == Permission::allow &&
         covers(entry.operation, operation);
}

}  // namespace

bool is_allowed(const AuthorizerSettings& settings, const protocol::AclSet& acls,
                const Asker& asker, Operation operation, const Resource& resource) {
  const bool is_super = std::any_of(
      settings.super_users.begin(), settings.super_users.end(),
      [&](const Principal& user) { return is_same(user, asker.principal, settings.ignore_case); });
  if (is_super) return true;
  for (const Resource& level : line_of(resource)) {
    for (const Resource& named :
         {level, Resource{level.type, std::string(protocol::acl_wildcard)}}) {
      // Entries of one resource stand together, from the smallest on.
      for (auto entry = acls.lower_bound(AclEntry{named, {}, {}, {}, {}});
           entry != acls.end() && entry->resource == named; ++entry) {
        if (allows(*entry, settings, asker, operation)) return true;
      }
    }
  }
  return false;
}

}  // namespace millrace::gateway
