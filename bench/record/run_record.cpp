#include "bench/record/run_record.hpp"

#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

namespace millrace::bench {

namespace {

constexpr auto unknown = "unknown";

/// The first line that a command prints, or "unknown".
std::string first_line_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  std::array<char, 256> line{};
  if (!pipe || ::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr)
    return unknown;
  std::string text = line.data();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? unknown : text;
}

std::string commit_of_sources() {
  return first_line_of(
      "git -C '" MILLRACE_SOURCE_DIR
      "' describe --always --abbrev=12 --exclude='*' --dirty=+changes 2>/dev/null");
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return unknown;
}

std::string now_text() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

RunRecord record_run(const std::vector<std::string>& arguments) {
  RunRecord record;
  record.commit = commit_of_sources();
  record.build_flags = MILLRACE_BUILD_FLAGS;
  record.compiler = "g++ " __VERSION__;
  record.command = fmt::format("{}", fmt::join(arguments, " "));
  record.started_at = now_text();
  record.processor = processor_name();
  utsname system{};
  record.kernel = ::uname(&system) == 0 ? system.release : unknown;
  record.cores = ::sysconf(_SC_NPROCESSORS_ONLN);
  record.memory_mib = (::sysconf(_SC_PHYS_PAGES) / 1024) * (::sysconf(_SC_PAGESIZE) / 1024);
  if (::getloadavg(&record.load_average, 1) != 1) record.load_average = 0;
  return record;
}

nlohmann::ordered_json to_json(const RunRecord& record) {
  return {{"commit", record.commit},
          {"build_flags", record.build_flags},
          {"compiler", record.compiler},
          {"command", record.command},
          {"started_at", record.started_at},
          {"machine",
           {{"processor", record.processor},
            {"cores", record.cores},
            {"memory_mib", record.memory_mib},
            {"kernel", record.kernel},
            {"load_average", record.load_average}}}};
}

std::string to_text(const RunRecord& record) {
  return fmt::format(
      "commit {}, {}, {}, at {}\n{} cores of {}, {} MiB, Linux {}, load before the run {:.1f}\n",
      record.commit, record.compiler, record.build_flags, record.started_at, record.cores,
      record.processor, record.memory_mib, record.kernel, record.load_average);
}

std::filesystem::path default_result_file(const std::string& name) {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  const auto folder = program.parent_path().parent_path() / "bench";
  std::filesystem::create_directories(folder, failed);
  return folder / (name + ".json");
}

}  // namespace millrace::bench
