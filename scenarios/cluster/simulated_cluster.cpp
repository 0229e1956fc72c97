#include "scenarios/cluster/simulated_cluster.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/check.hpp"
#include "runtime/supervision/group_actor.hpp"

namespace millrace::scenarios {
namespace {

constexpr auto cluster_id = "simulated";
constexpr EpochMillis wall_clock = 1'700'000'000'000;
constexpr std::int64_t clock_skew_millis = 400;
constexpr std::uint64_t first_client_process = 1000;
constexpr Duration drain_time = 2s;

/// One node's way to the store that all of them share.
class SharedMetadataStore final : public MetadataStore {
 public:
  explicit SharedMetadataStore(MetadataStore& store) : store_(store) {}

  Result<Revision> newest() override { return store_.newest(); }
  Result<Revision> commit(Revision expected, const Buffer& delta) override {
    return store_.commit(expected, delta);
  }
  Result<std::vector<MetadataDelta>> read_after(Revision revision, std::size_t count_max) override {
    return store_.read_after(revision, count_max);
  }
  Result<std::optional<MetadataSnapshot>> snapshot() override { return store_.snapshot(); }
  Status put_snapshot(const MetadataSnapshot& snapshot) override {
    return store_.put_snapshot(snapshot);
  }

 private:
  MetadataStore& store_;
};

}  // namespace

SimulatedClient::SimulatedClient(Simulation& simulation, ProcessId process,
                                 client::ClientOptions options)
    : process_(process),
      transport_(simulation.network().transport_of(process)),
      loop_(simulation.queue(), wall_clock),
      client_(*transport_, loop_, std::move(options)) {}

SimulatedCluster::SimulatedCluster(std::uint64_t seed, ClusterShape shape)
    : shape_(std::move(shape)), simulation_(std::make_unique<Simulation>(seed)) {
  SegmentedLogOptions log_options;
  log_options.segment_bytes = shape_.segment_bytes;
  log_options.index_interval_bytes = 256;
  for (std::int32_t i = 0; i < shape_.nodes; ++i) {
    Node& node = nodes_.emplace_back();
    node.process = ProcessId{static_cast<std::uint64_t>(i) + 1};
    Random random = simulation_->random_for(fmt::format("host/{}", i));
    node.wall_at_start = wall_clock + random.between(-clock_skew_millis, clock_skew_millis);
    node.transport = simulation_->network().transport_of(node.process);
    for (std::int32_t d = 0; d < shape_.devices_per_node; ++d) {
      Device& device = node.devices.emplace_back();
      device.disk =
          std::make_unique<SimulatedDisk>(random.fork("disk").fork(static_cast<std::uint64_t>(d)));
      device.logs = std::make_unique<SegmentedLogStore>(*device.disk, log_options);
    }
  }
  for (std::int32_t i = 0; i < shape_.nodes; ++i) start(NodeId{i});
}

SimulatedCluster::~SimulatedCluster() {
  // Clients speak through the network to their last breath; actors refer to the assemblies.
  clients_.clear();
  simulation_.reset();
}

NodeSettings SimulatedCluster::settings_of(const Node& node, NodeId id, bool keep_ports) const {
  NodeSettings settings;
  settings.coordinator = NodeId{0};
  for (std::int32_t i = 0; i < shape_.nodes; ++i) settings.office_candidates.insert(NodeId{i});
  const std::string host = fmt::format("node{}", id.value());
  settings.client = {host, keep_ports ? node.endpoints.client.port : std::uint16_t{0}};
  settings.link = {host, keep_ports ? node.endpoints.link.port : std::uint16_t{0}};
  settings.version = "simulated";
  settings.starts = node.starts;
  settings.replica_options = shape_.replicas;
  settings.gateway_options = shape_.gateway;
  settings.in_flight_bytes_max = shape_.in_flight_bytes_max;
  return settings;
}

void SimulatedCluster::start(NodeId id, bool keep_ports) {
  Node& node = at(id);
  CHECK(node.assembly == nullptr);
  node.incarnation = Incarnation{node.incarnation.value() + 1};
  open_data(node, id);
  node.context =
      &simulation_->start_process({cluster_id, id, node.incarnation}, node.wall_at_start);
  NodePorts ports{*node.transport, {}, {}};
  for (const Device& device : node.devices) ports.devices.push_back(device.logs.get());
  ports.open_metadata = [this]() -> Result<std::unique_ptr<MetadataStore>> {
    return std::make_unique<SharedMetadataStore>(metadata_);
  };
  auto started =
      NodeAssembly::start(*node.context, std::move(ports), settings_of(node, id, keep_ports),
                          [this, id](const std::string& reason) {
                            unwell_.push_back(fmt::format("node {}: {}", id.value(), reason));
                          });
  CHECK(started.has_value());
  node.endpoints = (*started)->endpoints();
  node.assembly = started->get();
  assemblies_.push_back(std::move(*started));
  simulation_->run_for(1us);  // Its links are there now.
  introduce();
}

void SimulatedCluster::open_data(Node& node, NodeId id) {
  SimulatedDisk& disk = *node.devices.front().disk;
  // A node whose directory cannot be opened ends, and its agent starts it until it can.
  const SimulatedDisk::InjectedFaults faults = disk.exchange_faults({});
  const auto opened = open_data_directory(
      disk,
      {cluster_id, id, "boot", fmt::format("disk-{}-{}", id.value(), node.incarnation.value())});
  CHECK(opened.has_value());
  (void)disk.exchange_faults(faults);
  Random random =
      simulation_->random_for(fmt::format("start/{}/{}", id.value(), node.incarnation.value()));
  node.starts = note_start(disk, StartId{random.next() | 1});
}

void SimulatedCluster::introduce() {
  std::vector<NodeAssembly::LinkMember> members;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    // Who is down stays listed, as it was.
    if (node.incarnation == Incarnation{}) continue;
    members.push_back(
        {NodeId{static_cast<std::int32_t>(i)}, node.endpoints.link, node.incarnation});
  }
  for (const Node& node : nodes_) {
    if (node.assembly != nullptr) node.assembly->set_members(members);
  }
}

