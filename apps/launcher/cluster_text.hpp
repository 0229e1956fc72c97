#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "apps/agent/agent_message.hpp"
#include "apps/config/output.hpp"

namespace millrace {

/// Where clients begin: the first address of each living member, separated by commas.
[[nodiscard]] std::string bootstrap_text(const ClusterMap& map);

/// Address of the console of the first member that has one, or nothing.
[[nodiscard]] std::string console_text(const ClusterMap& map);

/// One line about a cluster that serves, for a service manager.
[[nodiscard]] std::string status_line(const ClusterMap& map);

/// The first of a list of listeners as `host:port`, or nothing when it cannot be read.
[[nodiscard]] std::string first_address(std::string_view listeners);

/// What `up` prints when the cluster is ready.
[[nodiscard]] std::string cluster_text(const std::filesystem::path& directory,
                                       const std::string& cluster_id, const ClusterMap& map,
                                       OutputFormat format);

}  // namespace millrace
