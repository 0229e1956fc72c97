#include "bench/cluster/processes.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace millrace::bench {

namespace {

tl::unexpected<Error> has_ended(int process) {
  return fail(Errc::unavailable, fmt::format("a server has ended: process {}", process));
}

/// A process's processor time in clock ticks. Its name, which may hold blanks, ends with ')'; the
/// state is the 3rd field, user and system time are the 14th and the 15th.
Result<std::uint64_t> ticks_of(int process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return has_ended(process);
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  if (!fields) return fail(Errc::unavailable, fmt::format("/proc/{}/stat cannot be read", process));
  return user + system;
}

}  // namespace

Result<std::vector<int>> parse_process_ids(std::string_view text) {
  std::vector<int> processes;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    int process = 0;
    const char* const end = text.data() + comma;
    const bool another_must_follow = comma + 1 == text.size();
    if (std::from_chars(text.data(), end, process).ptr != end || process <= 0 ||
        another_must_follow)
      return fail(Errc::malformed, "not a process id: " + std::string(text.substr(0, comma)));
    processes.push_back(process);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return processes;
}

Result<Duration> processor_time(std::span<const int> processes) {
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  std::uint64_t sum = 0;
  for (const int process : processes) {
    const auto ticks = ticks_of(process);
    if (!ticks) return tl::unexpected(ticks.error());
    sum += *ticks;
  }
  return Duration(sum * (1'000'000'000 / ticks_per_second));
}

Result<std::uint64_t> resident_bytes(std::span<const int> processes) {
  std::uint64_t sum = 0;
  for (const int process : processes) {
    std::ifstream file(fmt::format("/proc/{}/statm", process));
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    if (!(file >> all >> resident)) return has_ended(process);
    sum += resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return sum;
}

Duration own_processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto span = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return span(usage.ru_utime) + span(usage.ru_stime);
}

}  // namespace millrace::bench
