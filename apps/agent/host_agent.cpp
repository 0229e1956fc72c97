#include "apps/agent/host_agent.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <array>

#include "apps/agent/process_clock.hpp"
#include "base/check.hpp"

namespace millrace {
namespace {

// How often the node's log is looked at when nothing happens.
constexpr std::chrono::milliseconds housekeeping_interval = 10s;

int poll_timeout(std::optional<Instant> deadline) {
  if (!deadline) return static_cast<int>(housekeeping_interval.count());
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - monotonic_now());
  return static_cast<int>(
      std::clamp(left, std::chrono::milliseconds(0), housekeeping_interval).count());
}

}  // namespace

HostAgent::HostAgent(HostAgentOptions options, SignalSource signals, ChannelEnd launcher,
                     EventLog log)
    : options_(std::move(options)),
      signals_(std::move(signals)),
      launcher_(std::move(launcher)),
      had_launcher_(launcher_.is_open()),
      log_(log) {
  CHECK(options_.directory.is_absolute());
  CHECK(options_.host >= 0);
}

Result<bool> HostAgent::run() {
  if (auto taken = take_host(); !taken) return tl::unexpected(taken.error());
  feed(SupervisionBegan{});
  while (!policy_.is_finished()) wait_for_events();
  (void)launcher_.flush();
  remove_agent_record(options_.directory);
  return was_drained_;
}

Status HostAgent::take_host() {
  if (auto made = make_directories(options_.directory); !made) return made;
  auto lock = lock_directory(options_.directory, "agent.lock");
  if (!lock) return tl::unexpected(lock.error());
  lock_ = *std::move(lock);
  node_.member.node = NodeId(options_.host);
  node_.member.host = host_name(options_.host);
  if (const auto last = read_node_record(options_.directory)) {
    if (is_alive(last->process)) {
      return fail(Errc::unavailable, fmt::format("a node of an earlier agent still lives: {}",
                                                 last->process.process_id));
    }
    ports_ = ports_of(last->member);
  }
  if (options_.ports) ports_ = *options_.ports;
  auto process = record_of_process(::getpid(), options_.directory.string());
  if (!process) return tl::unexpected(process.error());
  return write_record(options_.directory, AgentRecord{*std::move(process), node_.member.node,
                                                      node_.member.host, wall_clock_now()});
}

void HostAgent::wait_for_events() {
  // A negative descriptor is one that poll leaves out.
  std::array<pollfd, 3> sources = {{
      {signals_.descriptor(), POLLIN, 0},
      {launcher_.descriptor(), launcher_.wanted_events(), 0},
      {node_channel_.descriptor(), node_channel_.wanted_events(), 0},
  }};
  const int count = ::poll(sources.data(), sources.size(), poll_timeout(policy_.next_deadline()));
  if (count == 0) rotate_log(node_log());
  // The node's last words come before its end.
  if (sources[2].revents != 0) on_node_messages();
  if (sources[1].revents != 0) on_launcher_messages();
  if (sources[0].revents != 0) on_signals();
  feed(TimePassed{});
}

void HostAgent::on_signals() {
  for (const int number : signals_.take()) {
    if (number == SIGTERM || number == SIGINT) feed(DrainRequested{options_.drain_timeout});
  }
  while (const auto end = take_ended_child()) {
    if (node_runs_ && end->process_id == node_.process.process_id) on_child_ended(*end);
  }
}

void HostAgent::on_child_ended(const ChildEnd& end) {
  on_node_messages();
  node_runs_ = false;
  node_channel_ = ChannelEnd();
  const bool is_clean = end.exit_code == 0 && end.signal == 0;
  feed(NodeEnded{is_clean});
  NodeExited exited{
      node_.member.node, node_.member.incarnation, end.exit_code, end.signal, is_clean, {}};
  if (policy_.is_waiting()) {
    exited.restart_in = std::max(
        std::chrono::milliseconds(0),
        std::chrono::ceil<std::chrono::milliseconds>(*policy_.next_deadline() - monotonic_now()));
  }
  node_.state = is_clean ? NodeState::drained : NodeState::exited;
  save_node();
  log_.info("node_exited", {{"node", std::int64_t{options_.host}},
                            {"incarnation", static_cast<std::int64_t>(exited.incarnation.value())},
                            {"exit_code", std::int64_t{end.exit_code}},
                            {"signal", std::int64_t{end.signal}},
                            {"restart_in_ms", exited.restart_in.count()}});
  tell_launcher(exited);
}

void HostAgent::on_launcher_messages() {
  (void)launcher_.flush();
  for (const AgentMessage& message : launcher_.receive()) {
    if (const auto* map = std::get_if<ClusterMap>(&message)) {
      pass_map(*map);
    } else if (const auto* drain = std::get_if<Drain>(&message)) {
      feed(DrainRequested{drain->timeout});
    } else if (std::holds_alternative<StopNow>(message)) {
      feed(EndRequested{});
    }
  }
  if (!launcher_.is_open()) log_.warn("launcher_lost");
}

void HostAgent::on_node_messages() {
  (void)node_channel_.flush();
  for (AgentMessage& message : node_channel_.receive()) {
    if (auto* ready = std::get_if<NodeReady>(&message)) on_node_ready(std::move(*ready));
  }
}