void SimulatedCluster::stop(NodeId id, Ending ending) {
  Node& node = at(id);
  CHECK(node.assembly != nullptr);
  if (ending == Ending::drained) {
    node.context->stop(root_name);
    simulation_->run_for(drain_time);
  }
  if (ending == Ending::power_loss) return lose_power(id, CrashLoss::drawn);
  crash(node);
}

void SimulatedCluster::lose_power(NodeId id, CrashLoss loss) {
  crash(at(id));
  for (const Device& device : at(id).devices) device.disk->crash(loss);
}

void SimulatedCluster::crash(Node& node) {
  simulation_->crash_process(*node.context, node.process);
  node.assembly = nullptr;
}

void SimulatedCluster::kill_actor(NodeId id, Random& random) {
  std::vector<std::string> names;
  for (const ActorView& actor : at(id).context->actors()) {
    if (actor.stats.running && actor.name != root_name) names.push_back(actor.name);
  }
  at(id).context->kill(names.at(random.below(names.size())));
}

void SimulatedCluster::cut(ProcessId one, ProcessId other) {
  simulation_->network().cut(one, other);
  simulation_->network().cut(other, one);
}

void SimulatedCluster::heal(ProcessId one, ProcessId other) {
  simulation_->network().heal(one, other);
  simulation_->network().heal(other, one);
}

SimulatedClient& SimulatedCluster::add_client() {
  const std::uint64_t number = clients_.size();
  client::ClientOptions options;
  for (const Node& node : nodes_) options.bootstrap.push_back(node.endpoints.client);
  options.seed = simulation_->random_for("client").fork(number).next();
  clients_.push_back(std::make_unique<SimulatedClient>(
      *simulation_, ProcessId{first_client_process + number}, std::move(options)));
  return *clients_.back();
}

client::Blocking SimulatedCluster::blocking(Duration time_max) {
  return {
      [this](const std::function<bool()>& done, Duration limit) { return run_until(done, limit); },
      time_max};
}

bool SimulatedCluster::run_until(const std::function<bool()>& done, Duration time_max) {
  return simulation_->run_until(done, simulation_->now() + time_max);
}

bool SimulatedCluster::run_until_whole(Duration time_max) {
  const auto knows = [](const Node& reader, NodeId id, const Node& other) {
    const auto view = reader.assembly->view().get();
    const auto found = view->members.find(id);
    return found != view->members.end() && found->second.alive &&
           found->second.incarnation == other.incarnation;
  };
  const auto whole = [&] {
    for (const Node& reader : nodes_) {
      if (reader.assembly == nullptr) continue;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].assembly == nullptr) continue;
        if (!knows(reader, NodeId{static_cast<std::int32_t>(i)}, nodes_[i])) return false;
      }
    }
    return true;
  };
  return run_until(whole, time_max);
}

bool SimulatedCluster::is_start_known(NodeId node) const {
  const auto view = view_of(node);
  const auto& starts = view->catalog.node_starts();
  const auto known = starts.find(node);
  return known != starts.end() && known->second == at(node).starts.present;
}

bool SimulatedCluster::is_refused(NodeId node) const {
  for (const Node& other : nodes_) {
    if (other.assembly == nullptr || &other == &at(node)) continue;
    const auto view = other.assembly->view().get();
    const auto found = view->members.find(node);
    if (found != view->members.end() && !found->second.alive) return true;
  }
  return false;
}

SimulatedDisk& SimulatedCluster::disk(NodeId node, std::int32_t device) {
  return *at(node).devices.at(static_cast<std::size_t>(device)).disk;
}

std::size_t SimulatedCluster::count_segments() {
  std::size_t count = 0;
  for (const Node& node : nodes_) {
    for (const Device& device : node.devices) {
      const auto buckets = device.logs->list();
      CHECK(buckets.has_value());
      for (const BucketId bucket : *buckets) {
        const auto names = device.disk->list("log/" + millrace::to_string(bucket));
        CHECK(names.has_value());
        for (const std::string& name : *names) count += name.ends_with(".log") ? 1 : 0;
      }
    }
  }
  return count;
}

}  // namespace millrace::scenarios
