#include "apps/demo/program_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "apps/agent/file_descriptor.hpp"

extern char** environ;

namespace millrace::demo {

namespace {

constexpr std::size_t output_bytes_max = std::size_t{1} << 20;

tl::unexpected<Error> system_failed(std::string_view doing, int error) {
  return fail(Errc::unavailable, fmt::format("{}: {}", doing, std::strerror(error)));
}

/// Starts the program with `output` as its standard output.
Result<pid_t> spawn(const std::filesystem::path& program, std::vector<std::string>& words,
                    int output) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t none;
  sigset_t ignored;
  ::sigemptyset(&none);
  ::sigemptyset(&ignored);
  ::sigaddset(&ignored, SIGPIPE);
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  ::posix_spawnattr_init(&how);
  ::posix_spawnattr_setflags(
      &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&how, 0);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setsigdefault(&how, &ignored);
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  const int error =
      ::posix_spawn(&process, program.c_str(), &files, &how, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&how);
  if (error != 0) return system_failed("run " + program.string(), error);
  return process;
}

/// Reads to the end. False: there was more than anybody wants.
bool read_all(int pipe, std::string& output) {
  std::array<char, 4096> chunk;
  while (true) {
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    if (output.size() + static_cast<std::size_t>(got) > output_bytes_max) return false;
    output.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<ProgramEnd> run_program(const std::filesystem::path& program,
                               std::vector<std::string> arguments) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failed("create pipe", errno);
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  arguments.insert(arguments.begin(), program.string());
  const auto process = spawn(program, arguments, writing.get());
  if (!process) return tl::unexpected(process.error());
  writing.close();
  ProgramEnd end;
  const bool whole = read_all(reading.get(), end.output);
  reading.close();
  int status = 0;
  while (::waitpid(*process, &status, 0) < 0) {
    if (errno != EINTR) return system_failed("wait for " + program.string(), errno);
  }
  if (!whole) return fail(Errc::unavailable, "too much output of " + program.string());
  end.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

}  // namespace millrace::demo
