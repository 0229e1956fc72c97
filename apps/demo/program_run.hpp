#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace millrace::demo {

/// How another program ended.
struct ProgramEnd {
  int exit_code = 0;   ///< 128 + N when signal N ended it.
  std::string output;  ///< What it wrote to standard output.
};

/// Runs a program and waits for its end. Its errors go to our standard error. It is a process group
/// of its own, so the Ctrl-C of a terminal does not reach it: who starts it decides when it is
/// over. Requires that nobody else waits for children meanwhile. Errors: unavailable, also for
/// output beyond 1 MiB.
[[nodiscard]] Result<ProgramEnd> run_program(const std::filesystem::path& program,
                                             std::vector<std::string> arguments);

}  // namespace millrace::demo
