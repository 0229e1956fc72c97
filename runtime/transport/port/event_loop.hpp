#pragma once
#include <cstdint>
#include <functional>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace millrace {

using TimerId = Id<struct TimerTag, std::uint64_t>;

/// Time and timers for code that is not an actor (the client). Virtual in simulation.
/// Methods are called on the loop's own thread only, except post().
class EventLoop {
 public:
  virtual ~EventLoop() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual EpochMillis wall_clock() const = 0;
  /// Calls `action` once after `delay`, unless cancelled.
  virtual TimerId after(Duration delay, std::function<void()> action) = 0;
  virtual void cancel(TimerId timer) = 0;
  /// Runs `action` on the loop's thread, soon. From any thread.
  virtual void post(std::function<void()> action) = 0;
};

}  // namespace millrace
