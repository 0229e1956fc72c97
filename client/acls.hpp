#pragma once
#include <optional>
#include <vector>

#include "client/client.hpp"
#include "protocol/acl.hpp"

namespace millrace::client {

/// One permission and what became of it; no error: it is as was asked.
struct AclOutcome {
  protocol::AclEntry entry;
  std::optional<ProtocolError> error;
};

/// Outcomes in the order of `entries`. Source: Fluss CREATE_ACLS v0.
void create_acls(Client& client, const std::vector<protocol::AclEntry>& entries,
                 Callback<std::vector<AclOutcome>> done);

/// What matches and may be seen. Source: Fluss LIST_ACLS v0.
void list_acls(Client& client, const protocol::AclFilter& filter,
               Callback<std::vector<protocol::AclEntry>> done);

/// Outcomes of everything that matched. Source: Fluss DROP_ACLS v0.
void drop_acls(Client& client, const protocol::AclFilter& filter,
               Callback<std::vector<AclOutcome>> done);

}  // namespace millrace::client
