#pragma once
#include "protocol/acl.hpp"
#include "protocol/fluss.pb.h"

namespace millrace::protocol {

/// As sent: whether the entry makes sense is why_bad_acl()'s to say.
[[nodiscard]] AclEntry read_acl(const wire::PbAclInfo& in);
void write_acl(wire::PbAclInfo& out, const AclEntry& entry);

/// A principal needs both type and name, else it does not narrow. Source: Fluss PbAclFilter.
[[nodiscard]] AclFilter read_filter(const wire::PbAclFilter& in);
void write_filter(wire::PbAclFilter& out, const AclFilter& filter);

}  // namespace millrace::protocol
