#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/agent/file_descriptor.hpp"
#include "apps/config/command_line.hpp"

namespace millrace {

/// Carries the outcome of a start from a process in the background to the one that a script waits
/// for. In the foreground it prints.
class StartReport {
 public:
  /// Prints to standard output and standard error.
  StartReport() = default;
  explicit StartReport(FileDescriptor pipe) : pipe_(std::move(pipe)) {}

  /// Requires that nothing was reported before.
  void ready(const std::string& text);
  void failed(ExitCode code, const std::string& text);

 private:
  void send(ExitCode code, const std::string& text);
  FileDescriptor pipe_;
};

/// Leaves the terminal: goes on in a grandchild whose output goes to `log_file`, and returns there
/// the report to give. The calling process waits for that report, prints it, and gets the code to
/// exit with. Requires a process without threads. Errors: unavailable.
struct Background {
  std::optional<ExitCode> exit_code;  ///< Set in the process that shall exit.
  StartReport report;                 ///< To use in the other one.
};
[[nodiscard]] Result<Background> go_to_background(const std::filesystem::path& log_file);

}  // namespace millrace
