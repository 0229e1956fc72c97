#pragma once
#include <chrono>
#include <cstdint>

namespace millrace {

using namespace std::chrono_literals;

/// A span of time. Nanoseconds, so that nothing is rounded on the way.
using Duration = std::chrono::nanoseconds;

/// The clock that Instants belong to. It has no now(): time comes from the node's context or as an
/// argument, and is virtual in simulation.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

/// A point of one node's monotonic time. Never compared across nodes, never written to disk.
using Instant = MonotonicClock::time_point;

/// Wall-clock time in milliseconds since 1970-01-01T00:00Z, as the wire protocol counts it.
/// It may jump; nothing that must be safe depends on it.
using EpochMillis = std::int64_t;

}  // namespace millrace
