#pragma once
#include <memory>
#include <string>
#include <vector>

#include "runtime/link/links_actor.hpp"
#include "runtime/simulator/simulation.hpp"
#include "runtime/transport_inbox.hpp"
#include "tests/unit/runtime/recorder.hpp"

namespace millrace {

/// What stands above the links in production: restarts them when they fail. Writes down when they
/// were started.
class LinksParent final : public SupervisingActor {
 public:
  LinksParent(caf::actor_config& config, ActorSetup setup, Transport& transport,
              LinkOptions options, Notebook& notebook)
      : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one, {3, 10s}),
        transport_(transport),
        options_(std::move(options)),
        notebook_(notebook) {}

 protected:
  void on_start() override {
    start_child({"links"}, [this] {
      auto links = context().spawn<LinksActor>("links", actor_name(), Placement::detached,
                                               transport_, options_);
      notebook_.write("links");
      return links;
    });
  }
  void on_envelope(const Envelope& /*envelope*/) override {}

 private:
  Transport& transport_;
  const LinkOptions options_;
  Notebook& notebook_;
};

/// The whole list of a cluster's nodes, as the launcher sends it.
inline Envelope members_message(const std::vector<std::pair<NodeContext*, Endpoint>>& members) {
  return seal<schemas::LinkOrder>([&](schemas::LinkOrder::Builder order) {
    auto list = order.initMembers(static_cast<unsigned>(members.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const auto& [context, endpoint] = members[i];
      list[i].setNodeId(context->node().value());
      list[i].setIncarnation(context->identity().incarnation.value());
      list[i].setLinkHost(endpoint.host);
      list[i].setLinkPort(endpoint.port);
    }
  });
}

/// One simulated node: its links, an "inbox" that writes down texts, a "watcher" that writes down
/// who can be reached.
struct LinkedNode {
  LinkedNode(Simulation& simulation, NodeContext::Identity identity, ProcessId number,
             LinkOptions options)
      : process(number),
        transport(simulation.network().transport_of(number)),
        context(simulation.start_process(std::move(identity), 0)) {
    options.watchers = {"watcher"};
    (void)context.spawn<Recorder>("inbox", "", Placement::scheduled, inbox);
    (void)context.spawn<Recorder>("watcher", "", Placement::scheduled, watcher);
    (void)context.spawn<LinksParent>("parent", "", Placement::scheduled, *transport, options,
                                     starts);
    endpoint = transport->listen({"node", 0}, accept_to(context, *transport, "links")).value();
  }

  [[nodiscard]] NodeId id() const { return context.node(); }

  /// From this node's inbox to the other's. With `attached` bytes it takes the data lane.
  void say(NodeId to, const std::string& text, std::size_t attached = 0) {
    std::vector<Buffer> attachments;
    if (attached > 0) attachments.push_back(Buffer::from(std::string(attached, 'r')));
    Envelope envelope = text_message(text, std::move(attachments));
    if (attached > 0) envelope.lane = Lane::data;
    envelope.from = context.address_of("inbox");
    envelope.incarnation = context.identity().incarnation;
    context.send({to, "inbox"}, std::move(envelope));
  }

  [[nodiscard]] ActorStats::View stats_of(const std::string& name) const {
    for (const ActorView& actor : context.actors()) {
      if (actor.name == name) return actor.stats;
    }
    return {};
  }

  ProcessId process;
  Notebook inbox;
  Notebook watcher;
  Notebook starts;
  std::unique_ptr<Transport> transport;
  NodeContext& context;
  Endpoint endpoint;
};

/// Nodes in one simulation; `introduce` tells all of them about all of them.
class LinkCluster {
 public:
  explicit LinkCluster(std::uint64_t seed, LinkOptions options = {}, NetworkWeather weather = {})
      : options_(std::move(options)), simulation(seed, weather) {}

  LinkedNode& start(std::int32_t node, std::uint64_t incarnation,
                    const std::string& cluster = "cluster") {
    nodes_.push_back(std::make_unique<LinkedNode>(
        simulation, NodeContext::Identity{cluster, NodeId{node}, Incarnation{incarnation}},
        ProcessId{++processes_}, options_));
    simulation.run_for(1us);  // Its links are there now.
    return *nodes_.back();
  }

  void introduce() {
    std::vector<std::pair<NodeContext*, Endpoint>> members;
    for (const auto& node : nodes_) {
      if (!node->context.crashed()) members.emplace_back(&node->context, node->endpoint);
    }
    for (const auto& node : nodes_) {
      node->context.post("links", "launcher", members_message(members));
    }
  }

  void crash(LinkedNode& node) { simulation.crash_process(node.context, node.process); }

  void cut(const LinkedNode& one, const LinkedNode& other) {
    simulation.network().cut(one.process, other.process);
    simulation.network().cut(other.process, one.process);
  }
  void heal(const LinkedNode& one, const LinkedNode& other) {
    simulation.network().heal(one.process, other.process);
    simulation.network().heal(other.process, one.process);
  }

  bool run_until(const std::function<bool()>& done) {
    return simulation.run_until(done, simulation.now() + 60s);
  }
  /// Until both lanes between two nodes carry messages both ways; empties their inboxes.
  bool run_until_linked(LinkedNode& one, LinkedNode& other) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      for (const std::size_t attached : {0U, 1U}) {
        one.say(other.id(), "probe", attached);
        other.say(one.id(), "probe", attached);
      }
      simulation.run_for(100ms);
      if (one.inbox.has("probe") && one.inbox.has("probe+1") && other.inbox.has("probe") &&
          other.inbox.has("probe+1")) {
        (void)one.inbox.take();
        (void)other.inbox.take();
        return true;
      }
    }
    return false;
  }

 private:
  const LinkOptions options_;
  std::uint64_t processes_ = 0;

 public:
  Simulation simulation;

 private:
  std::vector<std::unique_ptr<LinkedNode>> nodes_;
};

}  // namespace millrace
