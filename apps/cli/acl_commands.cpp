#include <fmt/format.h>

#include "apps/cli/command.hpp"
#include "client/acls.hpp"
#include "protocol/acl.hpp"

namespace millrace::cli {

namespace {

using protocol::AclEntry;
using protocol::AclFilter;

const std::vector<Option> acl_options = {
    {"principal", "User:NAME", "whose permission; *:* is everybody's"},
    {"resource", "TYPE:NAME", "cluster, database:DB or table:DB.TABLE; * is every name"},
    {"operation", "NAME", "read, write, create, drop, alter, describe or all"},
    {"host", "ADDRESS", "from where; * is everywhere"},
};

constexpr auto next = "millrace acl add --help";

Done<protocol::Resource> resource_of(const std::string& text) {
  const auto colon = text.find(':');
  const auto type = protocol::resource_type_named(text.substr(0, colon));
  if (!type || *type == protocol::ResourceType::any) {
    return usage_failure("--resource takes cluster, database:DB or table:DB.TABLE", next);
  }
  if (*type == protocol::ResourceType::cluster) return protocol::cluster_resource();
  if (colon == std::string::npos || colon + 1 == text.size()) {
    return usage_failure("--resource needs a name behind its type, as in table:db.t", next);
  }
  return protocol::Resource{*type, text.substr(colon + 1)};
}

/// What the options narrow it down to.
Done<AclFilter> filter_of(const CommandLine& line) {
  AclFilter filter;
  if (const auto text = line.value("principal")) {
    filter.principal = protocol::parse_principal(*text);
    if (!filter.principal) return usage_failure("--principal takes Type:name", next);
  }
  if (const auto text = line.value("resource")) {
    auto resource = resource_of(*text);
    if (!resource) return tl::unexpected(resource.error());
    filter.resource_type = resource->type;
    filter.resource_name = resource->name;
  }
  if (const auto text = line.value("operation")) {
    const auto operation = protocol::operation_named(*text);
    if (!operation) return usage_failure("--operation does not know: " + *text, next);
    filter.operation = *operation;
  }
  filter.host = line.value("host");
  return filter;
}

std::vector<std::string> cells_of(const AclEntry& entry) {
  return {to_string(entry.principal), std::string(name_of(entry.operation)),
          to_string(entry.resource), entry.host};
}

Document document_of(const AclEntry& entry) {
  return Document::object()
      .set("principal", to_string(entry.principal))
      .set("operation", name_of(entry.operation))
      .set("resource_type", name_of(entry.resource.type))
      .set("resource_name", entry.resource.name)
      .set("host", entry.host);
}

void print(const Context& context, const std::vector<AclEntry>& entries) {
  Document document = Document::list();
  std::vector<std::vector<std::string>> rows;
  for (const AclEntry& entry : entries) {
    document.add(document_of(entry));
    rows.push_back(cells_of(entry));
  }
  context.print(document, text_table({"PRINCIPAL", "OPERATION", "RESOURCE", "HOST"}, rows));
}

/// Prints what was done; the first error is the command's.
Done<ExitCode> settle(const Context& context, const std::vector<client::AclOutcome>& outcomes) {
  std::vector<AclEntry> entries;
  for (const client::AclOutcome& outcome : outcomes) {
    if (outcome.error) return failed(*outcome.error);
    entries.push_back(outcome.entry);
  }
  print(context, entries);
  return ExitCode::fine;
}

Done<ExitCode> list(Context& context) {
  if (const auto none = context.words(0, 0); !none) return tl::unexpected(none.error());
  const auto filter = filter_of(context.line());
  if (!filter) return tl::unexpected(filter.error());
  const auto entries = context.session().wait<std::vector<AclEntry>>(
      [&](auto done) { client::list_acls(context.client(), *filter, std::move(done)); });
  if (!entries) return tl::unexpected(entries.error());
  print(context, *entries);
  return ExitCode::fine;
}

Done<ExitCode> add(Context& context) {
  if (const auto none = context.words(0, 0); !none) return tl::unexpected(none.error());
  const auto filter = filter_of(context.line());
  if (!filter) return tl::unexpected(filter.error());
  if (!filter->principal || !filter->resource_name ||
      filter->operation == protocol::Operation::any) {
    return usage_failure("add needs --principal, --resource and --operation", next);
  }
  const AclEntry entry{{filter->resource_type, *filter->resource_name},
                       *filter->principal,
                       filter->host.value_or(std::string(protocol::acl_wildcard)),
                       filter->operation,
                       protocol::Permission::allow};
  const auto outcomes = context.session().wait<std::vector<client::AclOutcome>>(
      [&](auto done) { client::create_acls(context.client(), {entry}, std::move(done)); });
  if (!outcomes) return tl::unexpected(outcomes.error());
  return settle(context, *outcomes);
}

Done<ExitCode> drop(Context& context) {
  if (const auto none = context.words(0, 0); !none) return tl::unexpected(none.error());
  const auto filter = filter_of(context.line());
  if (!filter) return tl::unexpected(filter.error());
  if (!filter->principal && !filter->resource_name && !context.line().has("all")) {
    return usage_failure("drop needs --principal or --resource, or --all", next);
  }
  const auto outcomes = context.session().wait<std::vector<client::AclOutcome>>(
      [&](auto done) { client::drop_acls(context.client(), *filter, std::move(done)); });
  if (!outcomes) return tl::unexpected(outcomes.error());
  return settle(context, *outcomes);
}

}  // namespace

std::span<const Command> acl_commands() {
  static const std::vector<Command> all = [] {
    std::vector<Option> drop_options = acl_options;
    drop_options.push_back({"all", "", "every permission there is"});
    return std::vector<Command>{
        {"acl", "ls", "", "list permissions", acl_options, list},
        {"acl", "add", "", "allow an operation", acl_options, add},
        {"acl", "drop", "", "take permissions back", drop_options, drop},
    };
  }();
  return all;
}

}  // namespace millrace::cli
