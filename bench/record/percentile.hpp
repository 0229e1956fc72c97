#pragma once
#include <algorithm>
#include <vector>

#include "base/time.hpp"

namespace millrace::bench {

/// How long things took that were done many times.
struct Percentiles {
  Duration p50{};
  Duration p99{};
  Duration longest{};
};

/// All zero without values. A percentile is a value that was measured: the first that at least that
/// share of all does not exceed.
[[nodiscard]] inline Percentiles percentiles_of(std::vector<Duration> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](std::size_t share) {
    return values[std::max<std::size_t>((values.size() * share + 99) / 100, 1) - 1];
  };
  return {at(50), at(99), values.back()};
}

}  // namespace millrace::bench
