#include "apps/node/node_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "apps/agent/agent_channel.hpp"
#include "apps/assembly/node_assembly.hpp"
#include "apps/config/config_command.hpp"
#include "apps/node/node_settings.hpp"
#include "base/log_event.hpp"
#include "runtime/production_environment.hpp"
#include "runtime/transport/asio/asio_transport.hpp"
#include "state/disk/identity/data_directory.hpp"
#include "state/disk/identity/start_note.hpp"
#include "state/disk/posix/posix_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "state/meta/embedded/embedded_metadata_store.hpp"

namespace millrace {
namespace {

constexpr std::size_t device_threads = 2;
constexpr std::size_t scheduler_threads = 2;
constexpr int exit_unwell = 70;  // As sysexits.h: an internal failure; the agent starts us again.

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<std::uint64_t> resident_bytes_of_process() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  if (!(file >> all >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Everything of one process, in the order in which it must be destroyed from the bottom up.
class NodeProcess {
 public:
  [[nodiscard]] Status prepare(const Configuration& configuration, std::string version);
  [[nodiscard]] Status start();
  [[nodiscard]] int serve();

 private:
  [[nodiscard]] Status open_data();
  /// Makes sure that no other process uses the data directory, for as long as this one lives.
  [[nodiscard]] Status lock_data();
  [[nodiscard]] metadata::OpenMetadataStore metadata_opener() const;
  [[nodiscard]] Status report_ready();
  /// Reads what the agent has sent. False once the agent is gone.
  [[nodiscard]] bool read_agent();
  void take_signal(int signal);
  void log_actors() const;
  void take(const ClusterMap& map);
  void end_by_signal();

  Configuration configuration_;
  NodeSettings settings_;
  NodeContext::Identity identity_;
  FileDescriptor agent_;
  AgentDecoder agent_frames_;
  FileDescriptor unwell_;
  FileDescriptor data_lock_;
  bool draining_ = false;

  std::unique_ptr<PosixDisk> disk_;
  std::vector<std::unique_ptr<SegmentedLogStore>> logs_;
  AsioEventLoop loop_;
  std::unique_ptr<AsioTransport> transport_;
  std::unique_ptr<ProductionEnvironment> environment_;
  std::unique_ptr<NodeContext> context_;
  std::unique_ptr<NodeAssembly> node_;
};

Status NodeProcess::prepare(const Configuration& configuration, std::string version) {
  configuration_ = configuration;
  auto settings = node_settings_of(configuration, preferred_ports_of_process());
  if (!settings) return tl::unexpected<Error>(settings.error());
  settings_ = std::move(*settings);
  settings_.version = std::move(version);
  settings_.resident_bytes = resident_bytes_of_process;
  const auto id = configuration.node_id();
  if (!id) return fail(Errc::malformed, "millrace.node.id is not set");
  identity_.node = *id;
  identity_.cluster_id = configuration.get(key::cluster_id);
  if (identity_.cluster_id.empty()) return fail(Errc::malformed, "millrace.cluster.id is not set");
  const auto incarnation = configuration.get(key::node_incarnation);
  identity_.incarnation =
      Incarnation{static_cast<std::uint64_t>(std::max<std::int64_t>(incarnation, 1))};
  auto channel = take_inherited_channel(agent_channel_variable);
  if (!channel) return tl::unexpected<Error>(channel.error());
  agent_ = std::move(*channel);
  return {};
}

Status NodeProcess::lock_data() {
  const std::string path = configuration_.get(key::data_dir) + ".lock";
  data_lock_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!data_lock_.is_open()) return fail(Errc::unavailable, "cannot open " + path);
  if (::flock(data_lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return fail(Errc::unavailable, "another process uses the data directory: " + path);
}

Status NodeProcess::open_data() {
  disk_ = std::make_unique<PosixDisk>(configuration_.get(key::data_dir));
  if (auto made = disk_->make_folders(""); !made) return wrap(made.error(), "data.dir");
  if (auto alone = lock_data(); !alone) return alone;
  auto opened = open_data_directory(
      *disk_, {identity_.cluster_id, identity_.node, first_line("/proc/sys/kernel/random/boot_id"),
               first_line("/proc/sys/kernel/random/uuid")});
  if (!opened) return wrap(opened.error(), "data.dir " + configuration_.get(key::data_dir));
  std::random_device entropy;
  settings_.starts = note_start(*disk_, StartId{std::uint64_t{entropy()} << 32 | entropy() | 1});
  if (settings_.starts->present == StartId{}) {
    log_event(EventLevel::warn, "start_not_noted", {{"node", identity_.node.value()}});
  }
  SegmentedLogOptions options;
  options.segment_bytes =
      static_cast<std::uint64_t>(configuration_.get(key::log_segment_file_size));
  options.index_interval_bytes =
      static_cast<std::uint64_t>(configuration_.get(key::log_index_interval_size));
  options.reserve_bytes = settings_.device_options.reserve_bytes;
  for (std::size_t i = 0; i < device_threads; ++i) {
    logs_.push_back(std::make_unique<SegmentedLogStore>(*disk_, options));
  }
  return {};
}

metadata::OpenMetadataStore NodeProcess::metadata_opener() const {
  if (!settings_.office_candidates.contains(identity_.node)) return {};
  std::string folder = configuration_.get(key::metadata_dir);
  if (folder.empty()) folder = configuration_.get(key::data_dir) + "/metadata";
  return [folder, cluster = identity_.cluster_id]() -> Result<std::unique_ptr<MetadataStore>> {
    auto store = EmbeddedMetadataStore::open({.folder = folder, .cluster_id = cluster});
    if (!store) return tl::unexpected<Error>(store.error());
    return std::move(*store);
  };
}

Status NodeProcess::start() {
  if (auto opened = open_data(); !opened) return opened;
  transport_ = std::make_unique<AsioTransport>(loop_);
  loop_.start();
  environment_ = std::make_unique<ProductionEnvironment>(scheduler_threads);
  std::random_device entropy;
  context_ = std::make_unique<NodeContext>(*environment_, identity_,
                                           Random(std::uint64_t{entropy()} << 32 | entropy()));
  unwell_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  NodePorts ports{*transport_, {}, metadata_opener()};
  for (const auto& logs : logs_) ports.devices.push_back(logs.get());
  const auto serving = std::make_shared<std::promise<void>>();
  auto node = NodeAssembly::start(
      *context_, std::move(ports), settings_,
      [this](const std::string& reason) {
        log_event(EventLevel::error, "node_unwell", {{"reason", reason}});
        const std::uint64_t one = 1;
        (void)!::write(unwell_.get(), &one, sizeof one);
      },
      [serving] { serving->set_value(); });
  if (!node) return tl::unexpected<Error>(node.error());
  serving->get_future().wait();  // Who hears that we are ready may connect at once.
  node_ = std::move(*node);
  return report_ready();
}

Status NodeProcess::report_ready() {
  const NodeEndpoints& endpoints = node_->endpoints();
  millrace::Member self;
  self.node = identity_.node;
  self.host = configuration_.get(key::host_name);
  self.incarnation = identity_.incarnation;
  std::vector<Listener> clients;
  for (const ClientListener& one : endpoints.listeners) {
    clients.push_back({one.name, one.at.host, one.at.port});
  }
  self.client_listeners = to_string(clients);
  self.link_listener = to_string(endpoints.link);
  if (endpoints.console.port != 0) self.http_listener = to_string(endpoints.console);
  log_event(EventLevel::info, "node_ready",
            {{"node", identity_.node.value()},
             {"incarnation", identity_.incarnation.value()},
             {"client", self.client_listeners},
             {"link", self.link_listener},
             {"http", self.http_listener}});
  if (!agent_.is_open()) return {};
  return write_message(agent_.get(), NodeReady{self});
}

bool NodeProcess::read_agent() {
  std::byte bytes[4096];
  const ssize_t size = ::read(agent_.get(), bytes, sizeof bytes);
  if (size <= 0) return false;
  agent_frames_.feed({bytes, static_cast<std::size_t>(size)});
  for (;;) {
    auto message = agent_frames_.next();
    if (!message) {
      log_event(EventLevel::error, "agent_channel_damaged", {{"error", message.error().message}});
      return false;
    }
    if (!*message) return true;
    if (const auto* map = std::get_if<ClusterMap>(&**message)) take(*map);
    if (std::holds_alternative<Drain>(**message)) end_by_signal();
  }
}

void NodeProcess::take(const ClusterMap& map) {
  std::vector<NodeAssembly::LinkMember> members;
  for (const millrace::Member& member : map.members) {
    auto link = parse_listener(member.link_listener);
    if (!link) continue;
    members.push_back({member.node, {link->host, link->port}, member.incarnation});
  }
  node_->set_members(members);
}

void NodeProcess::end_by_signal() {
  if (draining_) std::_Exit(0);
  draining_ = true;
  log_event(EventLevel::info, "node_draining", {{"node", identity_.node.value()}});
  context_->stop(root_name);
}

void NodeProcess::take_signal(int signal) {
  if (signal == SIGUSR1) return log_actors();
  if (signal == SIGHUP) {
    log_event(EventLevel::warn, "reload_refused",
              {{"reason", "reloading the configuration is not built yet"}});
    return;
  }
  end_by_signal();
}

void NodeProcess::log_actors() const {
  for (const ActorView& actor : context_->actors()) {
    log_event(EventLevel::info, "actor",
              {{"name", actor.name},
               {"running", actor.stats.running},
               {"handled", actor.stats.handled},
               {"dropped", actor.stats.dropped},
               {"depth", actor.stats.mailbox_depth},
               {"last_error", actor.stats.last_error}});
  }
}

/// SIGTERM and SIGINT drain, SIGUSR1 lists the actors in the log, SIGHUP is refused by name.
sigset_t served_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
  return signals;
}

int NodeProcess::serve() {
  const sigset_t signals = served_signals();
  const FileDescriptor signal_source(::signalfd(-1, &signals, SFD_CLOEXEC));
  while (!draining_) {
    pollfd sources[] = {{signal_source.get(), POLLIN, 0},
                        {unwell_.get(), POLLIN, 0},
                        {agent_.is_open() ? agent_.get() : -1, POLLIN, 0}};
    if (::poll(sources, 3, -1) < 0) continue;
    if (sources[0].revents != 0) {
      signalfd_siginfo info;
      (void)!::read(signal_source.get(), &info, sizeof info);
      take_signal(static_cast<int>(info.ssi_signo));
    }
    if (sources[1].revents != 0) return exit_unwell;
    if (sources[2].revents != 0 && !read_agent()) {
      log_event(EventLevel::warn, "agent_gone", {{"node", identity_.node.value()}});
      agent_ = FileDescriptor();
    }
  }
  // From here on a second signal ends the process at once, by its default action.
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  environment_->await_actors();
  // The last answers are on their way. Who does not take them must not cost us a clean end: the
  // agent kills what has not ended after millrace.drain.timeout.
  if (!transport_->await_drained(
          std::min<Duration>(3s, configuration_.get(key::drain_timeout) / 4))) {
    log_event(EventLevel::warn, "answers_dropped", {{"node", identity_.node.value()}});
  }
  loop_.stop();  // Its sinks reach into the context: nothing may run them any more.
  log_event(EventLevel::info, "node_stopped", {{"node", identity_.node.value()}});
  return 0;
}

/// Says what is wrong with a configuration; true if a node may start with it.
bool report(const ConfigurationOutcome& outcome) {
  for (const Finding& finding : outcome.findings) {
    const bool is_error = finding.severity == Finding::Severity::error;
    log_event(is_error ? EventLevel::error : EventLevel::warn, "config_finding",
              {{"code", finding.code}, {"message", finding.message}, {"next", finding.next}});
  }
  return outcome.usable();
}

void log_as(const std::string& format, const std::string& level) {
  start_event_log(line_format_named(format, ::isatty(STDERR_FILENO) == 1),
                  event_level_named(level));
}

ExitCode refuse(const Error& error) {
  log_event(EventLevel::error, "node_not_started", {{"error", error.message}});
  return ExitCode::failed;
}

}  // namespace

namespace {

/// Requests and answers are megabytes, by the thousand. Given back to the kernel each time, their
/// pages would be cleared anew for the next ones, which costs more than filling them.
void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_ARENA_MAX, 4);  // What each of them keeps adds up.
}

}  // namespace

ExitCode run_node(std::span<const std::string> arguments, std::string version) {
  keep_freed_memory();
  // Every thread that follows inherits the mask: signals arrive where serve() waits for them.
  const sigset_t signals = served_signals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  log_as("auto", "info");  // Until the configuration is known.

  auto line = CommandLine::parse(arguments, configuration_options());
  if (!line) {
    (void)refuse(line.error());
    return ExitCode::usage;
  }
  auto outcome = configuration_of(*line);
  if (!outcome) return refuse(outcome.error());
  log_as(outcome->configuration.get(key::log_format), outcome->configuration.get(key::log_level));
  if (!report(*outcome)) return ExitCode::usage;
  NodeProcess process;
  if (auto prepared = process.prepare(outcome->configuration, std::move(version)); !prepared) {
    return refuse(prepared.error());
  }
  if (auto started = process.start(); !started) {
    (void)refuse(started.error());
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(ExitCode::failed));
  }
  const int code = process.serve();
  if (code != 0) {
    // Supervision gave up: what is left of the actors cannot be trusted to end in order.
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return ExitCode::fine;
}

}  // namespace millrace
