// The question: how fast do rows get into a cluster and out again through the public protocol, and
// what does that cost the servers?
// Workload: the 336,776 flights of 2013 (19 columns), from memory, in batches of about 2 MB before
// compression, in turn to three buckets of one table; then two scans from the start, of all and of
// four columns. One client on one thread; replication 1; the cluster's nodes share the machine with
// it. Clusters of one and of three hosts; tables with ZSTD at level 3 (the default) and without
// compression. A round writes and reads the flights several times over, on a table of its own.
// Units: rows per second; MB of Arrow data per second; bytes on the wire per row; processor seconds
// of all nodes, and of the client, per million rows. Medians of at least five rounds after one that
// does not count, with the least and the greatest.
// Left out: reading CSV, small batches, several clients, cold caches, replication, latency.
#include <arrow/util/config.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <array>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/agent/child_process.hpp"
#include "apps/config/command_line.hpp"
#include "apps/config/output.hpp"
#include "bench/macro/flights_report.hpp"
#include "bench/record/run_record.hpp"

namespace millrace::bench {
namespace {

volatile sig_atomic_t ended_by_signal = 0;

constexpr std::array<Option, 6> known_options = {{
    {"smoke", "", "a few rows once: does it still run?"},
    {"rounds", "N", "rounds that count (7)"},
    {"copies", "N", "how many times over a round takes the flights (6)"},
    {"data", "DIR", "folder of flights.csv ($MILLRACE_DATA, then .dev/data/nycflights13)"},
    {"out", "FILE", "where the figures of every round go (../bench/flights.json)"},
    {"help", "", "show this text"},
}};

constexpr std::size_t batch_bytes = std::size_t{2} << 20;
constexpr std::size_t smoke_batch_bytes = std::size_t{256} << 10;
constexpr std::int64_t smoke_rows_max = 10'000;

struct Plan {
  Amount amount;
  std::vector<Setting> settings;
  std::filesystem::path data;
  std::filesystem::path out;  ///< Empty: figures of no worth, not kept.
  bool smoke = false;
};

std::filesystem::path data_folder(const CommandLine& line) {
  if (const auto given = line.value("data")) return *given;
  const char* const variable = ::getenv("MILLRACE_DATA");
  return variable == nullptr ? ".dev/data/nycflights13" : variable;
}

Result<Plan> plan_of(const CommandLine& line) {
  using protocol::CompressionType;
  const auto rounds = line.number("rounds", 7, 5, 1000);
  const auto copies = line.number("copies", 6, 1, 100);
  if (!rounds) return tl::unexpected(rounds.error());
  if (!copies) return tl::unexpected(copies.error());
  if (!line.words().empty()) return fail(Errc::malformed, "unexpected word: " + line.words()[0]);
  Plan plan;
  plan.data = data_folder(line);
  plan.smoke = line.has("smoke");
  if (plan.smoke) {
    plan.amount = {.warm_up_rounds = 0, .rounds = 1, .copies = 1};
    plan.settings = {{3, CompressionType::zstd}, {1, CompressionType::none}};
    return plan;
  }
  plan.amount.rounds = static_cast<int>(*rounds);
  plan.amount.copies = static_cast<int>(*copies);
  for (const int hosts : {1, 3}) {
    for (const auto compression : {CompressionType::zstd, CompressionType::none})
      plan.settings.push_back({hosts, compression});
  }
  plan.out = line.value("out").value_or(default_result_file("flights").string());
  return plan;
}

Status write_json(const Plan& plan, const Flights& flights, const RunRecord& record,
                  const std::vector<SettingResult>& results) {
  nlohmann::ordered_json document = {
      {"run", to_json(record)},
      {"versions", {{"arrow", ARROW_VERSION_STRING}}},
      {"rounds", plan.amount.rounds},
      {"rows_per_round", flights.rows * plan.amount.copies},
      {"batches_per_round", flights.batches.size() * static_cast<std::size_t>(plan.amount.copies)}};
  for (const SettingResult& result : results) document["results"].push_back(to_json(result));
  std::ofstream file(plan.out);
  file << document.dump(1) << '\n';
  if (!file.flush()) return fail(Errc::unavailable, "cannot write " + plan.out.string());
  return {};
}

cli::Done<void> run(const Plan& plan, const RunRecord& record) {
  const auto flights = read_flights(plan.data, plan.smoke ? smoke_rows_max : INT64_MAX,
                                    plan.smoke ? smoke_batch_bytes : batch_bytes);
  if (!flights) return tl::unexpected(flights.error());
  const auto program = own_program().parent_path() / "millrace";
  std::vector<SettingResult> results;
  for (const Setting& setting : plan.settings) {
    fmt::print(stderr, "{}: {} rounds of {} rows\n", to_text(setting),
               plan.amount.warm_up_rounds + plan.amount.rounds, flights->rows * plan.amount.copies);
    auto result =
        take_rounds(program, setting, plan.amount, *flights, [] { return ended_by_signal != 0; });
    if (!result) return tl::unexpected(result.error());
    results.push_back(std::move(*result));
  }
  if (plan.smoke) return {};
  fmt::print("{}{}", to_text(record), result_table(results));
  for (const SettingResult& result : results) {
    fmt::print("{}: {:.0f} MB resident at the end\n", to_text(result.setting),
               static_cast<double>(result.resident_bytes) / 1e6);
  }
  if (auto written = write_json(plan, *flights, record, results); !written)
    return cli::failed(written.error());
  fmt::print("every round: {}\n", plan.out.string());
  return {};
}

ExitCode run_command(const std::vector<std::string>& arguments, const RunRecord& record) {
  const auto line = CommandLine::parse(arguments, known_options);
  const auto plan = line.and_then(plan_of);
  if (!plan) {
    print_error("usage", plan.error().message, "millrace-bench-flights --help");
    return ExitCode::usage;
  }
  if (line->has("help")) {
    print_result("usage: millrace-bench-flights [options]\n" + describe(known_options));
    return ExitCode::fine;
  }
  if (const auto done = run(*plan, record); !done) {
    cli::print_failure(done.error());
    return done.error().exit;
  }
  return ExitCode::fine;
}

}  // namespace
}  // namespace millrace::bench

int main(int count, char** arguments) {
  using namespace millrace;
  // The cluster lives in a session of its own: without this a Ctrl-C would leave it behind.
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    ::signal(number, [](int) { bench::ended_by_signal = 1; });
  const std::vector<std::string> words(arguments, arguments + count);
  return static_cast<int>(
      bench::run_command({words.begin() + 1, words.end()}, bench::record_run(words)));
}
