// The question: what does one step of a message's or a batch's way cost, taken alone?
// Workload: see the head of each *_bench.cpp. Unit: real time, processor time of the whole process,
// and rows, messages or bytes per second; the median of five repetitions with the least and the
// greatest beside it. Left out: whatever lies between the steps, see millrace-bench-flights.
//
//   millrace-bench-micro            everything, with a JSON file of all repetitions
//   millrace-bench-micro --smoke    each once, for as short as it gets; nothing is measured
//   millrace-bench-micro --benchmark_filter=link ...    Google Benchmark's own options and output
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "bench/micro/spread_reporter.hpp"
#include "bench/record/run_record.hpp"

namespace {

using Words = std::vector<std::string>;

/// Google Benchmark keeps pointers to the words: they must outlive the run.
void initialize(Words& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) std::exit(2);
}

/// What stands at the head of the JSON file.
void add_context(const millrace::bench::RunRecord& record) {
  benchmark::AddCustomContext("run", to_json(record).dump());
}

int run_all(const Words& words) {
  const auto record = millrace::bench::record_run(words);
  const std::string file = millrace::bench::default_result_file("micro").string();
  Words options = {words.front(), "--benchmark_repetitions=5", "--benchmark_min_time=0.2",
                   "--benchmark_out_format=json", "--benchmark_out=" + file};
  initialize(options);
  add_context(record);
  fmt::print("{}", to_text(record));
  millrace::bench::SpreadReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  fmt::print("all repetitions: {}\n", file);
  return reporter.failed() ? 1 : 0;
}

int run_smoke(const Words& words) {
  Words options = {words.front(), "--benchmark_min_time=0.0001"};
  initialize(options);
  millrace::bench::SpreadReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failed() ? 1 : 0;
}

}  // namespace

int main(int count, char** arguments) {
  Words words(arguments, arguments + count);
  // Links that come and go are no news here.
  spdlog::set_level(spdlog::level::warn);
  if (words.size() <= 1) return run_all(words);
  if (words.size() == 2 && words[1] == "--smoke") return run_smoke(words);
  initialize(words);
  add_context(millrace::bench::record_run(words));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
