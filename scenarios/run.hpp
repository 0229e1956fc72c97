#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace millrace::scenarios {

/// What came of one seed.
struct Outcome {
  std::uint64_t trace_hash = 0;
  std::uint64_t messages = 0;
  Duration simulated{};
  std::vector<std::string> violations;  ///< Empty: all is well.
  /// How often the run got where it wanted to get: a scenario that never does proves nothing.
  std::map<std::string, std::uint64_t> reached;
};

/// Runs a whole scenario; the seed fixes everything that happens in it.
using Scenario = std::function<Outcome(std::uint64_t seed)>;

/// The seeds to run: the one in MILLRACE_SEED, or as many as MILLRACE_SEEDS says, or `usual` of
/// them, from MILLRACE_FIRST_SEED on, or from 0.
[[nodiscard]] std::vector<std::uint64_t> seeds_to_run(std::uint64_t usual);

/// The command that runs one seed of a test of this program again.
[[nodiscard]] std::string repeat_command(const std::string& test, std::uint64_t seed);

/// For people: what went wrong, and how to see it again.
[[nodiscard]] std::string report(const std::string& test, std::uint64_t seed,
                                 const Outcome& outcome);

}  // namespace millrace::scenarios
