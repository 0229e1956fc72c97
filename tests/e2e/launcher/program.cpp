#include "tests/e2e/launcher/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "apps/config/listener.hpp"

extern char** environ;

namespace millrace {
namespace {

constexpr int wait_millis_max = 60'000;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reading = FileDescriptor(ends[0]);
    writing = FileDescriptor(ends[1]);
  }
  FileDescriptor reading;
  FileDescriptor writing;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& variables) {
  Pipe output;
  Pipe errors;
  std::vector<std::string> words = {MILLRACE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = variables;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  process_id_ = ::fork();
  if (process_id_ == 0) {
    ::dup2(output.writing.get(), STDOUT_FILENO);
    ::dup2(errors.writing.get(), STDERR_FILENO);
    ::execve(MILLRACE_PROGRAM, pointers_to(words).data(), pointers_to(environment).data());
    ::_exit(127);
  }
  output_.descriptor = std::move(output.reading);
  errors_.descriptor = std::move(errors.reading);
}

Program::~Program() {
  if (process_id_ <= 0) return;
  ::kill(process_id_, SIGKILL);
  (void)::waitpid(process_id_, nullptr, 0);
}

std::optional<std::string> Program::line_of(Stream& stream) {
  for (;;) {
    if (const auto end = stream.buffer.find('\n'); end != std::string::npos) {
      std::string line = stream.buffer.substr(0, end);
      stream.buffer.erase(0, end + 1);
      return line;
    }
    pollfd ready{stream.descriptor.get(), POLLIN, 0};
    if (::poll(&ready, 1, wait_millis_max) <= 0) {
      ADD_FAILURE() << "no line within a minute";
      return std::nullopt;
    }
    std::array<char, 4096> chunk;
    const ssize_t got = ::read(stream.descriptor.get(), chunk.data(), chunk.size());
    if (got <= 0) return std::nullopt;
    stream.buffer.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::optional<std::string> Program::next_line() { return line_of(output_); }

std::optional<std::string> Program::next_error_line() { return line_of(errors_); }

YAML::Node Program::next_event(const std::string& name, const Matches& matches) {
  std::string seen;
  while (const auto line = line_of(errors_)) {
    seen += *line + '\n';
    if (!line->starts_with('{')) continue;
    const YAML::Node event = YAML::Load(*line);
    if (event["event"].as<std::string>() == name && (!matches || matches(event))) return event;
  }
  throw std::runtime_error("no event " + name + " among:\n" + seen);
}

void Program::signal(int number) const { ::kill(process_id_, number); }

int Program::wait_for_exit() {
  int status = 0;
  EXPECT_EQ(::waitpid(process_id_, &status, 0), process_id_);
  process_id_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string Program::rest_of_errors() {
  std::string all;
  while (const auto line = line_of(errors_)) all += *line + '\n';
  return all;
}

Finished run_program(const std::vector<std::string>& arguments,
                     const std::vector<std::string>& variables) {
  Program program(arguments, variables);
  Finished finished{};
  while (const auto line = program.next_line()) finished.output += *line + '\n';
  finished.errors = program.rest_of_errors();
  finished.exit_code = program.wait_for_exit();
  return finished;
}

std::string ask_fake_node(const std::string& address, int revision) {
  const auto listener = parse_listener(address);
  if (!listener) return "bad address " + address;
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval bound{wait_millis_max / 1000, 0};
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(listener->port);
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
    return "no connection to " + address;
  }
  const std::string question = std::to_string(revision);
  (void)::send(socket.get(), question.data(), question.size(), MSG_NOSIGNAL);
  std::array<char, 1024> answer;
  const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
  return got > 0 ? std::string(answer.data(), static_cast<std::size_t>(got)) : "no answer";
}

std::vector<int> processes_of(const std::filesystem::path& directory) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.find(directory.string()) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

}  // namespace millrace
