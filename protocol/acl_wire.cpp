#include "protocol/acl_wire.hpp"

namespace millrace::protocol {

AclEntry read_acl(const wire::PbAclInfo& in) {
  return {{static_cast<ResourceType>(in.resource_type()), in.resource_name()},
          {in.principal_type(), in.principal_name()},
          in.host(),
          static_cast<Operation>(in.operation_type()),
          static_cast<Permission>(in.permission_type())};
}

void write_acl(wire::PbAclInfo& out, const AclEntry& entry) {
  out.set_resource_name(entry.resource.name);
  out.set_resource_type(static_cast<std::int32_t>(entry.resource.type));
  out.set_principal_name(entry.principal.name);
  out.set_principal_type(entry.principal.type);
  out.set_host(entry.host);
  out.set_operation_type(static_cast<std::int32_t>(entry.operation));
  out.set_permission_type(static_cast<std::int32_t>(entry.permission));
}

AclFilter read_filter(const wire::PbAclFilter& in) {
  AclFilter filter;
  filter.resource_type = static_cast<ResourceType>(in.resource_type());
  if (in.has_resource_name()) filter.resource_name = in.resource_name();
  if (in.has_principal_type() && in.has_principal_name()) {
    filter.principal = {in.principal_type(), in.principal_name()};
  }
  if (in.has_host()) filter.host = in.host();
  filter.operation = static_cast<Operation>(in.operation_type());
  filter.permission = static_cast<Permission>(in.permission_type());
  return filter;
}

void write_filter(wire::PbAclFilter& out, const AclFilter& filter) {
  out.set_resource_type(static_cast<std::int32_t>(filter.resource_type));
  if (filter.resource_name) out.set_resource_name(*filter.resource_name);
  if (filter.principal) {
    out.set_principal_type(filter.principal->type);
    out.set_principal_name(filter.principal->name);
  }
  if (filter.host) out.set_host(*filter.host);
  out.set_operation_type(static_cast<std::int32_t>(filter.operation));
  out.set_permission_type(static_cast<std::int32_t>(filter.permission));
}

}  // namespace millrace::protocol
