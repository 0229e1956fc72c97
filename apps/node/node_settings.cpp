#include "apps/node/node_settings.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "apps/config/known_keys.hpp"
#include "apps/config/security_settings.hpp"
#include "protocol/time_zone.hpp"

namespace millrace {
namespace {

Endpoint endpoint_of(const Listener& listener, std::uint16_t preferred) {
  return {listener.host, listener.port == 0 ? preferred : listener.port};
}

Status check_loopback(const Listener& listener, std::string_view what) {
  if (is_loopback(listener)) return {};
  return fail(Errc::malformed,
              std::string(what) + " off loopback is not built yet: " + address_text(listener));
}

/// Values that the configuration knows and this build does not serve.
Status check_built(const Configuration& configuration) {
  if (!configuration.get(key::link_secret).empty()) {
    return fail(Errc::malformed, "millrace.link.secret is not built yet: links stay on loopback");
  }
  const auto roles = configuration.get(key::roles);
  if (std::find(roles.begin(), roles.end(), "tablet") == roles.end()) {
    return fail(Errc::malformed, "millrace.roles without tablet is not built yet");
  }
  return {};
}

/// What was set, as clients are told of it.
std::shared_ptr<const std::map<std::string, std::string>> visible_configs(
    const Configuration& configuration) {
  std::map<std::string, std::string> visible;
  for (const Setting& setting : configuration.settings()) {
    if (setting.source.kind == SourceKind::default_value) continue;
    const bool hide = is_secret_name(setting.name) && !setting.value.empty();
    visible.emplace(setting.name, hide ? "(hidden)" : setting.value);
  }
  return std::make_shared<const std::map<std::string, std::string>>(std::move(visible));
}

/// What clients are told instead of where `bound` listens.
std::optional<Endpoint> advertised_of(const Configuration& configuration, const Listener& bound) {
  const auto name_of = [](const Listener& one) {
    return one.name.empty() ? std::string(unnamed_listener) : one.name;
  };
  for (const Listener& one : configuration.get(key::advertised_listeners)) {
    if (name_of(one) == name_of(bound)) return endpoint_of(one, 0);
  }
  return std::nullopt;
}

void set_clients(NodeSettings& settings, const Configuration& configuration,
                 const PreferredPorts& preferred) {
  const auto bound = configuration.get(key::bind_listeners);
  settings.client = endpoint_of(bound.front(), preferred.client);
  settings.advertised = advertised_of(configuration, bound.front());
  for (std::size_t i = 1; i < bound.size(); ++i) {
    const auto& ports = preferred.further_clients;
    settings.further_clients.push_back(
        {endpoint_of(bound[i], i <= ports.size() ? ports[i - 1] : std::uint16_t{0}),
         advertised_of(configuration, bound[i])});
  }
}

std::shared_ptr<const gateway::GatewaySecurity> security_of(const Configuration& configuration) {
  std::vector<Finding> findings;  // Told when the configuration was checked.
  SecuritySettings read = read_security(configuration, findings);
  gateway::GatewaySecurity security;
  security.listeners.clear();
  for (ListenerAccess& one : read.listeners) {
    security.listeners.push_back({one.name, one.is_internal, one.uses_sasl, std::move(one.users)});
  }
  security.authorizer.enabled = read.authorizer;
  security.authorizer.ignore_case = read.ignore_case;
  for (auto& [type, name] : read.super_users) {
    security.authorizer.super_users.insert({std::move(type), std::move(name)});
  }
  return std::make_shared<const gateway::GatewaySecurity>(std::move(security));
}

/// Empty: there is but the one that `millrace.coordinator.node` names.
Result<std::set<NodeId>> candidates_of(const Configuration& configuration) {
  std::set<NodeId> candidates;
  for (const std::string& text : configuration.get(key::coordinator_candidates)) {
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || id < 0) {
      return fail(Errc::malformed, "millrace.coordinator.candidates names no node: " + text);
    }
    candidates.insert(NodeId{id});
  }
  return candidates;
}

std::size_t size_of(std::int64_t value) { return static_cast<std::size_t>(value); }

void set_tables(coordinator::CoordinatorMachine::Options& options,
                const Configuration& configuration) {
  auto& tables = options.tables;
  tables.allow_log_tables = configuration.get(key::allow_create_log_tables);
  tables.bucket_count = static_cast<std::int32_t>(configuration.get(key::default_bucket_number));
  tables.replication_factor =
      static_cast<std::int32_t>(configuration.get(key::default_replication_factor));
  tables.bucket_count_max = static_cast<std::int32_t>(configuration.get(key::max_bucket_number));
  tables.cluster_bucket_count_max = configuration.get(key::buckets_max);
  tables.partition_count_max =
      static_cast<std::int32_t>(configuration.get(key::max_partition_number));
  tables.time_zone = protocol::TimeZone::system_name();
  options.in_sync_min = static_cast<std::size_t>(configuration.get(key::in_sync_min));
}

}  // namespace

