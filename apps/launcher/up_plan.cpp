#include "apps/launcher/up_plan.hpp"

#include <fmt/format.h>

#include "apps/agent/preferred_ports.hpp"
#include "apps/agent/run_files.hpp"
#include "base/check.hpp"

namespace millrace {
namespace {

// The same addresses with ports that the kernel chooses.
std::string with_free_ports(std::vector<Listener> listeners) {
  for (Listener& listener : listeners) listener.port = 0;
  return to_string(listeners);
}

bool is_default(const Configuration& configuration, std::string_view name) {
  return configuration.setting(name).source.kind == SourceKind::default_value;
}

// Several nodes cannot share the ports of one configuration; a single one may have those that were
// chosen for it, but not the defaults, which another cluster may hold.
std::vector<std::string> listener_settings(const UpRequest& request,
                                           const Configuration& configuration) {
  std::vector<std::string> settings;
  for (const auto& key : {key::bind_listeners, key::link_listener, key::http_listener}) {
    const bool keep =
        request.host_count == 1 && !request.base_port && !is_default(configuration, key.name);
    if (keep) continue;
    settings.push_back(
        fmt::format("--set={}={}", key.name, with_free_ports(configuration.get(key))));
  }
  if (request.host_count > 1 && !configuration.get(key::advertised_listeners).empty()) {
    settings.push_back(fmt::format("--set={}=", key::advertised_listeners.name));
  }
  return settings;
}

std::vector<std::string> cluster_settings(const UpRequest& request,
                                          const Configuration& configuration,
                                          const std::string& cluster_id) {
  std::vector<std::string> settings = listener_settings(request, configuration);
  const auto set = [&](std::string_view name, std::string_view value) {
    settings.push_back(fmt::format("--set={}={}", name, value));
  };
  set(key::cluster_id.name, cluster_id);
  // They share the directory of the metadata: who holds office has it open.
  std::string candidates = "0";
  for (int i = 1; i < request.host_count; ++i) candidates += fmt::format(",{}", i);
  set(key::coordinator_node.name, "0");
  set(key::coordinator_candidates.name, candidates);
  if (configuration.get(key::metadata_dir).empty()) {
    set(key::metadata_dir.name, (request.directory / "metadata").string());
  }
  return settings;
}

std::string ports_argument(int base_port, int index) {
  const auto client = static_cast<std::uint16_t>(base_port + ports_per_host * index);
  const PreferredPorts ports{client, static_cast<std::uint16_t>(client + 1),
                             static_cast<std::uint16_t>(client + 2)};
  return "--prefer-ports=" + to_string(ports);
}

}  // namespace

LauncherOptions plan_cluster(const UpRequest& request, const Configuration& configuration,
                             const std::string& cluster_id) {
  CHECK(request.host_count >= 1);
  CHECK(request.host_count <= host_count_max);
  LauncherOptions options;
  options.directory = request.directory;
  options.agent_program = own_program();
  options.ready_timeout = configuration.get(key::ready_timeout);
  options.drain_timeout = configuration.get(key::drain_timeout);
  const auto settings = cluster_settings(request, configuration, cluster_id);
  for (int index = 0; index < request.host_count; ++index) {
    HostPlan plan{index, host_directory(request.directory, index), {}};
    plan.agent_arguments = {"agent", fmt::format("--host={}", index),
                            "--dir=" + plan.directory.string(),
                            "--node-program=" + request.node_program.string()};
    if (request.base_port) {
      plan.agent_arguments.push_back(ports_argument(*request.base_port, index));
    }
    for (const auto* arguments : {&request.configuration_arguments, &settings}) {
      plan.agent_arguments.insert(plan.agent_arguments.end(), arguments->begin(), arguments->end());
    }
    options.hosts.push_back(std::move(plan));
  }
  return options;
}

}  // namespace millrace
