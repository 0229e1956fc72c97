#include "scenarios/run.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string_view>

#include "base/check.hpp"

namespace millrace::scenarios {
namespace {

constexpr std::size_t violations_shown_max = 10;

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* set = std::getenv(variable);
  if (set == nullptr) return std::nullopt;
  const std::string_view text(set);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  CHECK(error == std::errc() && end == text.data() + text.size());
  return number;
}

}  // namespace

std::vector<std::uint64_t> seeds_to_run(std::uint64_t usual) {
  if (const auto one = number_in("MILLRACE_SEED")) return {*one};
  std::vector<std::uint64_t> seeds(number_in("MILLRACE_SEEDS").value_or(usual));
  std::iota(seeds.begin(), seeds.end(), number_in("MILLRACE_FIRST_SEED").value_or(0));
  return seeds;
}

std::string repeat_command(const std::string& test, std::uint64_t seed) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return fmt::format("MILLRACE_SEED={} {} --gtest_filter={}", seed,
                     error ? "build/dev/bin/simulation" : program.string(), test);
}

std::string report(const std::string& test, std::uint64_t seed, const Outcome& outcome) {
  std::string text = fmt::format("seed {} fails after {} ms of simulated time, {} messages:\n",
                                 seed, outcome.simulated / 1ms, outcome.messages);
  for (std::size_t i = 0; i < outcome.violations.size(); ++i) {
    if (i == violations_shown_max) {
      text += fmt::format("  ... and {} more\n", outcome.violations.size() - i);
      break;
    }
    text += "  " + outcome.violations[i] + "\n";
  }
  return text + "again: " + repeat_command(test, seed) + "\n";
}

}  // namespace millrace::scenarios
