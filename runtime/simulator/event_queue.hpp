#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "runtime/transport/port/event_loop.hpp"

namespace millrace {

/// Everything that will happen in a simulation, in order of virtual time. What happens at the same
/// instant is ordered by numbers drawn from the seed. Time stands still while an event runs.
class EventQueue {
 public:
  explicit EventQueue(Random random) : random_(random) {}

  [[nodiscard]] Instant now() const { return now_; }
  TimerId after(Duration delay, std::function<void()> action);
  void cancel(TimerId timer);
  /// Nothing of what was to happen will.
  void clear();
  [[nodiscard]] bool empty() const { return events_.empty(); }
  /// When the next event is due. Requires that there is one.
  [[nodiscard]] Instant next_at() const { return events_.begin()->first.at; }
  /// Moves time to the next event and runs it. Requires that there is one.
  void run_next();
  /// Moves time on to `at`, which no pending event precedes.
  void advance_to(Instant at);

 private:
  struct Key {
    Instant at;
    std::uint64_t tie;
    std::uint64_t number;  // Last resort, so that keys are unique.
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  Instant now_{};
  Random random_;
  std::uint64_t count_ = 0;
  std::map<Key, std::function<void()>> events_;
  std::map<TimerId, Key> timers_;
};

/// The event loop of one simulated process that is not made of actors, such as a client.
class SimulatedEventLoop final : public EventLoop {
 public:
  /// `wall_at_start` is the wall clock at instant zero.
  SimulatedEventLoop(EventQueue& queue, EpochMillis wall_at_start)
      : queue_(queue), wall_at_start_(wall_at_start) {}

  [[nodiscard]] Instant now() const override { return queue_.now(); }
  [[nodiscard]] EpochMillis wall_clock() const override;
  TimerId after(Duration delay, std::function<void()> action) override {
    return queue_.after(delay, std::move(action));
  }
  void cancel(TimerId timer) override { queue_.cancel(timer); }
  void post(std::function<void()> action) override { (void)queue_.after(0ns, std::move(action)); }

 private:
  EventQueue& queue_;
  EpochMillis wall_at_start_;
};

}  // namespace millrace
