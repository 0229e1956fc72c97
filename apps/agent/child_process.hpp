#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/agent/file_descriptor.hpp"
#include "apps/config/configuration.hpp"
#include "base/result.hpp"

namespace millrace {

struct ChildCommand {
  std::filesystem::path program;
  std::vector<std::string> arguments;  ///< Without the program itself.
  std::vector<Variable> environment;   ///< On top of ours.
  std::filesystem::path log_file;      ///< Standard output and error are appended to it.
  const char* channel_variable;        ///< Where the child finds its end of the channel.
  /// Called in the child before the program begins, so that what it writes about the process is
  /// there even when this process dies now.
  std::function<void()> before_program = [] {};
};

struct Child {
  int process_id = 0;
  FileDescriptor channel;
};

/// Starts a program in a session of its own, so that a terminal's signals do not reach it, joined
/// to us by a channel. A program that cannot be run ends with code 127 and a line in its log.
/// Requires a process without threads. Errors: unavailable.
[[nodiscard]] Result<Child> spawn_process(const ChildCommand& command);

/// How a child ended.
struct ChildEnd {
  int process_id = 0;
  int exit_code = 0;
  int signal = 0;  ///< That ended it, or zero.
};

/// The next child that has ended, if any; it is collected.
[[nodiscard]] std::optional<ChildEnd> take_ended_child();

/// The program file that this process runs.
[[nodiscard]] std::filesystem::path own_program();

/// When a log exceeds 64 MiB, moves its contents to NAME.1 and goes on in the same file: the
/// process that writes it has it open for appending.
void rotate_log(const std::filesystem::path& log_file);

/// The last lines of a text file, at most `count` and 16 KiB.
[[nodiscard]] std::vector<std::string> last_lines(const std::filesystem::path& file,
                                                  std::size_t count);

}  // namespace millrace
