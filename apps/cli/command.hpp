#pragma once
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/cli/failure.hpp"
#include "apps/cli/session.hpp"
#include "apps/config/output.hpp"

namespace millrace::cli {

/// What a command gets to work with. It connects when it first needs to.
class Context {
 public:
  Context(CommandLine line, OutputFormat format, Access access)
      : line_(std::move(line)), format_(format), access_(std::move(access)) {}

  [[nodiscard]] const CommandLine& line() const { return line_; }
  [[nodiscard]] OutputFormat format() const { return format_; }
  [[nodiscard]] const std::vector<Endpoint>& bootstrap() const { return access_.bootstrap; }
  [[nodiscard]] Duration time_max() const { return access_.time_max; }
  [[nodiscard]] Session& session();
  [[nodiscard]] client::Client& client() { return session().client(); }

  /// The words behind the command. Errors: usage, unless there are so many.
  [[nodiscard]] Done<std::vector<std::string>> words(std::size_t least, std::size_t most) const;

  /// Prints a result: the document, or its view as text for people.
  void print(const Document& document, const std::string& text) const;

 private:
  const CommandLine line_;
  const OutputFormat format_;
  const Access access_;
  std::unique_ptr<Session> session_;
};

struct Command {
  std::string_view group;  ///< "db", "table", "acl", "bench"
  std::string_view name;
  std::string_view words;  ///< As in the usage line: "DB.TABLE FILE".
  std::string_view meaning;
  std::vector<Option> options;  ///< Besides those that every command has.
  Done<ExitCode> (*run)(Context& context);
};

[[nodiscard]] std::span<const Command> database_commands();
[[nodiscard]] std::span<const Command> table_commands();
[[nodiscard]] std::span<const Command> partition_commands();
[[nodiscard]] std::span<const Command> row_commands();
[[nodiscard]] std::span<const Command> alter_commands();
[[nodiscard]] std::span<const Command> acl_commands();

}  // namespace millrace::cli
