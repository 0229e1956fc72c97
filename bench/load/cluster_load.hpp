#pragma once
#include <filesystem>

#include "apps/cli/session.hpp"
#include "bench/load/load_options.hpp"

// What a cluster costs before anybody uses it.

namespace millrace::bench {

/// All since the launch.
struct StartupResult {
  Duration launched{};  ///< The launcher, or the command, has returned.
  Duration table_created{};
  Duration first_append{};  ///< Its acknowledgement.
};

/// Starts a cluster of this machine, or runs the command of `options`, whose servers then are at
/// `bootstrap`, and tries again and again until a row is acknowledged. A cluster of ours ends with
/// this; what a command has started is its caller's to end.
[[nodiscard]] cli::Done<StartupResult> run_startup(const std::vector<Endpoint>& bootstrap,
                                                   const LoadOptions& options, Duration time_max);

struct IdleResult {
  std::size_t processes = 0;
  std::uint64_t resident_bytes = 0;
  Duration processor_time{};
  Duration took{};
};

/// Looks for a while at a cluster of this machine that nobody uses, launcher and agents included;
/// or at the servers of `options`.
[[nodiscard]] cli::Done<IdleResult> run_idle(const LoadOptions& options);

}  // namespace millrace::bench
