// Commands that move rows: head, tail, scan, load.
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <unistd.h>

#include "apps/cli/column_list.hpp"
#include "apps/cli/command.hpp"
#include "apps/cli/progress_bar.hpp"
#include "apps/cli/row_text.hpp"
#include "apps/cli/table_loader.hpp"
#include "apps/cli/table_reader.hpp"

namespace millrace::cli {

namespace {

double seconds_in(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::int64_t per_second(std::int64_t count, Duration took) {
  const double seconds = seconds_in(took);
  return seconds > 0 ? static_cast<std::int64_t>(static_cast<double>(count) / seconds) : 0;
}

/// A table for people, NDJSON for programs, or what was asked for.
Done<RowFormat> row_format(const Context& context) {
  if (const auto given = context.line().value("format")) {
    const auto format = parse_row_format(*given);
    if (!format) return usage_failure(format.error().message, "--format ndjson");
    return *format;
  }
  if (context.format() == OutputFormat::yaml)
    return usage_failure("rows come as table, csv or ndjson", "--format ndjson");
  const bool asked = context.line().has("json") || context.line().has("output");
  if (asked) return context.format() == OutputFormat::table ? RowFormat::table : RowFormat::ndjson;
  return ::isatty(STDOUT_FILENO) != 0 ? RowFormat::table : RowFormat::ndjson;
}

Done<ReadRequest> request_from(const Context& context, std::string_view start) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  auto path = parse_table_path(words->front());
  if (!path) return usage_failure(path.error().message, "millrace table ls");
  ReadRequest request{.table = std::move(*path)};
  request.columns = split_list(context.line().value("columns").value_or(""));
  const auto from = parse_start(context.line().value("from").value_or(std::string(start)));
  if (!from) return usage_failure(from.error().message, "--from earliest");
  request.start = *from;
  if (context.line().has("limit")) {
    const auto limit = context.line().number("limit", 0, 0, std::int64_t{1} << 62);
    if (!limit) return usage_failure(limit.error().message, "--limit 10");
    request.rows_max = *limit;
  }
  return request;
}

std::vector<protocol::Column> columns_read(const client::Scanner& scanner,
                                           const std::vector<std::string>& names) {
  const auto& all = scanner.table().descriptor.schema.columns;
  if (names.empty()) return all;
  std::vector<protocol::Column> out;
  for (const std::string& name : names) {
    for (const protocol::Column& column : all) {
      if (column.name == name) out.push_back(column);
    }
  }
  return out;
}

/// Reads and prints rows; says on standard error what it cost, if somebody looks at it.
Done<ExitCode> print_rows(Context& context, const ReadRequest& request) {
  const auto format = row_format(context);
  if (!format) return tl::unexpected(format.error());
  std::optional<RowPrinter> printer;
  const auto flush = [&] {
    if (printer) printer->flush();
  };
  const RowSink sink{.on_open =
                         [&](const client::Scanner& scanner) {
                           printer.emplace(*format, columns_read(scanner, request.columns),
                                           print_result);
                         },
                     .on_rows =
                         [&](const client::ScannedBatch& batch) {
                           printer->add(*batch.rows);
                           return true;
                         },
                     .on_idle = flush};
  const auto summary = read_table(context.session(), request, context.time_max(), sink);
  flush();
  if (!summary) return tl::unexpected(summary.error());
  if (::isatty(STDERR_FILENO) != 0) {
    fmt::print(stderr, "{} rows, {} bytes on the wire, {:.2f} s, {} rows/s\n", summary->rows,
               summary->wire_bytes, seconds_in(summary->took),
               per_second(summary->rows, summary->took));
  }
  return ExitCode::fine;
}

Done<ExitCode> head(Context& context) {
  auto request = request_from(context, "earliest");
  if (!request) return tl::unexpected(request.error());
  if (!request->rows_max) request->rows_max = 10;
  return print_rows(context, *request);
}

Done<ExitCode> tail(Context& context) {
  auto request = request_from(context, "latest");
  if (!request) return tl::unexpected(request.error());
  request->follow = true;
  return print_rows(context, *request);
}

Done<ExitCode> scan(Context& context) {
  const auto request = request_from(context, "earliest");
  if (!request) return tl::unexpected(request.error());
  return print_rows(context, *request);
}

Done<FileKind> file_kind(const Context& context, const std::string& path) {
  const std::string name = context.line().value("format").value_or("");
  if (name == "csv") return FileKind::csv;
  if (name == "ndjson") return FileKind::ndjson;
  if (name == "parquet") return FileKind::parquet;
  if (!name.empty()) return usage_failure("--format takes csv, ndjson or parquet: " + name, "");
  const auto kind = kind_of(path);
  if (!kind) return usage_failure("which kind of file is this: " + path, "--format csv");
  return *kind;
}

Done<ExitCode> load(Context& context) {
  const auto words = context.words(2, 2);
  if (!words) return tl::unexpected(words.error());
  const auto path = parse_table_path((*words)[0]);
  if (!path) return usage_failure(path.error().message, "millrace table ls");
  const std::string& file = (*words)[1];
  const auto kind = file_kind(context, file);
  if (!kind) return tl::unexpected(kind.error());
  auto columns = columns_of(context.session(), *path);
  if (!columns) return tl::unexpected(columns.error());
  auto source = RowSource::open(file, *kind, std::move(*columns),
                                {.null_values = context.line().values("null-value")});
  if (!source) return failed(source.error());
  ProgressBar bar(path->table);
  const Instant start = context.session().loop().now();
  const auto summary =
      load_rows(context.session(), *path, **source, [&](const LoadProgress& progress) {
        bar.show(progress.fraction, progress.rows, context.session().loop().now() - start);
      });
  bar.finish();
  if (!summary) return tl::unexpected(summary.error());
  const std::int64_t rate = per_second(summary->rows, summary->took);
  context.print(
      Document::object()
          .set("database", path->database)
          .set("table", path->table)
          .set("rows", summary->rows)
          .set("batches", summary->batches)
          .set("milliseconds",
               std::int64_t{
                   std::chrono::duration_cast<std::chrono::milliseconds>(summary->took).count()})
          .set("rows_per_second", rate),
      fmt::format("{} rows in {:.2f} s, {} rows/s\n", summary->rows, seconds_in(summary->took),
                  rate));
  return ExitCode::fine;
}

std::vector<Option> reading_options(std::string_view from) {
  return {{"columns", "A,B", "only these columns, in this order"},
          {"limit", "N", "at most so many rows"},
          {"from", "WHERE", from},
          {"format", "FORMAT", "table, csv or ndjson"}};
}

}  // namespace

std::span<const Command> row_commands() {
  constexpr std::string_view from_start =
      "earliest (default), latest, an offset, @MILLISECONDS or @2013-01-01T08:00:00Z";
  constexpr std::string_view from_end =
      "latest (default), earliest, an offset, @MILLISECONDS or @2013-01-01T08:00:00Z";
  static const std::vector<Command> all = {
      {"table", "head", "DB.TABLE", "the first rows, 10 unless --limit",
       reading_options(from_start), head},
      {"table", "tail", "DB.TABLE", "new rows as they come, until interrupted",
       reading_options(from_end), tail},
      {"table", "scan", "DB.TABLE", "all rows that are there now", reading_options(from_start),
       scan},
      {"table",
       "load",
       "DB.TABLE FILE",
       "append the rows of a file",
       {{"format", "FORMAT", "csv, ndjson or parquet; default: by the file's name"},
        {"null-value", "TEXT", "what means null in CSV, besides nothing; may come several times"}},
       load},
  };
  return all;
}

}  // namespace millrace::cli
