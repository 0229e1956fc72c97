#include "apps/cli/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace millrace::cli {

namespace {
constexpr int width = 22;  // A whole line, indented a little, fits 80 columns.
constexpr Duration redraw_after = 100ms;
}  // namespace

std::string progress_line(const std::string& what, double fraction, std::int64_t rows,
                          Duration elapsed) {
  const double part = std::clamp(fraction, 0.0, 1.0);
  const int full = static_cast<int>(part * width);
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
  return fmt::format("{:<10} [{:=<{}}{: <{}}] {:>3.0f} %  {:>9} rows  {:>9.0f} rows/s", what, "",
                     full, "", width - full, part * 100, rows, rate);
}

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)), visible_(::isatty(STDERR_FILENO) != 0) {}

void ProgressBar::show(double fraction, std::int64_t rows, Duration elapsed) {
  if (!visible_) return;
  if (shown_at_ && fraction < 1.0 && elapsed - *shown_at_ < redraw_after) return;
  shown_at_ = elapsed;
  fmt::print(stderr, "\r{}", progress_line(what_, fraction, rows, elapsed));
  std::fflush(stderr);
}

void ProgressBar::finish() {
  if (shown_at_) fmt::print(stderr, "\n");
}

}  // namespace millrace::cli
