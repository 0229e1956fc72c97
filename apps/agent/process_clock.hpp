#pragma once
#include "base/time.hpp"

namespace millrace {

/// The machine's monotonic time, for programs that are no part of a simulation.
[[nodiscard]] inline Instant monotonic_now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

[[nodiscard]] inline EpochMillis wall_clock_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

}  // namespace millrace
