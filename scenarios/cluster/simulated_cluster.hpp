#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/assembly/node_assembly.hpp"
#include "client/blocking.hpp"
#include "client/client.hpp"
#include "runtime/simulator/simulation.hpp"
#include "state/disk/identity/data_directory.hpp"
#include "state/disk/identity/start_note.hpp"
#include "state/disk/simulated/simulated_disk.hpp"
#include "state/log/segmented/segmented_log_store.hpp"
#include "state/meta/memory/memory_metadata_store.hpp"

namespace millrace::scenarios {

struct ClusterShape {
  std::int32_t nodes = 3;
  std::int32_t devices_per_node = 2;
  /// Small, so that logs roll within seconds.
  std::uint64_t segment_bytes = 2048;
  replica::ReplicaOptions replicas = {};
  gateway::GatewayOptions gateway = {};
  std::size_t in_flight_bytes_max = std::size_t{256} << 20;
};

/// How a node goes down.
enum class Ending {
  drained,       ///< Asked to stop; it closed its logs.
  process_kill,  ///< At once. Its disks keep all that was written.
  power_loss,    ///< At once, and its disks lose what they had not synced.
};

/// A program that uses the cluster: a process of its own with the production client in it.
class SimulatedClient {
 public:
  SimulatedClient(Simulation& simulation, ProcessId process, client::ClientOptions options);

  [[nodiscard]] client::Client& api() { return client_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] ProcessId process() const { return process_; }

 private:
  const ProcessId process_;
  std::unique_ptr<Transport> transport_;
  SimulatedEventLoop loop_;
  client::Client client_;
};

/// A whole cluster in one simulation: every node is the production assembly on simulated disks, all
/// roles on every node; every coordinator may hold office. Plays the host agents' part as well: it
/// restarts nodes with a new incarnation and tells everybody who is where.
class SimulatedCluster {
 public:
  explicit SimulatedCluster(std::uint64_t seed, ClusterShape shape = {});
  ~SimulatedCluster();
  SimulatedCluster(const SimulatedCluster&) = delete;
  SimulatedCluster& operator=(const SimulatedCluster&) = delete;

  /// Starts a node that is down. With `keep_ports` it listens where it did before.
  void start(NodeId node, bool keep_ports = true);
  void stop(NodeId node, Ending ending);
  /// Its power goes, and its disks lose what they had not synced in this way.
  void lose_power(NodeId node, CrashLoss loss);
  /// Whether the catalog knows of a node's present start, as the node hears it.
  [[nodiscard]] bool is_start_known(NodeId node) const;
  /// Whether others keep a node out that is up.
  [[nodiscard]] bool is_refused(NodeId node) const;
  [[nodiscard]] Incarnation incarnation_of(NodeId node) const { return at(node).incarnation; }
  [[nodiscard]] bool is_up(NodeId node) const { return at(node).assembly != nullptr; }
  /// What a node that is up knows of the cluster.
  [[nodiscard]] std::shared_ptr<const ClusterView> view_of(NodeId node) const {
    return at(node).assembly->view().get();
  }
  /// What supervision said when it gave up on a node, which a real process would not survive.
  [[nodiscard]] const std::vector<std::string>& unwell() const { return unwell_; }

  /// Some actor of a node fails as if it had thrown; not the root, which nobody restarts.
  void kill_actor(NodeId node, Random& random);

  void cut(ProcessId one, ProcessId other);
  void heal(ProcessId one, ProcessId other);
  /// Where clients reach a node.
  [[nodiscard]] const Endpoint& client_endpoint(NodeId node) const {
    return at(node).endpoints.client;
  }
  [[nodiscard]] ProcessId process_of(NodeId node) const { return at(node).process; }

  /// A client that starts with the addresses that the nodes have now. Lives as long as the cluster.
  [[nodiscard]] SimulatedClient& add_client();
  [[nodiscard]] std::size_t count_clients() const { return clients_.size(); }
  [[nodiscard]] const SimulatedClient& client(std::size_t number) const {
    return *clients_.at(number);
  }
  /// Calls that return: they run the simulation until the answer is there.
  [[nodiscard]] client::Blocking blocking(Duration time_max = 60s);

  /// Runs until `done` holds, at most for `time_max`.
  bool run_until(const std::function<bool()>& done, Duration time_max);
  /// Runs until every node that is up knows all that are.
  bool run_until_whole(Duration time_max);
  void run_for(Duration span) { simulation_->run_for(span); }
  [[nodiscard]] Instant now() const { return simulation_->now(); }
  [[nodiscard]] Simulation& simulation() { return *simulation_; }
  [[nodiscard]] SimulatedDisk& disk(NodeId node, std::int32_t device);
  [[nodiscard]] MemoryMetadataStore& metadata() { return metadata_; }
  [[nodiscard]] const MemoryMetadataStore& metadata() const { return metadata_; }
  [[nodiscard]] const ClusterShape& shape() const { return shape_; }
  /// Log segments on all disks.
  [[nodiscard]] std::size_t count_segments();

 private:
  struct Device {
    std::unique_ptr<SimulatedDisk> disk;
    std::unique_ptr<SegmentedLogStore> logs;
  };
  struct Node {
    ProcessId process;
    EpochMillis wall_at_start = 0;
    std::vector<Device> devices;
    std::unique_ptr<Transport> transport;
    Incarnation incarnation;
    NodeEndpoints endpoints;
    KnownStarts starts;
    NodeContext* context = nullptr;
    NodeAssembly* assembly = nullptr;  // Null: the node is down.
  };

  [[nodiscard]] Node& at(NodeId node) { return nodes_.at(static_cast<std::size_t>(node.value())); }
  [[nodiscard]] const Node& at(NodeId node) const {
    return nodes_.at(static_cast<std::size_t>(node.value()));
  }
  [[nodiscard]] NodeSettings settings_of(const Node& node, NodeId id, bool keep_ports) const;
  void open_data(Node& node, NodeId id);
  void introduce();
  void crash(Node& node);

  const ClusterShape shape_;
  MemoryMetadataStore metadata_;
  std::vector<Node> nodes_;
  // Of all incarnations: their actors refer to them until the simulation is gone.
  std::vector<std::unique_ptr<NodeAssembly>> assemblies_;
  std::vector<std::string> unwell_;
  std::unique_ptr<Simulation> simulation_;
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
};

}  // namespace millrace::scenarios
