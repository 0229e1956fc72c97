#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace millrace {

/// One process that was ended, or not.
struct EndedProcess {
  std::string kind;  ///< launcher, agent or node
  std::string host;  ///< Empty for the launcher.
  int process_id = 0;
  enum class How : std::uint8_t { by_itself, killed, still_lives } how = How::by_itself;
};
[[nodiscard]] std::string_view name_of(EndedProcess::How how);

/// Ends every agent and node that the run files of a cluster name: agents are asked to drain their
/// node, nodes without an agent to drain, and after `timeout` what is left is killed.
[[nodiscard]] std::vector<EndedProcess> end_hosts(const std::filesystem::path& directory,
                                                  Duration timeout);

/// The same with the launcher first, which drains its hosts when it is asked to end.
[[nodiscard]] std::vector<EndedProcess> end_cluster(const std::filesystem::path& directory,
                                                    Duration timeout);

}  // namespace millrace
