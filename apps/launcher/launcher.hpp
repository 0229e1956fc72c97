#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/channel_end.hpp"
#include "apps/agent/child_process.hpp"
#include "apps/agent/cluster_members.hpp"
#include "apps/agent/event_log.hpp"
#include "apps/agent/preferred_ports.hpp"
#include "apps/agent/signal_source.hpp"
#include "apps/config/command_line.hpp"

namespace millrace {

/// One host to start.
struct HostPlan {
  int index = 0;
  std::filesystem::path directory;
  std::vector<std::string> agent_arguments;
};

struct LauncherOptions {
  std::filesystem::path directory;  ///< Of the cluster; absolute.
  std::filesystem::path agent_program;
  std::vector<HostPlan> hosts;
  Duration ready_timeout = 30s;
  Duration drain_timeout = 10s;
};

/// Why a cluster did not come up.
struct StartFailure {
  ExitCode code = ExitCode::failed;
  std::string message;
  std::vector<std::string> log_lines;  ///< The last ones of the node or agent to blame.
};

/// Who hears how far a cluster is.
struct ClusterProgress {
  std::function<void(const ClusterMap&)> on_ready;  ///< Once, when every node is ready.
  std::function<void()> on_ending;                  ///< Once, when its processes are told to end.
};

/// Starts the agents of a cluster, tells their nodes about each other, and ends them all together.
class Launcher {
 public:
  Launcher(LauncherOptions options, SignalSource signals, EventLog log, ClusterProgress progress);

  /// Runs until it is told to end by a signal, or until no host is left. The first signal drains,
  /// the second one kills. Afterwards nothing that was started lives.
  [[nodiscard]] ExitCode run();

  /// Set when the cluster was ended because it did not come up.
  [[nodiscard]] const std::optional<StartFailure>& failure() const { return failure_; }

 private:
  enum class Phase { starting, serving, draining, ending, finished };
  struct Host {
    HostPlan plan;
    int agent_process = 0;
    ChannelEnd channel;
    bool agent_runs = false;
    bool ended_well = false;  ///< Its node has drained.
    int exits_before_ready = 0;
  };

  void start_agents();
  void wait_for_events();
  void on_signal(int number);
  void on_agent_ended(const ChildEnd& end);
  void on_messages(Host& host);
  void on_message(Host& host, const NodeSpawned& started);
  void on_message(Host& host, const NodeReady& ready);
  void on_message(Host& host, const NodeExited& exited);
  void on_message(Host& host, const ClusterMap&) { refuse(host); }
  void on_message(Host& host, const Drain&) { refuse(host); }
  void on_message(Host& host, const StopNow&) { refuse(host); }
  void refuse(Host& host);
  void tell_all(const AgentMessage& message);
  void tell_map();
  void on_deadline();
  void give_up(ExitCode code, std::string message, const std::filesystem::path& blamed_log);
  void blame_slow_host();
  void begin_drain();
  void begin_end();
  void check_all_ended();
  void end_leftovers();

  LauncherOptions options_;
  SignalSource signals_;
  EventLog log_;
  ClusterProgress progress_;
  std::vector<Host> hosts_;
  ClusterMembers members_;
  Phase phase_ = Phase::starting;
  std::optional<Instant> deadline_;
  bool in_a_hurry_ = false;  ///< What is left is killed instead of drained.
  ExitCode exit_code_ = ExitCode::fine;
  std::optional<StartFailure> failure_;
};

}  // namespace millrace
