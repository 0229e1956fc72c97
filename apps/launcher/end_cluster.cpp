#include "apps/launcher/end_cluster.hpp"

#include <signal.h>

#include <algorithm>

#include "apps/agent/process_clock.hpp"
#include "apps/launcher/cluster_directory.hpp"

namespace millrace {
namespace {

// What a killed process may take until the kernel has ended it.
constexpr Duration kill_time = 5s;

struct Target {
  EndedProcess process;
  ProcessHandle handle;
};

void add_target(std::vector<Target>& targets, const std::string& kind, const std::string& host,
                const ProcessRecord& record) {
  auto handle = ProcessHandle::open(record);
  if (handle) targets.push_back({{kind, host, record.process_id}, *std::move(handle)});
}

// Everything that lives, agents before nodes: an agent that outlived its node would start it again.
std::vector<Target> living_targets(const std::filesystem::path& directory) {
  const ClusterStatus status = read_cluster_status(directory);
  std::vector<Target> targets;
  for (const HostStatus& host : status.hosts) {
    if (host.agent) add_target(targets, "agent", host.host, host.agent->process);
  }
  for (const HostStatus& host : status.hosts) {
    if (host.node) add_target(targets, "node", host.host, host.node->process);
  }
  return targets;
}

bool has_agent(const std::vector<Target>& targets, const Target& node) {
  return std::ranges::any_of(targets, [&](const Target& other) {
    return other.process.kind == "agent" && other.process.host == node.process.host;
  });
}

// Agents write down how their node ended; they kill one that drains for too long.
void ask_agents(const std::filesystem::path& directory, const std::vector<Target>& targets,
                std::vector<EndedProcess>& ended) {
  for (EndedProcess& process : ended) {
    if (process.kind != "node" || process.how != EndedProcess::How::by_itself) continue;
    const auto same = [&](const Target& target) { return target.process.host == process.host; };
    const auto node = std::ranges::find_if(targets, same);
    if (node == targets.end() || !has_agent(targets, *node)) continue;
    const auto record = read_node_record(directory / process.host);
    const bool killed = record && record->process.process_id == process.process_id &&
                        record->state == NodeState::exited;
    if (killed) process.how = EndedProcess::How::killed;
  }
}

// A node with an agent is drained by it; a signal of ours would be the node's second one.
void ask_to_drain(const std::vector<Target>& targets) {
  for (const Target& target : targets) {
    const bool is_agent = target.process.kind == "agent";
    if (is_agent || !has_agent(targets, target)) target.handle.signal(SIGTERM);
  }
}

Duration time_until(Instant deadline) { return std::max(Duration(0), deadline - monotonic_now()); }

void kill(Target& target) {
  target.handle.signal(SIGKILL);
  const bool ended = target.handle.wait_for_end(kill_time);
  target.process.how = ended ? EndedProcess::How::killed : EndedProcess::How::still_lives;
}

}  // namespace

std::string_view name_of(EndedProcess::How how) {
  switch (how) {
    case EndedProcess::How::by_itself:
      return "drained";
    case EndedProcess::How::killed:
      return "killed";
    case EndedProcess::How::still_lives:
      return "still lives";
  }
  return "still lives";
}

std::vector<EndedProcess> end_hosts(const std::filesystem::path& directory, Duration timeout) {
  const Instant deadline = monotonic_now() + timeout;
  std::vector<Target> targets = living_targets(directory);
  ask_to_drain(targets);
  std::vector<EndedProcess> ended;
  for (Target& target : targets) {
    if (!target.handle.wait_for_end(time_until(deadline))) kill(target);
    ended.push_back(target.process);
  }
  ask_agents(directory, targets, ended);
  // An agent may have started its node again just before it was killed.
  for (Target& target : living_targets(directory)) {
    kill(target);
    ended.push_back(target.process);
  }
  for (const HostStatus& host : read_cluster_status(directory).hosts) {
    if (!host.agent_alive) remove_agent_record(host.directory);
  }
  return ended;
}

std::vector<EndedProcess> end_cluster(const std::filesystem::path& directory, Duration timeout) {
  const Instant deadline = monotonic_now() + timeout;
  std::vector<EndedProcess> ended;
  const ClusterStatus status = read_cluster_status(directory);
  std::vector<Target> launcher;
  if (status.launcher) add_target(launcher, "launcher", "", status.launcher->process);
  // What the launcher ends is reported too.
  const std::vector<Target> before =
      launcher.empty() ? std::vector<Target>() : living_targets(directory);
  for (Target& target : launcher) {
    target.handle.signal(SIGTERM);
    if (!target.handle.wait_for_end(time_until(deadline))) kill(target);
    ended.push_back(target.process);
  }
  for (const Target& target : before) {
    if (target.handle.wait_for_end(Duration(0))) ended.push_back(target.process);
  }
  ask_agents(directory, before, ended);
  const auto left = end_hosts(directory, time_until(deadline));
  ended.insert(ended.end(), left.begin(), left.end());
  remove_launcher_record(directory);
  return ended;
}

}  // namespace millrace
