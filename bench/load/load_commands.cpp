#include "bench/load/load_commands.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "apps/cli/cli.hpp"
#include "apps/cli/command.hpp"
#include "bench/load/append_load.hpp"
#include "bench/load/cluster_load.hpp"
#include "bench/load/scan_load.hpp"
#include "bench/load/tail_load.hpp"

namespace millrace::bench {

namespace {

using cli::Context;
using cli::Done;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double milliseconds(Duration duration) { return seconds(duration) * 1e3; }

/// Figures in the order in which they are shown, as a document and as lines.
class Report {
 public:
  explicit Report(std::string_view what) { document_.set("bench", what); }

  void word(std::string_view name, const std::string& value) {
    document_.set(name, value);
    rows_.push_back({std::string(name), value});
  }
  void whole(std::string_view name, std::int64_t value) {
    document_.set(name, value);
    rows_.push_back({std::string(name), std::to_string(value)});
  }
  /// To six digits behind the point in the document, to `digits` in the text.
  void real(std::string_view name, double value, int digits) {
    document_.set(name, std::round(value * 1e6) / 1e6);
    rows_.push_back({std::string(name), fmt::format("{:.{}f}", value, digits)});
  }
  void print(const Context& context) const {
    context.print(document_, text_table({"FIGURE", "VALUE"}, rows_));
  }

