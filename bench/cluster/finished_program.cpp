#include "bench/cluster/finished_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "apps/agent/file_descriptor.hpp"

extern char** environ;

namespace millrace::bench {

Result<FinishedProgram> run_to_its_end(std::vector<std::string> command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::unavailable, "no pipe can be made");
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  pid_t pid = 0;
  const int refused = ::posix_spawn(&pid, words.front(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (refused != 0)
    return fail(Errc::unavailable, "cannot run " + command.front() + ": " + std::strerror(refused));

  writing = FileDescriptor();  // So that the end of the output is seen.
  FinishedProgram finished;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(reading.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    finished.output.append(chunk.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  finished.exit_code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  return finished;
}

}  // namespace millrace::bench
