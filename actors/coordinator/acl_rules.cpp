#include "actors/coordinator/acl_rules.hpp"

#include <fmt/format.h>

namespace millrace::coordinator {

using protocol::AclEntry;
using protocol::ErrorCode;
using protocol::ProtocolError;

Decision decide(const Catalog& catalog, const CreateAcls& command) {
  protocol::AclSet added;
  for (const AclEntry& entry : command.entries) {
    if (auto bad = protocol::why_bad_acl(entry)) {
      return ProtocolError{ErrorCode::unknown_server_error, "Invalid ACL: " + *bad + "."};
    }
    if (!catalog.acls().contains(entry)) added.insert(entry);
  }
  if (added.empty()) return NothingToDo{};
  if (catalog.acls().size() + added.size() > acls_max) {
    return ProtocolError{ErrorCode::storage_exception,
                         fmt::format("There may be {} ACLs at most, and {} are there.", acls_max,
                                     catalog.acls().size())};
  }
  return CatalogDelta{AclsCreated{{added.begin(), added.end()}}};
}

Decision decide(const Catalog& catalog, const DropAcls& command) {
  protocol::AclSet gone;
  for (const AclEntry& entry : command.entries) {
    if (catalog.acls().contains(entry)) gone.insert(entry);
  }
  if (gone.empty()) return NothingToDo{};
  return CatalogDelta{AclsDropped{{gone.begin(), gone.end()}}};
}

}  // namespace millrace::coordinator
