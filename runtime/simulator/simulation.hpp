#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "runtime/environment.hpp"
#include "runtime/node_context.hpp"
#include "runtime/simulator/event_queue.hpp"
#include "runtime/transport/simulated/simulated_network.hpp"

namespace millrace {

/// A whole cluster's actors on one thread with virtual time: CAF's testing scheduler holds the
/// jobs, the seed decides which runs next, and when none is left the event queue moves time on. One
/// seed, one history: `trace_hash()` covers every message that was handled, where, when and what it
/// said.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, NetworkWeather weather = {});
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// A new node process: its context lives as long as the simulation, also after a crash. The wall
  /// clock starts at `wall_at_start` at virtual instant zero.
  [[nodiscard]] NodeContext& start_process(NodeContext::Identity identity,
                                           EpochMillis wall_at_start);
  /// Everything of that process stops between two messages; its connections break.
  void crash_process(NodeContext& context, ProcessId process);

  [[nodiscard]] EventQueue& queue() { return queue_; }
  [[nodiscard]] SimulatedNetwork& network() { return network_; }
  [[nodiscard]] Random random_for(std::string_view name) const { return root_.fork(name); }
  [[nodiscard]] Instant now() const { return queue_.now(); }

  /// Runs until `done` holds or virtual time reaches `deadline`; returns whether it holds.
  bool run_until(const std::function<bool()>& done, Instant deadline);
  void run_for(Duration span);
  /// Runs so many turns of actors and moves time on in between as needed: a way to stop anywhere
  /// between two messages, also amid those of one instant.
  void run_turns(std::uint64_t count);

  /// From now on each turn of an actor of a node waits for as long as `turn_time` says, and its
  /// other messages behind it: what an actor looks like whose device is slow. Nothing instead of
  /// it: the actor is as fast as ever, once a turn that waits has had its time.
  void slow_down(NodeId node, const std::string& actor, std::function<Duration()> turn_time);
  /// Turns that have waited so far.
  [[nodiscard]] std::uint64_t slow_turns() const { return slow_turns_; }

  /// Called before and after each turn of an actor.
  using TurnObserver = std::function<void(NodeId node, std::string_view actor, bool begins)>;
  void observe_turns(TurnObserver observer) { observer_ = std::move(observer); }

  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  [[nodiscard]] std::uint64_t messages_handled() const { return messages_; }

 private:
  class SimulatedEnvironment;
  struct System;

  /// Runs one job if there is one, or lays it aside.
  bool run_job();
  /// Whether the job in front belongs to a slow actor and was laid aside for its time.
  bool lay_aside();
  void record(NodeId node, std::string_view actor, const Envelope& envelope);

  const Random root_;
  Random schedule_;
  EventQueue queue_;
  SimulatedNetwork network_;
  std::unique_ptr<System> system_;
  std::vector<std::unique_ptr<SimulatedEnvironment>> environments_;
  std::vector<std::unique_ptr<NodeContext>> contexts_;
  struct LaidAside;
  std::map<std::pair<NodeId, std::string>, std::function<Duration()>> slow_;
  std::unique_ptr<LaidAside> aside_;
  std::uint64_t slow_turns_ = 0;
  TurnObserver observer_;
  std::uint64_t trace_hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t messages_ = 0;
};

}  // namespace millrace
