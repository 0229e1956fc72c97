#pragma once
#include "base/random.hpp"
#include "base/time.hpp"

namespace millrace::scenarios {

/// A span of simulated time, both ends included.
[[nodiscard]] inline Duration draw(Random& random, Duration low, Duration high) {
  return Duration(random.between(low.count(), high.count()));
}

}  // namespace millrace::scenarios