Result<NodeSettings> node_settings_of(const Configuration& configuration,
                                      const PreferredPorts& preferred) {
  NodeSettings settings;
  settings.coordinator =
      NodeId{static_cast<std::int32_t>(configuration.get(key::coordinator_node))};
  auto candidates = candidates_of(configuration);
  if (!candidates) return tl::unexpected<Error>(candidates.error());
  settings.office_candidates = std::move(*candidates);
  if (settings.office_candidates.empty()) settings.office_candidates = {settings.coordinator};
  settings.rack = configuration.get(key::tablet_server_rack);

  set_clients(settings, configuration, preferred);

  const Listener link = configuration.get(key::link_listener).front();
  if (auto fine = check_loopback(link, "a link listener"); !fine) {
    return tl::unexpected<Error>(fine.error());
  }
  settings.link = endpoint_of(link, preferred.link);
  const auto http = configuration.get(key::http_listener);
  if (!http.empty()) {
    if (auto fine = check_loopback(http.front(), "a console listener"); !fine) {
      return tl::unexpected<Error>(fine.error());
    }
    settings.console = endpoint_of(http.front(), preferred.http);
  }

  if (auto built = check_built(configuration); !built) {
    return tl::unexpected<Error>(built.error());
  }
  settings.console_token = configuration.get(key::http_token);
  set_tables(settings.coordinator_options, configuration);
  settings.replica_options = {
      .retention_check_interval = configuration.get(key::log_retention_check_interval),
      .rules = {.in_sync_min = settings.coordinator_options.in_sync_min,
                .lag_max = configuration.get(key::lag_max),
                .writer_expiration = configuration.get(key::writer_expiration)},
      .writer_check_interval = configuration.get(key::writer_check_interval),
      .time_to_live = {},
      .roll_active_segment =
          [rolls = configuration.get(key::log_roll_active_segment)] { return rolls; },
      .durability =
          [durability = configuration.get(key::durability)] {
            return protocol::parse_durability(durability).value_or(protocol::Durability::disk);
          }};
  auto& device = settings.device_options;
  device.reserve_bytes = size_of(configuration.get(key::disk_reserve));
  device.scrub_bytes_per_second = size_of(configuration.get(key::scrub_rate));
  device.scrub_interval = configuration.get(key::scrub_interval);
  settings.coordinator_options.auto_partition_interval =
      configuration.get(key::auto_partition_check_interval);

  auto& gateway = settings.gateway_options;
  settings.in_flight_bytes_max = size_of(configuration.get(key::in_flight_bytes_max));
  gateway.configs = visible_configs(configuration);
  gateway.security = security_of(configuration);
  gateway.connections_max = size_of(configuration.get(key::connections_max));
  gateway.connection.request_bytes_max = size_of(configuration.get(key::max_request_size));
  gateway.connection.idle_max = configuration.get(key::connection_max_idle_time);
  return settings;
}

}  // namespace millrace
