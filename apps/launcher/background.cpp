#include "apps/launcher/background.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "apps/config/output.hpp"

namespace millrace {
namespace {

tl::unexpected<Error> background_failed(std::string_view doing) {
  return fail(Errc::unavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

// Reads the report: one byte with the exit code, then the text.
ExitCode wait_for_report(int pipe, const std::filesystem::path& log_file) {
  std::string report;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    report.append(chunk.data(), static_cast<std::size_t>(got));
  }
  if (report.empty()) {
    print_error("up.no_report", "the launcher ended without a word", "read " + log_file.string());
    return ExitCode::failed;
  }
  const auto code = static_cast<ExitCode>(report.front());
  if (code == ExitCode::fine) {
    print_result(report.substr(1));
  } else {
    std::fputs(report.c_str() + 1, stderr);
  }
  return code;
}

}  // namespace

void StartReport::send(ExitCode code, const std::string& text) {
  const std::string report = static_cast<char>(code) + text;
  // Far below what a pipe takes at once. If nobody waits any more, nobody needs to know.
  [[maybe_unused]] const ssize_t lost_is_fine = ::write(pipe_.get(), report.data(), report.size());
  if (code == ExitCode::fine) return pipe_.close();
  // The other process reads to the end, so it goes on when this one is gone and holds nothing more.
  pipe_.leave_open();
}

void StartReport::ready(const std::string& text) {
  if (pipe_.is_open()) return send(ExitCode::fine, text);
  print_result(text);
}

void StartReport::failed(ExitCode code, const std::string& text) {
  if (pipe_.is_open()) return send(code, text);
  std::fputs(text.c_str(), stderr);
}

Result<Background> go_to_background(const std::filesystem::path& log_file) {
  const FileDescriptor log(
      ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2] = {-1, -1};
  if (!log.is_open() || !nothing.is_open()) {
    return background_failed("open " + log_file.string());
  }
  if (::pipe2(ends, O_CLOEXEC) != 0) return background_failed("create pipe");
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const int child = ::fork();
  if (child < 0) return background_failed("go to background");
  if (child > 0) {
    writing.close();
    (void)::waitpid(child, nullptr, 0);
    return Background{wait_for_report(reading.get(), log_file), {}};
  }
  // A session of its own, then not even its leader: no terminal can come back.
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(log.get(), STDOUT_FILENO);
  ::dup2(log.get(), STDERR_FILENO);
  return Background{std::nullopt, StartReport(std::move(writing))};
}

}  // namespace millrace