 private:
  Document document_ = Document::object();
  std::vector<std::vector<std::string>> rows_;
};

/// Rates, and what the rows cost.
void add_cost(Report& report, const LoadOptions& options, const Cost& cost, std::int64_t rows) {
  const double millions = static_cast<double>(rows) / 1e6;
  report.whole("rows", rows);
  report.real("seconds", seconds(cost.took), 3);
  report.real("rows_per_s", static_cast<double>(rows) / seconds(cost.took), 0);
  report.real("client_cpu_s_per_mrow", seconds(cost.client_processor_time) / millions, 4);
  report.real("client_rss_mb", static_cast<double>(cost.client_resident_bytes) / 1e6, 1);
  if (!options.servers.empty()) {
    report.real("server_cpu_s_per_mrow", seconds(cost.server_processor_time) / millions, 4);
    report.real("server_rss_mb", static_cast<double>(cost.server_resident_bytes) / 1e6, 1);
  }
  if (options.data)
    report.real("disk_bytes_per_row",
                static_cast<double>(cost.disk_bytes) / static_cast<double>(rows), 1);
}

void add_bytes(Report& report, double logical_bytes, std::uint64_t wire_bytes, const Cost& cost,
               std::int64_t rows) {
  report.real("logical_mb_per_s", logical_bytes / 1e6 / seconds(cost.took), 1);
  report.real("wire_bytes_per_row", static_cast<double>(wire_bytes) / static_cast<double>(rows), 2);
}

void add_percentiles(Report& report, const std::string& name, const Percentiles& percentiles) {
  report.real(name + "_p50_ms", milliseconds(percentiles.p50), 3);
  report.real(name + "_p99_ms", milliseconds(percentiles.p99), 3);
  report.real(name + "_max_ms", milliseconds(percentiles.longest), 3);
}

Done<LoadOptions> options_of(const Context& context) {
  if (const auto none = context.words(0, 0); !none) return tl::unexpected(none.error());
  auto options = read_load_options(context.line());
  if (!options) return cli::usage_failure(options.error().message, "see --help");
  return std::move(*options);
}

Done<ExitCode> append(Context& context) {
  const auto options = options_of(context);
  if (!options) return tl::unexpected(options.error());
  const auto result = run_append(context.session(), *options);
  if (!result) return tl::unexpected(result.error());
  Report report("append");
  report.word("shape", std::string(name_of(options->shape)));
  report.whole("batches", result->batches);
  add_cost(report, *options, result->cost, result->rows);
  add_bytes(report, result->logical_bytes_per_row * static_cast<double>(result->rows),
            result->wire_bytes, result->cost, result->rows);
  report.print(context);
  return ExitCode::fine;
}

Done<ExitCode> scan(Context& context) {
  const auto options = options_of(context);
  if (!options) return tl::unexpected(options.error());
  const auto result = run_scan(context.session(), *options, context.time_max());
  if (!result) return tl::unexpected(result.error());
  if (result->rows == 0)
    return cli::failed(Error{Errc::unavailable, "the table has no rows: nothing to measure"});
  Report report("scan");
  report.word("columns", fmt::format("{} of {}", result->columns, result->columns_of_table));
  add_cost(report, *options, result->cost, result->rows);
  add_bytes(report, static_cast<double>(result->logical_bytes), result->wire_bytes, result->cost,
            result->rows);
  report.print(context);
  return ExitCode::fine;
}

Done<ExitCode> tail(Context& context) {
  const auto options = options_of(context);
  if (!options) return tl::unexpected(options.error());
  const auto result = run_tail(context.session(), *options);
  if (!result) return tl::unexpected(result.error());
  Report report("tail");
  report.word("shape", std::string(name_of(options->shape)));
  report.whole("rate", options->rows_per_second);
  add_cost(report, *options, result->cost, result->rows);
  add_percentiles(report, "seen", result->seen);
  add_percentiles(report, "acknowledged", result->acknowledged);
  report.print(context);
  return ExitCode::fine;
}

Done<ExitCode> startup(Context& context) {
  const auto options = options_of(context);
  if (!options) return tl::unexpected(options.error());
  if (options->launch && !context.line().has("bootstrap"))
    return cli::usage_failure("--launch needs to know where the servers will be",
                              "--bootstrap HOST:PORT");
  const auto result = run_startup(context.bootstrap(), *options, context.time_max());
  if (!result) return tl::unexpected(result.error());
  Report report("startup");
  report.real("launched_s", seconds(result->launched), 3);
  report.real("table_created_s", seconds(result->table_created), 3);
  report.real("first_append_s", seconds(result->first_append), 3);
  report.print(context);
  return ExitCode::fine;
}

Done<ExitCode> idle(Context& context) {
  const auto options = options_of(context);
  if (!options) return tl::unexpected(options.error());
  const auto result = run_idle(*options);
  if (!result) return tl::unexpected(result.error());
  Report report("idle");
  report.whole("processes", static_cast<std::int64_t>(result->processes));
  report.real("rss_mb", static_cast<double>(result->resident_bytes) / 1e6, 1);
  report.real("cpu_percent", seconds(result->processor_time) / seconds(result->took) * 100, 2);
  report.print(context);
  return ExitCode::fine;
}

std::vector<Option> named(std::initializer_list<std::string_view> names) {
  std::vector<Option> options;
  for (const std::string_view name : names) options.push_back(load_option(name));
  return options;
}

std::span<const cli::Command> load_commands() {
  static const std::vector<cli::Command> all = {
      {"bench", "append", "", "append rows that were encoded ahead to a new table",
       named({"table", "shape", "rows", "batch-bytes", "compression", "buckets", "servers",
              "data-dir"}),
       append},
      {"bench", "scan", "", "read a whole table",
       named({"table", "columns", "servers", "data-dir"}), scan},
      {"bench", "tail", "", "write at a steady rate and read what comes",
       named(
           {"table", "shape", "compression", "buckets", "rate", "seconds", "servers", "data-dir"}),
       tail},
      {"bench", "startup", "", "from the launch of a cluster to the first append",
       named({"hosts", "launch", "table", "shape"}), startup},
      {"bench", "idle", "", "memory and CPU of a cluster at rest",
       named({"hosts", "seconds", "servers"}), idle},
  };
  return all;
}

}  // namespace
}  // namespace millrace::bench

namespace millrace {

int run_load(std::span<const std::string> arguments) {
  return cli::run_commands(arguments, bench::load_commands());
}

}  // namespace millrace
