#include "bench/micro/spread_reporter.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "bench/record/spread.hpp"

namespace millrace::bench {

namespace {

std::string duration_text(double nanoseconds) {
  if (nanoseconds < 1e4) return fmt::format("{:.1f} ns", nanoseconds);
  if (nanoseconds < 1e7) return fmt::format("{:.1f} us", nanoseconds / 1e3);
  return fmt::format("{:.1f} ms", nanoseconds / 1e6);
}

std::string rate_text(double per_second, std::string_view unit) {
  if (per_second >= 1e9) return fmt::format("{:.2f} G{}/s", per_second / 1e9, unit);
  if (per_second >= 1e6) return fmt::format("{:.2f} M{}/s", per_second / 1e6, unit);
  return fmt::format("{:.1f} k{}/s", per_second / 1e3, unit);
}

}  // namespace

bool SpreadReporter::ReportContext(const Context& /*context*/) {
  fmt::print("{:<34} {:>11} {:>24} {:>11}  {}\n", "BENCHMARK", "MEDIAN", "LEAST .. GREATEST", "CPU",
             "RATE");
  return true;
}

void SpreadReporter::ReportRuns(const std::vector<Run>& runs) {
  std::vector<double> real;
  std::vector<double> processor;
  std::vector<double> bytes;
  std::vector<double> items;
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) return;  // The aggregates of what was here before.
    if (run.error_occurred) {
      failed_ = true;
      fmt::print("{:<34} FAILED: {}\n", run.benchmark_name(), run.error_message);
      return;
    }
    // In the benchmark's unit, which is always nanoseconds.
    real.push_back(run.GetAdjustedRealTime());
    processor.push_back(run.GetAdjustedCPUTime());
    if (const auto rate = run.counters.find("bytes_per_second"); rate != run.counters.end())
      bytes.push_back(rate->second);
    if (const auto rate = run.counters.find("items_per_second"); rate != run.counters.end())
      items.push_back(rate->second);
  }
  if (runs.empty()) return;
  const Spread time = spread_of(real);
  std::string rates;
  if (!items.empty()) rates += rate_text(spread_of(items).median, "") + "  ";
  if (!bytes.empty()) rates += rate_text(spread_of(bytes).median, "B");
  // Without the suffixes that say how time was taken.
  std::string name = runs.front().run_name.function_name;
  if (!runs.front().run_name.args.empty()) name += "/" + runs.front().run_name.args;
  fmt::print("{:<34} {:>11} {:>24} {:>11}  {}\n", name, duration_text(time.median),
             duration_text(time.low) + " .. " + duration_text(time.high),
             duration_text(spread_of(processor).median), rates);
  std::fflush(stdout);
}

}  // namespace millrace::bench
