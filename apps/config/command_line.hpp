#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/config/setting.hpp"
#include "base/result.hpp"

namespace millrace {

/// What a program exits with. Nothing else is ever returned.
enum class ExitCode : int {
  fine = 0,
  failed = 1,
  usage = 2,      ///< The command line or the configuration cannot be used.
  unhealthy = 3,  ///< What was asked about is down.
  partly = 4,     ///< Some of it is up, some is down or cannot be reached.
  timed_out = 5,
};

/// One option of a command, written `--name` or `--name VALUE`.
struct Option {
  std::string_view name;
  std::string_view value_name;  ///< Empty: the option is a switch.
  std::string_view meaning;
};

/// The options and words of one command.
class CommandLine {
 public:
  /// Understands `--name value` and `--name=value`; names are never guessed from a prefix. An
  /// option may come several times. Errors: malformed for an unknown option, naming the nearest
  /// one, and for a value that is missing or not asked for.
  [[nodiscard]] static Result<CommandLine> parse(std::span<const std::string> arguments,
                                                 std::span<const Option> options);

  [[nodiscard]] bool has(std::string_view name) const;
  /// The last value given, or nothing.
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
  /// A whole number within bounds, or `otherwise` when it was not given.
  [[nodiscard]] Result<std::int64_t> number(std::string_view name, std::int64_t otherwise,
                                            std::int64_t least, std::int64_t most) const;
  /// The words that belong to no option.
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> words_;
};

/// The options through which every server program is configured: --config, --set, and one for each
/// key that is typed often.
[[nodiscard]] std::span<const Option> configuration_options();

/// The settings that those options ask for, in the order: named ones, then --set.
[[nodiscard]] Result<std::vector<Setting>> flag_settings(const CommandLine& line);

/// The same options as arguments for a child process. Requires a line that flag_settings accepted.
[[nodiscard]] std::vector<std::string> configuration_arguments(const CommandLine& line);

/// The --config file, as an absolute path.
[[nodiscard]] std::optional<std::filesystem::path> configuration_file(const CommandLine& line);

/// Options one per line, for --help.
[[nodiscard]] std::string describe(std::span<const Option> options);

}  // namespace millrace
