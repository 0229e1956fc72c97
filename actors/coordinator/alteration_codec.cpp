#include "actors/coordinator/alteration_codec.hpp"

#include <string>
#include <vector>

#include "schemas/coordinator.capnp.h"

namespace millrace::coordinator {
namespace {

using Request = schemas::CoordinatorRequest;

std::string text(capnp::Text::Reader in) { return {in.begin(), in.size()}; }

std::optional<std::string> optional_text(bool present, capnp::Text::Reader in) {
  if (!present) return std::nullopt;
  return text(in);
}

std::vector<protocol::ConfigChange> read(capnp::List<schemas::ConfigChange>::Reader in) {
  std::vector<protocol::ConfigChange> changes;
  for (const auto change : in) {
    changes.push_back({text(change.getKey()),
                       optional_text(change.getHasValue(), change.getValue()),
                       change.getOperation()});
  }
  return changes;
}

protocol::AlterTable read(schemas::AlterTable::Reader in) {
  protocol::AlterTable alteration{text(in.getDatabase()),
                                  text(in.getName()),
                                  in.getIgnoreIfMissing(),
                                  read(in.getConfigs()),
                                  {},
                                  text(in.getOtherChange())};
  for (const auto column : in.getAddedColumns()) {
    alteration.added_columns.push_back({text(column.getName()), text(column.getTypeJson()),
                                        optional_text(column.getHasComment(), column.getComment()),
                                        column.getPosition(), text(column.getAggregation())});
  }
  return alteration;
}

protocol::AlterDatabase read(schemas::AlterDatabase::Reader in) {
  return {text(in.getName()), in.getIgnoreIfMissing(), read(in.getConfigs()),
          optional_text(in.getHasComment(), in.getComment())};
}

protocol::TagServers read(schemas::TagServers::Reader in) {
  protocol::TagServers alteration{{}, in.getTag(), in.getRemove()};
  for (const std::int32_t server : in.getServers()) alteration.servers.push_back(server);
  return alteration;
}

}  // namespace

Result<std::optional<protocol::Alteration>> decode_alteration(const Envelope& envelope) {
  using Decoded = std::optional<protocol::Alteration>;
  return open<Request>(envelope, [](Request::Reader request) -> Result<Decoded> {
    switch (request.which()) {
      case Request::ALTER_TABLE:
        return Decoded{read(request.getAlterTable())};
      case Request::ALTER_DATABASE:
        return Decoded{read(request.getAlterDatabase())};
      case Request::ALTER_CLUSTER_CONFIGS:
        return Decoded{protocol::AlterClusterConfigs{read(request.getAlterClusterConfigs())}};
      case Request::TAG_SERVERS:
        return Decoded{read(request.getTagServers())};
      default:
        return Decoded{};
    }
  });
}

}  // namespace millrace::coordinator
