#include <fmt/format.h>

#include "apps/cli/command.hpp"

namespace millrace::cli {

namespace {

Done<ExitCode> list(Context& context) {
  if (const auto none = context.words(0, 0); !none) return tl::unexpected(none.error());
  const auto names = context.session().wait<std::vector<std::string>>(
      [&](auto done) { context.client().list_databases(std::move(done)); });
  if (!names) return tl::unexpected(names.error());
  Document document = Document::list();
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : *names) {
    document.add(Document::object().set("database", name));
    rows.push_back({name});
  }
  context.print(document, text_table({"DATABASE"}, rows));
  return ExitCode::fine;
}

Done<ExitCode> create(Context& context) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  const std::string& name = words->front();
  const auto made = context.session().wait<void>([&](auto done) {
    context.client().create_database(name, context.line().has("if-not-exists"), std::move(done));
  });
  if (!made) return tl::unexpected(made.error());
  context.print(Document::object().set("database", name).set("created", true),
                fmt::format("database {} is there\n", name));
  return ExitCode::fine;
}

Done<ExitCode> drop(Context& context) {
  const auto words = context.words(1, 1);
  if (!words) return tl::unexpected(words.error());
  const std::string& name = words->front();
  const auto gone = context.session().wait<void>([&](auto done) {
    context.client().drop_database(name, context.line().has("if-exists"),
                                   context.line().has("cascade"), std::move(done));
  });
  if (!gone) return tl::unexpected(gone.error());
  context.print(Document::object().set("database", name).set("dropped", true),
                fmt::format("database {} is gone\n", name));
  return ExitCode::fine;
}

}  // namespace

std::span<const Command> database_commands() {
  static const std::vector<Command> all = {
      {"db", "ls", "", "list databases", {}, list},
      {"db",
       "create",
       "NAME",
       "create a database",
       {{"if-not-exists", "", "fine if it is there already"}},
       create},
      {"db",
       "drop",
       "NAME",
       "drop a database",
       {{"if-exists", "", "fine if there is none"}, {"cascade", "", "with all its tables"}},
       drop},
  };
  return all;
}

}  // namespace millrace::cli
