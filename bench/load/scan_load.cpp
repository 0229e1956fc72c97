#include "bench/load/scan_load.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "apps/cli/table_reader.hpp"

namespace millrace::bench {

namespace {

using Columns = std::vector<protocol::Column>;

cli::Done<std::vector<std::string>> columns_asked_for(const Columns& columns,
                                                      const LoadOptions& options) {
  const auto all = static_cast<int>(columns.size());
  const int wanted = options.columns.value_or(all);
  if (wanted > all)
    return cli::usage_failure(fmt::format("the table has {} columns", all), "--columns N");
  std::vector<std::string> names;
  if (wanted == all) return names;  // All of them without being named.
  for (const int column : spread_columns(wanted, all))
    names.push_back(columns[static_cast<std::size_t>(column)].name);
  return names;
}

}  // namespace

cli::Done<ScanResult> run_scan(cli::Session& session, const LoadOptions& options,
                               Duration silence_max) {
  const auto table = session.wait<client::TablePtr>(
      [&](auto done) { session.client().describe_table(options.table, std::move(done)); });
  if (!table) return tl::unexpected(table.error());
  const Columns& columns = (*table)->descriptor.schema.columns;
  const auto names = columns_asked_for(columns, options);
  if (!names) return tl::unexpected(names.error());
  ScanResult result;
  result.columns_of_table = static_cast<int>(columns.size());
  result.columns = names->empty() ? result.columns_of_table : static_cast<int>(names->size());
  const cli::RowSink sink{.on_open = [](const client::Scanner&) {},
                          .on_rows =
                              [&](const client::ScannedBatch& batch) {
                                result.logical_bytes += logical_bytes(*batch.rows);
                                return true;
                              }};
  CostMeter meter(options.servers, options.data);
  if (auto begun = meter.begin(session.loop().now()); !begun) return cli::failed(begun.error());
  const auto read =
      cli::read_table(session, {.table = options.table, .columns = *names}, silence_max, sink);
  if (!read) return tl::unexpected(read.error());
  const auto cost = meter.end(session.loop().now());
  if (!cost) return cli::failed(cost.error());
  result.cost = *cost;
  result.cost.took = read->took;  // Without the questions before it.
  result.rows = read->rows;
  result.wire_bytes = read->wire_bytes;
  return result;
}

}  // namespace millrace::bench
