#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/run_files.hpp"

namespace millrace {

/// What the run files of one host say, checked against the processes that live now.
struct HostStatus {
  std::string host;
  std::filesystem::path directory;
  std::optional<AgentRecord> agent;
  bool agent_alive = false;
  std::optional<NodeRecord> node;
  bool node_alive = false;
  std::string problem;  ///< A record that is there but cannot be read.

  /// The agent lives, and so does its node, which has bound its listeners.
  [[nodiscard]] bool is_fine() const;
};

/// What a cluster's directory says.
struct ClusterStatus {
  std::filesystem::path directory;
  std::string cluster_id;  ///< Empty when none was made yet.
  std::optional<LauncherRecord> launcher;
  bool launcher_alive = false;
  std::vector<HostStatus> hosts;  ///< Ordered by number.
};

/// Reads the run files of a cluster. A directory without any gives a status without hosts.
[[nodiscard]] ClusterStatus read_cluster_status(const std::filesystem::path& directory);

/// The id of the cluster that a directory belongs to; made up the first time.
/// Errors: corrupt for an id that cannot be one, unavailable when it cannot be written.
[[nodiscard]] Result<std::string> cluster_id_of(const std::filesystem::path& directory);

}  // namespace millrace
