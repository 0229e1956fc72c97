#include "apps/demo/story.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <fstream>
#include <numeric>
#include <utility>

#include "apps/cli/row_source.hpp"
#include "apps/cli/session.hpp"
#include "apps/cli/table_loader.hpp"
#include "apps/cli/table_reader.hpp"
#include "apps/config/output.hpp"
#include "apps/demo/flights_file.hpp"
#include "apps/demo/live_tail.hpp"
#include "apps/demo/story_text.hpp"

namespace millrace::demo {

namespace {

namespace fs = std::filesystem;
using cli::Done;
using cli::failed;

constexpr Duration call_time_max = 30s;
constexpr std::string_view database = "nyc";
constexpr std::int32_t bucket_count = 4;
constexpr std::int64_t live_row_count = 12;
/// No flight of 2013 has such a number.
constexpr std::int64_t first_live_flight = 900'001;

tl::unexpected<cli::Failure> differs(std::string message) {
  return tl::unexpected(cli::Failure{"demo.differs", std::move(message), "", ExitCode::failed});
}

cli::RowSourceOptions reading_options() { return {.null_values = {"NA"}}; }

client::TablePath path_of(std::string_view table) {
  return {std::string(database), std::string(table)};
}

Done<void> create_tables(cli::Session& session, const fs::path& data) {
  auto made = session.wait<void>([&](auto done) {
    session.client().create_database(std::string(database), false, std::move(done));
  });
  if (!made) return made;
  for (const std::string_view table : table_names) {
    auto schema =
        cli::infer_schema(file_of(data, table).string(), cli::FileKind::csv, reading_options());
    if (!schema) return failed(schema.error());
    protocol::TableDescriptor descriptor;
    descriptor.schema = std::move(*schema);
    descriptor.bucket_count = bucket_count;
    descriptor.bucket_keys.emplace();
    made = session.wait<void>([&](auto done) {
      session.client().create_table(path_of(table), descriptor, false, std::move(done));
    });
    if (!made) return made;
  }
  return {};
}

/// The file's rows in the columns of the table.
Done<std::unique_ptr<cli::RowSource>> open_source(cli::Session& session, const fs::path& data,
                                                  std::string_view table) {
  auto columns = cli::columns_of(session, path_of(table));
  if (!columns) return tl::unexpected(columns.error());
  auto source = cli::RowSource::open(file_of(data, table).string(), cli::FileKind::csv,
                                     std::move(*columns), reading_options());
  if (!source) return failed(source.error());
  return std::move(*source);
}

/// The rows that the cluster says it has, from offsets alone.
Done<std::int64_t> count_rows(cli::Session& session, std::string_view table) {
  const auto ends = cli::offsets_of(session, path_of(table), {});
  if (!ends) return tl::unexpected(ends.error());
  return std::accumulate(ends->begin(), ends->end(), std::int64_t{0});
}

Done<void> load_table(cli::Session& session, const StoryRequest& request, std::string_view table) {
  auto source = open_source(session, request.data, table);
  if (!source) return tl::unexpected(source.error());
  LoadLine line(std::string(table), request.audience, print_result);
  const Instant start = session.loop().now();
  const auto summary =
      cli::load_rows(session, path_of(table), **source, [&](const cli::LoadProgress& progress) {
        line.show(progress.fraction, progress.rows, session.loop().now() - start);
      });
  if (!summary) return tl::unexpected(summary.error());
  line.finish(summary->rows, summary->took);
  const auto count = count_rows(session, table);
  if (!count) return tl::unexpected(count.error());
  if (*count != summary->rows) {
    return differs(fmt::format("{}: {} rows were confirmed, the cluster counts {}", table,
                               summary->rows, *count));
  }
  return {};
}

struct Scanned {
  ScanCost cost;
  OriginTotals totals;
};

/// Reads all of `flights`; no `columns` means every column.
Done<Scanned> scan_flights(cli::Session& session, std::string name,
                           std::vector<std::string> columns) {
  Scanned out;
  std::optional<Error> bad_rows;
  const cli::RowSink sink{.on_open =
                              [&](const client::Scanner& scanner) {
                                out.cost.columns = scanner.schema()->num_fields();
                              },
                          .on_rows =
                              [&](const client::ScannedBatch& batch) {
                                const auto added = out.totals.add(*batch.rows);
                                if (!added) bad_rows = added.error();
                                return added.has_value();
                              }};
  const auto summary = cli::read_table(
      session, {.table = path_of("flights"), .columns = std::move(columns)}, call_time_max, sink);
  if (!summary) return tl::unexpected(summary.error());
  if (bad_rows) return failed(*bad_rows);
  out.cost.name = std::move(name);
  out.cost.rows = summary->rows;
  out.cost.wire_bytes = summary->wire_bytes;
  out.cost.took = summary->took;
  return out;
}

Done<OriginTotals> count_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  auto totals = totals_of_csv(file);
  if (!totals) return failed(wrap(totals.error(), path.string()).value());
  return std::move(*totals);
}

/// Scans with a projection and without, and holds both against the file.
Done<void> scan_and_check(cli::Session& session, const fs::path& data) {
  const auto some = scan_flights(session, "projected", {"origin", "dest", "dep_time", "dep_delay"});
  if (!some) return tl::unexpected(some.error());
  const auto whole = scan_flights(session, "full rows", {});
  if (!whole) return tl::unexpected(whole.error());
  print_result(scans_text({some->cost, whole->cost}));
  print_result(
      "   Bytes are those of the servers' answers, frames included, counted as they came.\n");
  const auto wanted = count_file(file_of(data, "flights"));
  if (!wanted) return tl::unexpected(wanted.error());
  for (const Scanned* scan : {&*some, &*whole}) {
    if (const auto found =
            difference("the file", *wanted, "the scan of " + scan->cost.name, scan->totals))
      return differs(*found);
  }
  print_result(fmt::format("\n{} flights. Computed from the scanned rows:\n",
                           grouped(static_cast<std::uint64_t>(some->totals.flights()))));
  print_result(origins_text(some->totals));
  print_result(
      "   Counted again, straight from flights.csv: equal, to the last minute of delay.\n");
  return {};
}

Done<void> follow(cli::Session& session, const StoryRequest& request) {
  auto source = open_source(session, request.data, "flights");
  if (!source) return tl::unexpected(source.error());
  const auto rows = (*source)->next();
  if (!rows) return failed(rows.error());
  if (!*rows) return differs("flights.csv has no rows");
  const auto bootstrap = cli::parse_endpoints(request.cluster.bootstrap);
  if (!bootstrap) return failed(bootstrap.error());
  const LiveRequest live{.table = path_of("flights"),
                         .bootstrap = *bootstrap,
                         .rows = (*rows)->Slice(0, live_row_count),
                         .first_flight = first_live_flight};
  const auto latencies = tail_live(session, live, [](const LiveRow& row) {
    print_result(fmt::format("   {} {}  {} -> {}   after {}\n", row.carrier, row.flight, row.origin,
                             row.destination, duration_text(row.latency)));
  });
  if (!latencies) return tl::unexpected(latencies.error());
  print_result(fmt::format("   {} rows, from append to reader: {}.\n", latencies->size(),
                           latencies_text(*latencies)));
  return {};
}

}  // namespace

fs::path file_of(const fs::path& data, std::string_view table) {
  return data / (std::string(table) + ".csv");
}

Done<void> tell_story(const StoryRequest& request) {
  const auto bootstrap = cli::parse_endpoints(request.cluster.bootstrap);
  if (!bootstrap) return failed(bootstrap.error());
  cli::Session session({*bootstrap, call_time_max});

  print_result(
      fmt::format("\n2. Five log tables of database {}, {} buckets each, over the Fluss "
                  "protocol\n",
                  database, bucket_count));
  if (auto made = create_tables(session, request.data); !made) return made;
  for (const std::string_view table : table_names) {
    if (auto loaded = load_table(session, request, table); !loaded) return loaded;
  }

  print_result("\n3. A scan of flights with 4 columns, beside one with all of them\n");
  if (auto checked = scan_and_check(session, request.data); !checked) return checked;

  print_result("\n4. The end of flights, followed live while another client writes\n");
  if (auto followed = follow(session, request); !followed) return followed;

  print_result("\n5. Your turn: lines to paste\n\n");
  print_result(paste_text(request.cluster.bootstrap));
  return {};
}

}  // namespace millrace::demo
