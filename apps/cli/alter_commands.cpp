// Commands that change databases and tables that are there.
#include <fmt/format.h>

#include "apps/cli/column_list.hpp"
#include "apps/cli/command.hpp"

namespace millrace::cli {

namespace {

Done<std::vector<protocol::ConfigChange>> wanted_changes(const CommandLine& line) {
  std::vector<protocol::ConfigChange> changes;
  for (const std::string& property : line.values("set")) {
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0)
      return usage_failure("--set takes KEY=VALUE: " + property, "--set table.log.ttl=7d");
    changes.push_back(
        {property.substr(0, equals), property.substr(equals + 1), protocol::config_set});
  }
  for (const std::string& key : line.values("reset"))
    changes.push_back({key, {}, protocol::config_delete});
  return changes;
}

Done<std::vector<protocol::AddedColumn>> wanted_columns(const CommandLine& line) {
  std::vector<protocol::AddedColumn> columns;
  const auto list = line.value("add-columns");
  if (!list) return columns;
  const auto schema = parse_columns(*list);
  if (!schema) return usage_failure(schema.error().message, "--add-columns \"delay INT\"");
  for (const protocol::Column& column : schema->columns)
    columns.push_back({column.name, to_json(column.type), {}, protocol::position_last, {}});
  return columns;
}

Done<ExitCode> alter_table(Context& context) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  const auto path = parse_table_path(words->front());
  if (!path) return usage_failure(path.error().message, "millrace table ls");
  auto changes = wanted_changes(context.line());
  if (!changes) return tl::unexpected(changes.error());
  auto columns = wanted_columns(context.line());
  if (!columns) return tl::unexpected(columns.error());
  if (changes->empty() == columns->empty()) {
    return usage_failure("either columns or options are altered at a time",
                         "--add-columns \"delay INT\", or --set and --reset");
  }
  const protocol::AlterTable alteration{
      path->database,      path->table,         context.line().has("if-exists"),
      std::move(*changes), std::move(*columns), {}};
  const auto altered = context.session().wait<void>(
      [&](auto done) { context.client().alter_table(alteration, std::move(done)); });
  if (!altered) return tl::unexpected(altered.error());
  context.print(Document::object()
                    .set("database", path->database)
                    .set("table", path->table)
                    .set("altered", true),
                fmt::format("table {} is altered\n", to_string(*path)));
  return ExitCode::fine;
}

Done<ExitCode> alter_database(Context& context) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  const std::string& name = words->front();
  auto changes = wanted_changes(context.line());
  if (!changes) return tl::unexpected(changes.error());
  const protocol::AlterDatabase alteration{name, context.line().has("if-exists"),
                                           std::move(*changes), context.line().value("comment")};
  const auto altered = context.session().wait<void>(
      [&](auto done) { context.client().alter_database(alteration, std::move(done)); });
  if (!altered) return tl::unexpected(altered.error());
  context.print(Document::object().set("database", name).set("altered", true),
                fmt::format("database {} is altered\n", name));
  return ExitCode::fine;
}

}  // namespace

std::span<const Command> alter_commands() {
  static const std::vector<Command> all = {
      {"db",
       "alter",
       "NAME",
       "change a database's comment and properties",
       {{"set", "KEY=VALUE", "set a property; may come several times"},
        {"reset", "KEY", "take a property away; may come several times"},
        {"comment", "TEXT", "kept with the database"},
        {"if-exists", "", "fine if there is none"}},
       alter_database},
      {"table",
       "alter",
       "DB.TABLE",
       "add columns to a table, or change its options",
       {{"add-columns", "LIST", "such as \"delay INT, tail STRING\"; they come last"},
        {"set", "KEY=VALUE", "set an option; may come several times"},
        {"reset", "KEY", "take an option back to its default; may come several times"},
        {"if-exists", "", "fine if there is none"}},
       alter_table},
  };
  return all;
}

}  // namespace millrace::cli