void HostAgent::on_node_ready(NodeReady ready) {
  Member& member = ready.member;
  if (member.node != node_.member.node || member.incarnation != node_.member.incarnation) {
    log_.warn("node_ready_refused", {{"node", std::int64_t{member.node.value()}}});
    return;
  }
  member.host = node_.member.host;
  member.alive = true;
  node_.member = member;
  node_.state = NodeState::ready;
  ports_ = ports_of(member);
  save_node();
  log_.info("node_ready", {{"node", std::int64_t{options_.host}},
                           {"incarnation", static_cast<std::int64_t>(member.incarnation.value())},
                           {"client", member.client_listeners},
                           {"link", member.link_listener},
                           {"http", member.http_listener}});
  tell_launcher(ready);
  if (!launcher_.is_open()) pass_map_without_launcher();
}

void HostAgent::pass_map_without_launcher() {
  // An agent whose launcher went away before the cluster was complete does not know the others.
  if (had_launcher_ && !map_) return;
  ClusterMap map = map_.value_or(ClusterMap{});
  map.revision = Revision(map.revision.value() + 1);
  std::erase_if(map.members, [&](const Member& m) { return m.node == node_.member.node; });
  const auto behind = [&](const Member& m) { return m.node > node_.member.node; };
  map.members.insert(std::ranges::find_if(map.members, behind), node_.member);
  pass_map(std::move(map));
}

void HostAgent::pass_map(ClusterMap map) {
  map_ = std::move(map);
  if (node_.state != NodeState::ready || !node_channel_.is_open()) return;
  if (auto sent = node_channel_.send(*map_); !sent) {
    log_.warn("map_not_passed", {{"error", sent.error().message}});
  }
}

void HostAgent::tell_launcher(const AgentMessage& message) {
  if (!launcher_.is_open()) return;
  if (auto sent = launcher_.send(message); !sent) {
    log_.warn("launcher_not_told", {{"error", sent.error().message}});
  }
}

void HostAgent::feed(const RestartEvent& event) {
  for (const RestartEffect& effect : policy_.step(monotonic_now(), event)) {
    std::visit([this](const auto& each) { perform(each); }, effect);
  }
}

void HostAgent::perform(const StartNode&) {
  auto started = start_node();
  if (started) return;
  log_.error("node_not_started", {{"error", started.error().message}});
  feed(NodeEnded{false});
}

void HostAgent::perform(const DrainNode&) {
  log_.info("node_draining", {{"node", std::int64_t{options_.host}}});
  ::kill(node_.process.process_id, SIGTERM);
}

void HostAgent::perform(const KillNode&) {
  log_.warn("node_killed", {{"node", std::int64_t{options_.host}}});
  ::kill(node_.process.process_id, SIGKILL);
}

void HostAgent::perform(const FinishSupervision& finish) { was_drained_ = finish.is_clean; }

Status HostAgent::start_node() {
  const auto incarnation = take_next_incarnation(options_.directory);
  if (!incarnation) return tl::unexpected(incarnation.error());
  if (has_started_) ++node_.restart_count;
  has_started_ = true;
  node_.member.incarnation = *incarnation;
  node_.state = NodeState::starting;
  node_.started_at = wall_clock_now();
  rotate_log(node_log());
  ChildCommand command{options_.node_program,
                       node_arguments(),
                       {{preferred_ports_variable, to_string(ports_)}},
                       node_log(),
                       agent_channel_variable,
                       [this] {
                         auto process = record_of_process(::getpid(), options_.directory.string());
                         if (!process) return;
                         node_.process = *std::move(process);
                         save_node();
                       }};
  auto child = spawn_process(command);
  if (!child) return tl::unexpected(child.error());
  node_runs_ = true;
  node_channel_ = ChannelEnd(std::move(child->channel));
  node_.process.process_id = child->process_id;
  if (auto process = record_of_process(child->process_id, options_.directory.string())) {
    node_.process = *std::move(process);
  }
  log_.info("node_started", {{"node", std::int64_t{options_.host}},
                             {"incarnation", static_cast<std::int64_t>(incarnation->value())},
                             {"pid", std::int64_t{child->process_id}}});
  tell_launcher(NodeSpawned{node_.member.node, *incarnation, child->process_id});
  return {};
}

void HostAgent::save_node() {
  if (auto saved = write_record(options_.directory, node_); !saved) {
    log_.warn("node_record_not_written", {{"error", saved.error().message}});
  }
}

std::vector<std::string> HostAgent::node_arguments() const {
  std::vector<std::string> arguments = {"node"};
  arguments.insert(arguments.end(), options_.node_arguments.begin(), options_.node_arguments.end());
  const auto set = [&](std::string_view name, std::string_view value) {
    arguments.push_back(fmt::format("--set={}={}", name, value));
  };
  set("millrace.node.id", std::to_string(options_.host));
  set("tablet-server.id", std::to_string(options_.host));
  set("millrace.host.name", node_.member.host);
  set("millrace.node.incarnation", to_string(node_.member.incarnation));
  set("data.dir", (options_.directory / "data").string());
  return arguments;
}

std::filesystem::path HostAgent::node_log() const { return options_.directory / "log/node.log"; }

}  // namespace millrace
