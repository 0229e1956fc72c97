#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace millrace::cli {

/// One line of a progress bar.
[[nodiscard]] std::string progress_line(const std::string& what, double fraction, std::int64_t rows,
                                        Duration elapsed);

/// A bar on standard error that redraws itself; silent when that is not a terminal.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);

  /// Redraws at most ten times a second, and always at the end.
  void show(double fraction, std::int64_t rows, Duration elapsed);
  /// Leaves the last state standing.
  void finish();

 private:
  const std::string what_;
  const bool visible_;
  std::optional<Duration> shown_at_;
};

}  // namespace millrace::cli
