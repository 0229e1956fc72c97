#pragma once
#include <functional>
#include <memory>
#include <string>
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

  [[nodiscard]] std::uint64_t trace_hash() const { return trace_hash_; }
  [[nodiscard]] std::uint64_t messages_handled() const { return messages_; }

 private:
  class SimulatedEnvironment;
  struct System;

  /// Runs one job if there is one.
  bool run_job();
  void record(NodeId node, std::string_view actor, const Envelope& envelope);

  const Random root_;
  Random schedule_;
  EventQueue queue_;
  SimulatedNetwork network_;
  std::unique_ptr<System> system_;
  std::vector<std::unique_ptr<SimulatedEnvironment>> environments_;
  std::vector<std::unique_ptr<NodeContext>> contexts_;
  std::uint64_t trace_hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t messages_ = 0;
};

}  // namespace millrace
