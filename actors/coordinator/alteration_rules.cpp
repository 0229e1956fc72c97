#include "actors/coordinator/alteration_rules.hpp"

#include <fmt/format.h>

#include <utility>

#include "actors/coordinator/alter_table_rules.hpp"
#include "actors/coordinator/cluster_config_rules.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

Decision decide(const Catalog& catalog, const protocol::AlterDatabase& alteration,
                const AlterationContext& context) {
  const DatabaseInfo* database = catalog.find_database(alteration.name);
  if (database == nullptr) {
    if (alteration.ignore_if_missing) return NothingToDo{};
    return ProtocolError{ErrorCode::database_not_exist,
                         fmt::format("Database {} does not exist.", alteration.name)};
  }
  DatabaseInfo altered = *database;
  auto properties = changed(database->descriptor.custom_properties, alteration.configs);
  if (!properties) return properties.error();
  altered.descriptor.custom_properties = std::move(*properties);
  if (alteration.comment) altered.descriptor.comment = alteration.comment;
  if (altered == *database) return NothingToDo{};
  altered.modified_at = context.now;
  // Built in place, here and below: GCC 12 misreads the destruction of a temporary variant.
  return Decision(std::in_place_type<CatalogDelta>, DatabaseAltered{std::move(altered)});
}

std::optional<ServerTag> tag_of(std::int32_t number) {
  switch (number) {
    case static_cast<std::int32_t>(ServerTag::permanent_offline):
      return ServerTag::permanent_offline;
    case static_cast<std::int32_t>(ServerTag::temporary_offline):
      return ServerTag::temporary_offline;
    default:
      return std::nullopt;
  }
}

Decision decide(const Catalog& catalog, const protocol::TagServers& alteration,
                const AlterationContext& context) {
  const auto tag = tag_of(alteration.tag);
  if (!tag) {
    return ProtocolError{ErrorCode::unknown_server_error,
                         fmt::format("There is no server tag {}.", alteration.tag)};
  }
  ServersTagged fact{{}, alteration.remove ? std::nullopt : tag};
  for (const std::int32_t server : alteration.servers) {
    const NodeId node{server};
    if (!context.known.contains(node)) {
      return ProtocolError{ErrorCode::server_not_exist_exception,
                           fmt::format("Server {} does not exist.", server)};
    }
    const auto present = catalog.server_tags().find(node);
    const bool tagged = present != catalog.server_tags().end();
    if (tagged && present->second != *tag) {
      return ProtocolError{alteration.remove ? ErrorCode::sever_tag_not_exist_exception
                                             : ErrorCode::sever_tag_already_exist_exception,
                           fmt::format("Server {} has another tag: {}.", server,
                                       static_cast<std::int32_t>(present->second))};
    }
    if (tagged == alteration.remove) fact.nodes.push_back(node);
  }
  if (fact.nodes.empty()) return NothingToDo{};
  return Decision(std::in_place_type<CatalogDelta>, std::move(fact));
}

Decision decide(const Catalog& catalog, const protocol::AlterClusterConfigs& alteration,
                const AlterationContext& /*context*/) {
  auto changes = changed_configs(catalog.cluster_configs(), alteration.configs);
  if (!changes) return changes.error();
  if (changes->values.empty()) return NothingToDo{};
  return Decision(std::in_place_type<CatalogDelta>, std::move(*changes));
}

}  // namespace

Decision decide(const Catalog& catalog, const protocol::Alteration& alteration,
                const AlterationContext& context) {
  return std::visit([&](const auto& one) { return decide(catalog, one, context); }, alteration);
}

}  // namespace millrace::coordinator
