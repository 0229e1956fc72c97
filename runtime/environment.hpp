#pragma once
#include <cstdint>
#include <string_view>

#include <caf/fwd.hpp>

#include "base/time.hpp"
#include "runtime/envelope.hpp"

namespace millrace {

/// What differs between production and simulation for everything that runs actors: time, threads,
/// and who watches. One per process, or per simulated node.
class Environment {
 public:
  virtual ~Environment() = default;

  [[nodiscard]] virtual caf::actor_system& system() = 0;
  /// Monotonic; virtual in simulation.
  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual EpochMillis wall_clock() const = 0;
  /// Real time spent on work, for the busy counters only. Zero in simulation.
  [[nodiscard]] virtual Duration work_clock() const = 0;
  /// Puts timer `id` into the actor's mailbox after `delay`.
  virtual void start_timer(const caf::actor& to, Duration delay, std::uint64_t id) = 0;
  /// Whether an actor that asks for a thread of its own gets one.
  [[nodiscard]] virtual bool has_threads() const = 0;
  /// Sees each message just before it is handled.
  virtual void on_handle(NodeId node, std::string_view actor, const Envelope& envelope) = 0;
};

}  // namespace millrace
