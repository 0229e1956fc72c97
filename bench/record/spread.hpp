#pragma once
#include <algorithm>
#include <vector>

namespace millrace::bench {

/// The same measured several times. One run is no figure.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// All zero without values. Of an even number the median is the mean of the two in the middle.
[[nodiscard]] inline Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace millrace::bench
