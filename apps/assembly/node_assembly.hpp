#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/coordinator/office_machine.hpp"
#include "actors/device/device_actor.hpp"
#include "actors/gateway/gateway_actor.hpp"
#include "actors/metadata/metadata_actor.hpp"
#include "actors/replica/replica_actor.hpp"
#include "runtime/link/link_actor.hpp"
#include "runtime/node_context.hpp"
#include "runtime/supervision/group_actor.hpp"
#include "runtime/transport/port/transport.hpp"
#include "state/disk/port/start_history.hpp"
#include "state/log/port/table_log.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace {

/// Name of a node's root supervisor.
inline constexpr auto root_name = "node";

/// The engines a node runs on. All must outlive its actors.
struct NodePorts {
  Transport& transport;
  /// One per device thread; a bucket always uses the same one. At least one.
  std::vector<LogStore*> devices;
  /// Set where this node's coordinator may hold office.
  metadata::OpenMetadataStore open_metadata;
};

/// What a node is told about itself. Ports that are zero are chosen by the transport.
struct NodeSettings {
  NodeId coordinator;  ///< Taken to be in office until the catalog tells.
  /// Nodes whose coordinators may hold office; empty: that one alone.
  std::set<NodeId> office_candidates;
  Endpoint client;
  /// Told to clients instead of the address that `client` was bound to.
  std::optional<Endpoint> advertised;
  /// Client listeners behind the first. All of them are named, in the same order, by the gateway's
  /// security.
  struct FurtherListener {
    Endpoint at;
    std::optional<Endpoint> advertised;
  };
  std::vector<FurtherListener> further_clients;
  Endpoint link;
  std::optional<Endpoint> console;
  std::string rack;
  std::size_t in_flight_bytes_max = std::size_t{256} << 20;  ///< Of requests, and of answers.
  std::string version;                                       ///< Of this build.
  std::optional<KnownStarts> starts;  ///< What the node's disk tells of its starts.
  std::string console_token;          ///< Empty: the console asks for none.
  /// Memory of the process, where one runs this node alone.
  std::function<std::optional<std::uint64_t>()> resident_bytes = [] { return std::nullopt; };
  coordinator::CoordinatorMachine::Options coordinator_options;
  coordinator::OfficeMachine::Options office_options;  ///< But for what stands above.
  gateway::GatewayOptions gateway_options;
  device::DeviceOptions device_options;
  replica::ReplicaOptions replica_options;  ///< Time to live: from the table's properties.
  LinkOptions link_options;
};

struct NodeEndpoints {
  Endpoint client;                        ///< As clients are told: the first listener.
  std::vector<ClientListener> listeners;  ///< All of them, as clients are told.
  Endpoint link;
  Endpoint console;  ///< Port 0: none.
};

/// One node's actors, wired: the same for a process and for a simulated node. The tree:
///
///   node            one for one
///     links           one LinkActor per peer
///     control         rest for one: metadata, coordinator (where it may hold office)
///     storage         rest for one: device/*, tablet -> replica/*
///     gateway         connection/*
///     console
class NodeAssembly {
 public:
  /// Binds the listeners and spawns the root. `unwell` is called, on an actor's thread, when
  /// supervision has given up; `serving`, once on such a thread, when every listener has an actor
  /// behind it. Errors: unavailable (a listener or the logs).
  [[nodiscard]] static Result<std::unique_ptr<NodeAssembly>> start(
      NodeContext& context, NodePorts ports, NodeSettings settings,
      std::function<void(const std::string& reason)> unwell, std::function<void()> serving = {});

  [[nodiscard]] const NodeEndpoints& endpoints() const { return endpoints_; }
  [[nodiscard]] const PublishedView& view() const { return view_; }

  struct LinkMember {
    NodeId node;
    Endpoint link;
    Incarnation incarnation;
  };
  /// The cluster as the launcher sees it.
  void set_members(const std::vector<LinkMember>& members);

 private:
  NodeAssembly(NodeContext& context, NodePorts ports, NodeSettings settings);

  [[nodiscard]] Status listen();
  [[nodiscard]] Status listen_to_clients();
  void spawn(std::function<void(const std::string&)> unwell, std::function<void()> serving);
  void send_members();
  [[nodiscard]] GroupActor::Member links();
  [[nodiscard]] GroupActor::Member control();
  [[nodiscard]] GroupActor::Member storage();
  [[nodiscard]] GroupActor::Member tablet();
  [[nodiscard]] GroupActor::Member gateway();
  [[nodiscard]] GroupActor::Member console();
  [[nodiscard]] replica::ReplicaOptions replica_options(BucketId bucket) const;
  [[nodiscard]] std::string device_name(BucketId bucket) const;
  [[nodiscard]] std::size_t device_of(BucketId bucket) const;
  [[nodiscard]] std::set<NodeId> office_candidates() const;

  NodeContext& context_;
  const NodePorts ports_;
  const NodeSettings settings_;
  NodeEndpoints endpoints_;
  PublishedView view_;
  std::mutex members_mutex_;
  Envelope members_;  // The newest list; links that start again need it.
  gateway::GatewayBudgets budgets_;
  BudgetAccount requests_account_;
  BudgetAccount answers_account_;
  std::deque<BudgetAccount> appends_accounts_;  // Of each device.
};

}  // namespace millrace
