#include "apps/agent/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

extern char** environ;

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t log_size_max = 64ULL * 1024 * 1024;
constexpr std::streamoff tail_size_max = std::streamoff{16} * 1024;
constexpr int cannot_run = 127;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Our environment with the additions in place of what they replace.
std::vector<std::string> environment_of(const ChildCommand& command, int channel) {
  std::vector<Variable> added = command.environment;
  added.push_back({command.channel_variable, std::to_string(channel)});
  std::vector<std::string> entries;
  for (const Variable& variable : added) entries.push_back(variable.name + "=" + variable.value);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    const auto replaces = [&](const Variable& variable) { return variable.name == name; };
    if (std::none_of(added.begin(), added.end(), replaces)) entries.push_back(text);
  }
  return entries;
}

void restore_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  (void)::sigaction(SIGPIPE, &usual, nullptr);
}

// What the child does between fork and the program.
[[noreturn]] void become(const ChildCommand& command, int channel, int log,
                         std::vector<std::string>& environment) {
  ::setsid();
  const FileDescriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::fcntl(channel, F_SETFD, 0);
  command.before_program();
  std::vector<std::string> arguments = {command.program.string()};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  restore_signals();
  ::execve(command.program.c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
  const std::string line =
      fmt::format("cannot run {}: {}\n", command.program.string(), std::strerror(errno));
  [[maybe_unused]] const ssize_t lost_is_fine = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(cannot_run);
}

tl::unexpected<Error> spawn_failed(std::string_view doing) {
  return fail(Errc::unavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

}  // namespace

Result<Child> spawn_process(const ChildCommand& command) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return spawn_failed("create channel");
  }
  FileDescriptor ours(ends[0]);
  const FileDescriptor theirs(ends[1]);
  const FileDescriptor log(
      ::open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!log.is_open()) return spawn_failed("open " + command.log_file.string());
  std::vector<std::string> environment = environment_of(command, theirs.get());
  const int process_id = ::fork();
  if (process_id < 0) return spawn_failed("start " + command.program.string());
  if (process_id == 0) become(command, theirs.get(), log.get(), environment);
  return Child{process_id, std::move(ours)};
}

std::optional<ChildEnd> take_ended_child() {
  int status = 0;
  int process_id = -1;
  do {
    process_id = ::waitpid(-1, &status, WNOHANG);
  } while (process_id < 0 && errno == EINTR);
  if (process_id <= 0) return std::nullopt;
  if (WIFSIGNALED(status)) return ChildEnd{process_id, 0, WTERMSIG(status)};
  return ChildEnd{process_id, WEXITSTATUS(status), 0};
}

fs::path own_program() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path("/proc/self/exe") : program;
}

void rotate_log(const fs::path& log_file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(log_file, error);
  if (error || size <= log_size_max) return;
  const FileDescriptor from(::open(log_file.c_str(), O_RDWR | O_CLOEXEC));
  const std::string old = log_file.string() + ".1";
  const FileDescriptor to(::open(old.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!from.is_open() || !to.is_open()) return;
  std::uintmax_t left = size;
  while (left > 0) {
    const ssize_t copied = ::sendfile(to.get(), from.get(), nullptr, left);
    if (copied <= 0) break;
    left -= static_cast<std::uintmax_t>(copied);
  }
  // Also when the copy failed, as it does on a full disk: the log must not be what filled it.
  [[maybe_unused]] const int lost_is_fine = ::ftruncate(from.get(), 0);
}

std::vector<std::string> last_lines(const fs::path& file, std::size_t count) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) return {};
  const std::streamoff size = stream.tellg();
  stream.seekg(std::max<std::streamoff>(0, size - tail_size_max));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  if (lines.size() > count) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  }
  return lines;
}

}  // namespace millrace
