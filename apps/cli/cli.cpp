#include "apps/cli/cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "apps/cli/command.hpp"
#include "apps/cli/login.hpp"
#include "apps/config/nearest_name.hpp"
#include "protocol/table_options.hpp"

namespace millrace {

namespace {

using namespace cli;

constexpr std::string_view default_bootstrap = "127.0.0.1:9123";
constexpr std::string_view default_timeout = "30s";

const std::array<Option, 3> common_options = {{
    {"bootstrap", "HOST:PORT", "any server; also MILLRACE_BOOTSTRAP; default 127.0.0.1:9123"},
    {"timeout", "TIME", "how long a call may take, such as 500ms or 2min; default 30s"},
    {"help", "", "show this text"},
}};

std::string group_help(std::span<const Command> commands, std::string_view group) {
  std::string text;
  for (const Command& command : commands) {
    if (command.group != group) continue;
    const std::string call = fmt::format("{} {} {}", command.group, command.name, command.words);
    text += fmt::format("  millrace {:<36} {}\n", call, command.meaning);
  }
  return "usage:\n" + text + "Each takes --help.\n";
}

std::vector<Option> options_of(const Command& command) {
  std::vector<Option> options = command.options;
  options.insert(options.end(), output_options().begin(), output_options().end());
  options.insert(options.end(), login_options().begin(), login_options().end());
  options.insert(options.end(), common_options.begin(), common_options.end());
  return options;
}

std::string command_help(const Command& command) {
  return fmt::format("usage: millrace {} {} {} [options]\n{}\n{}", command.group, command.name,
                     command.words, command.meaning, describe(options_of(command)));
}

Done<const Command*> find_command(std::span<const Command> commands,
                                  std::span<const std::string> arguments) {
  const std::string_view group = arguments[0];
  const std::string next = fmt::format("millrace {} --help", group);
  if (arguments.size() < 2) return usage_failure(fmt::format("{} needs a command", group), next);
  std::vector<std::string_view> names;
  for (const Command& command : commands) {
    if (command.group != group) continue;
    if (command.name == arguments[1]) return &command;
    names.push_back(command.name);
  }
  const std::string_view nearest = nearest_name(arguments[1], names);
  return usage_failure(fmt::format("unknown command: {} {}", group, arguments[1]),
                       nearest.empty() ? next : fmt::format("did you mean {}?", nearest));
}

std::string bootstrap_of(const CommandLine& line) {
  if (const auto given = line.value("bootstrap")) return *given;
  const char* const environment = std::getenv("MILLRACE_BOOTSTRAP");
  return environment != nullptr ? environment : std::string(default_bootstrap);
}

/// Requires a group of `commands` as the first argument.
Done<ExitCode> run(std::span<const std::string> arguments, std::span<const Command> commands) {
  const std::string_view group = arguments[0];
  if (arguments.size() >= 2 &&
      (arguments[1] == "--help" || arguments[1] == "-h" || arguments[1] == "help")) {
    print_result(group_help(commands, group));
    return ExitCode::fine;
  }
  const auto command = find_command(commands, arguments);
  if (!command) return tl::unexpected(command.error());
  const std::string next = fmt::format("millrace {} {} --help", group, (*command)->name);
  const std::vector<Option> options = options_of(**command);
  auto line = CommandLine::parse(arguments, options);
  if (!line) return usage_failure(line.error().message, next);
  if (line->has("help")) {
    print_result(command_help(**command));
    return ExitCode::fine;
  }
  const auto format = output_format(*line);
  if (!format) return usage_failure(format.error().message, next);
  auto bootstrap = parse_endpoints(bootstrap_of(*line));
  if (!bootstrap) return usage_failure(bootstrap.error().message, "--bootstrap HOST:PORT");
  const auto timeout =
      protocol::parse_duration(line->value("timeout").value_or(std::string(default_timeout)));
  if (!timeout || *timeout < 1ms || *timeout > 24h)
    return usage_failure("--timeout takes 1ms to 24h, such as 30s", next);
  auto login = login_of(*line);
  if (!login) return usage_failure(login.error().message, next);
  Context context(std::move(*line), *format,
                  Access{std::move(*bootstrap), *timeout, *std::move(login)});
  return (*command)->run(context);
}

}  // namespace

int cli::run_commands(std::span<const std::string> arguments, std::span<const Command> commands) {
  const bool is_known =
      !arguments.empty() &&
      std::ranges::any_of(commands, [&](const Command& one) { return one.group == arguments[0]; });
  const Done<ExitCode> done =
      is_known ? run(arguments, commands)
               : usage_failure("expected: db ..., table ... or acl ...", "millrace help");
  if (done) return static_cast<int>(*done);
  print_failure(done.error());
  return static_cast<int>(done.error().exit);
}

int run_cli(std::span<const std::string> arguments) {
  std::vector<Command> all;
  for (const auto commands : {database_commands(), table_commands(), partition_commands(),
                              row_commands(), alter_commands(), acl_commands()})
    all.insert(all.end(), commands.begin(), commands.end());
  return run_commands(arguments, all);
}

}  // namespace millrace
