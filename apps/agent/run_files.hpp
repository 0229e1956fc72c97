// What agents and launchers leave on disk about the processes they started, so that others find
// them:
//
//   CLUSTER/run/launcher.json, launcher.lock     the `up` that holds the directory
//   CLUSTER/cluster.id                           made by the first `up`
//   CLUSTER/host-N/run/agent.json, agent.lock    the agent that holds the host
//   CLUSTER/host-N/run/node.json, incarnation    its node, and how often it was started
//   CLUSTER/host-N/log/node.log, agent.log
//   CLUSTER/host-N/data                          the node's own
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "apps/agent/agent_message.hpp"
#include "apps/agent/file_descriptor.hpp"
#include "apps/agent/process_record.hpp"

namespace millrace {

enum class NodeState : std::uint8_t {
  starting,  ///< Started, listeners not bound yet.
  ready,
  exited,   ///< Ended, and will be started again unless its agent is gone.
  drained,  ///< Ended by itself after a request to drain.
};
[[nodiscard]] std::string_view name_of(NodeState state);

struct NodeRecord {
  ProcessRecord process;
  Member member;  ///< Listeners are those of the last start that was ready.
  NodeState state = NodeState::starting;
  std::int64_t restart_count = 0;  ///< Since the agent started.
  EpochMillis started_at = 0;
};

struct AgentRecord {
  ProcessRecord process;
  NodeId node;
  std::string host;
  EpochMillis started_at = 0;
};

struct LauncherRecord {
  ProcessRecord process;
  std::int64_t host_count = 0;
  EpochMillis started_at = 0;
};

/// Records are written whole or not at all. Reading gives unavailable when there is none and
/// corrupt when it cannot be understood.
[[nodiscard]] Status write_record(const std::filesystem::path& host, const NodeRecord& record);
[[nodiscard]] Status write_record(const std::filesystem::path& host, const AgentRecord& record);
[[nodiscard]] Status write_record(const std::filesystem::path& cluster,
                                  const LauncherRecord& record);
[[nodiscard]] Result<NodeRecord> read_node_record(const std::filesystem::path& host);
[[nodiscard]] Result<AgentRecord> read_agent_record(const std::filesystem::path& host);
[[nodiscard]] Result<LauncherRecord> read_launcher_record(const std::filesystem::path& cluster);
void remove_agent_record(const std::filesystem::path& host);
void remove_launcher_record(const std::filesystem::path& cluster);

/// Counts one more start of the host's node and returns its number. It is on disk before it is
/// used. Errors: corrupt for a counter that cannot be read, unavailable when it cannot be written.
[[nodiscard]] Result<Incarnation> take_next_incarnation(const std::filesystem::path& host);

/// Makes run/, log/ and the directory itself.
[[nodiscard]] Status make_directories(const std::filesystem::path& directory);

/// Holds `run/NAME` of a directory against every other process until the descriptor is closed.
/// Errors: unavailable when another process holds it.
[[nodiscard]] Result<FileDescriptor> lock_directory(const std::filesystem::path& directory,
                                                    std::string_view name);

/// The directory of host `index` of a cluster, and the host's name.
[[nodiscard]] std::filesystem::path host_directory(const std::filesystem::path& cluster, int index);
[[nodiscard]] std::string host_name(int index);

/// Replaces a small file: written beside it, synced, renamed.
[[nodiscard]] Status write_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace millrace
