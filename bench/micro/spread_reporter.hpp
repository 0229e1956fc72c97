#pragma once
#include <benchmark/benchmark.h>

#include <vector>

namespace millrace::bench {

/// One line per benchmark: the median of its repetitions, the least and the greatest.
class SpreadReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  /// Whether some benchmark could not be run.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

}  // namespace millrace::bench
