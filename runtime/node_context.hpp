#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/exit_reason.hpp>

#include "base/random.hpp"
#include "runtime/actor_stats.hpp"
#include "runtime/budget_book.hpp"
#include "runtime/environment.hpp"

namespace millrace {

/// An actor as its supervisor holds it; everybody else knows actors by name.
using ActorHandle = caf::actor;

/// Does the actor share the scheduler's threads, or does it get one of its own? Control actors and
/// devices get their own, so that busy data actors never hold them up.
enum class Placement { scheduled, detached };

/// Name of the actor that carries messages to another node.
[[nodiscard]] inline std::string link_name(NodeId node) { return "link/" + to_string(node); }

/// An actor as it is seen from outside.
struct ActorView {
  std::string name;
  std::string parent;
  ActorStats::View stats;
};

/// One node's world: who is here, what time it is, where chance comes from. Every spawn, send and
/// kill of the node's actors goes through it, so that in simulation many nodes share one actor
/// system and nothing crosses between them but by a link. Thread-safe.
class NodeContext {
 public:
  struct Identity {
    std::string cluster_id;
    NodeId node;
    Incarnation incarnation;
  };

  NodeContext(Environment& environment, Identity identity, Random random);
  NodeContext(const NodeContext&) = delete;
  NodeContext& operator=(const NodeContext&) = delete;

  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] NodeId node() const { return identity_.node; }
  [[nodiscard]] Environment& environment() { return environment_; }
  [[nodiscard]] Instant now() const { return environment_.now(); }
  [[nodiscard]] EpochMillis wall_clock() const { return environment_.wall_clock(); }
  /// A generator for one actor: depends on the node's seed and the name only.
  [[nodiscard]] Random random_for(std::string_view name) const { return random_.fork(name); }
  [[nodiscard]] ActorAddress address_of(std::string name) const {
    return {node(), std::move(name)};
  }

  /// Spawns a T(caf config, ActorSetup, args...) under `name`. Requires that no running actor of
  /// this node has that name. Defined in actor.hpp.
  template <class T, class... Args>
  caf::actor spawn(const std::string& name, const std::string& parent, Placement placement,
                   Args&&... args);

  /// Delivers an envelope to an actor here, or to the actor `link_name(node)` for another node's.
  /// Messages to nobody are counted and dropped: every conversation copes with loss.
  /// Returns whether somebody was there to take it.
  bool send(const ActorAddress& to, Envelope envelope);
  /// For threads and engines that are no actors: the message comes from `from` on this node.
  bool post(const std::string& to, const std::string& from, Envelope envelope);

  /// Fires an actor's timer `id` at once. From any thread.
  void fire_timer(const std::string& name, std::uint64_t id);

  /// Asks an actor to end, as its supervisor would. For what has no supervisor.
  void stop(const std::string& name);
  /// Makes an actor fail, as an exception would: it ends at once, a supervisor after its children.
  void kill(const std::string& name);
  /// From now on nothing is handled or sent on this node: the crash of the whole process.
  void crash();
  [[nodiscard]] bool crashed() const { return crashed_.load(std::memory_order_relaxed); }

  [[nodiscard]] std::vector<ActorView> actors() const;
  /// Where what bounds this node's memory is written down.
  [[nodiscard]] const BudgetBook& budgets() const { return budgets_; }
  [[nodiscard]] std::vector<FlightRecord> flight_of(const std::string& name) const;
  [[nodiscard]] std::uint64_t undeliverable() const {
    return undeliverable_.load(std::memory_order_relaxed);
  }

  /// Called by the actor that ends; a successor under the same name stays.
  void leave(const std::string& name, caf::actor_id id);
  /// Lets go of what is known of an actor that ended for good.
  void forget(const std::string& name);

 private:
  void send_exit(const std::string& name, caf::exit_reason reason);
  [[nodiscard]] std::shared_ptr<ActorStats> stats_of(const std::string& name,
                                                     const std::string& parent);

  struct Entry {
    caf::actor handle;  // Empty while the actor is not running.
    std::string parent;
    std::shared_ptr<ActorStats> stats;
  };

  Environment& environment_;
  const Identity identity_;
  const Random random_;
  const BudgetBook budgets_;
  std::atomic<bool> crashed_{false};
  std::atomic<std::uint64_t> undeliverable_{0};
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace millrace
