#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/channel_end.hpp"
#include "apps/agent/child_process.hpp"
#include "apps/agent/event_log.hpp"
#include "apps/agent/preferred_ports.hpp"
#include "apps/agent/restart_policy.hpp"
#include "apps/agent/run_files.hpp"
#include "apps/agent/signal_source.hpp"

namespace millrace {

struct HostAgentOptions {
  int host = 0;                             ///< Also the id of its node.
  std::filesystem::path directory;          ///< Of the host; absolute.
  std::filesystem::path node_program;       ///< Absolute.
  std::vector<std::string> node_arguments;  ///< What configures the node, without who it is.
  std::optional<PreferredPorts> ports;      ///< Instead of those of the node's last start.
  Duration drain_timeout = 10s;
};

/// The parent of one host's node process: starts it, sees its end at once, starts it again, and
/// passes messages between it and the launcher. Dies without taking the node with it.
class HostAgent {
 public:
  /// An agent without a launcher channel tells its node a map of one.
  HostAgent(HostAgentOptions options, SignalSource signals, ChannelEnd launcher, EventLog log);

  /// Runs until the node has drained or was killed. True when it had drained.
  /// Errors: unavailable when another agent holds the host or a node of it still lives.
  [[nodiscard]] Result<bool> run();

 private:
  [[nodiscard]] Status take_host();
  void wait_for_events();
  void on_signals();
  void on_child_ended(const ChildEnd& end);
  void on_launcher_messages();
  void on_node_messages();
  void on_node_ready(NodeReady ready);
  void pass_map(ClusterMap map);
  void pass_map_without_launcher();
  void tell_launcher(const AgentMessage& message);
  void feed(const RestartEvent& event);
  void perform(const StartNode&);
  void perform(const DrainNode&);
  void perform(const KillNode&);
  void perform(const FinishSupervision& finish);
  [[nodiscard]] Status start_node();
  void save_node();
  [[nodiscard]] std::vector<std::string> node_arguments() const;
  [[nodiscard]] std::filesystem::path node_log() const;

  HostAgentOptions options_;
  SignalSource signals_;
  ChannelEnd launcher_;
  bool had_launcher_;
  EventLog log_;
  NodeRestartPolicy policy_{NodeRestartBackOff{}};
  FileDescriptor lock_;
  ChannelEnd node_channel_;
  NodeRecord node_;
  PreferredPorts ports_;
  std::optional<ClusterMap> map_;
  bool node_runs_ = false;
  bool has_started_ = false;
  bool was_drained_ = false;
};

}  // namespace millrace
