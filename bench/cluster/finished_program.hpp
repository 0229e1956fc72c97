#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"

namespace millrace::bench {

struct FinishedProgram {
  int exit_code = 0;   ///< Minus the signal, if one ended it.
  std::string output;  ///< Standard output; errors go where ours go.
};

/// Runs a program and waits for it. Errors: unavailable when it cannot be run.
[[nodiscard]] Result<FinishedProgram> run_to_its_end(std::vector<std::string> command);

}  // namespace millrace::bench
