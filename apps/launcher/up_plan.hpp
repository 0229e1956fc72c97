#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/config/configuration.hpp"
#include "apps/launcher/launcher.hpp"

namespace millrace {

inline constexpr int host_count_max = 64;
/// Ports of host i from --base-port on: client, link and HTTP at base + 10 i, + 1 and + 2.
inline constexpr int ports_per_host = 10;

/// What `up` was asked for.
struct UpRequest {
  int host_count = 3;
  std::filesystem::path directory;  ///< Absolute.
  std::filesystem::path node_program;
  std::optional<int> base_port;
  std::vector<std::string> configuration_arguments;  ///< As given by the user, for the agents.
};

/// Turns a request into the hosts to start. Each gets an agent, a directory, all roles unless the
/// configuration says otherwise, and ports from the kernel unless --base-port or, for a single
/// host, the configuration names them. Every node's coordinator may hold office.
[[nodiscard]] LauncherOptions plan_cluster(const UpRequest& request,
                                           const Configuration& configuration,
                                           const std::string& cluster_id);

}  // namespace millrace
