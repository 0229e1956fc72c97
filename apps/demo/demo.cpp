// The story is told by a child process. This one owns what must not be left behind: the cluster and
// its directory. However the story ends, by itself, by Ctrl-C or by a crash, it cleans up.
#include "apps/demo/demo.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>

#include "apps/agent/child_process.hpp"
#include "apps/agent/signal_source.hpp"
#include "apps/config/command_line.hpp"
#include "apps/config/output.hpp"
#include "apps/demo/story.hpp"
#include "apps/demo/story_text.hpp"

namespace millrace {

namespace {

namespace fs = std::filesystem;
using demo::ClusterAddresses;
using demo::DemoCluster;

constexpr std::string_view usage_text =
    "usage: millrace demo --data DIR [options]\n"
    "  Starts three virtual hosts, loads the flights out of New York City in 2013, scans and\n"
    "  follows them, and ends without a trace.\n";

const std::vector<Option>& all_options() {
  static const std::vector<Option> options = {
      {"data", "DIR", "where flights.csv and its siblings are; ./dev demo fetches them"},
      {"dir", "DIR", "directory to make for the cluster (a temporary one)"},
      {"keep", "", "leave the cluster up"},
      {"help", "", "show this text"},
  };
  return options;
}

struct DemoRequest {
  fs::path data;
  std::optional<fs::path> directory;
  bool keep = false;
};

/// How the story ended.
enum class Ending { told, failed, interrupted };

Result<DemoRequest> read_request(const CommandLine& line) {
  const auto data = line.value("data");
  if (!data) return fail(Errc::malformed, "--data DIR is missing");
  if (line.words().size() > 1) return fail(Errc::malformed, "unexpected word: " + line.words()[1]);
  DemoRequest request{fs::path(*data), std::nullopt, line.has("keep")};
  if (const auto directory = line.value("dir")) request.directory = fs::path(*directory);
  return request;
}

bool is_interruption(int signal_number) { return signal_number != SIGCHLD; }

/// The child's whole life.
[[noreturn]] void tell_and_exit(const demo::StoryRequest& request) {
  // Nobody would end it if the parent were killed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int code = static_cast<int>(ExitCode::failed);
  try {
    const auto told = demo::tell_story(request);
    if (told) code = static_cast<int>(ExitCode::fine);
    if (!told) cli::print_failure(told.error());
  } catch (const std::exception& error) {
    print_error("demo.failed", error.what(), "");
  }
  std::fflush(stdout);
  ::_exit(code);
}

/// Waits until the child has ended; a signal to us ends it.
Ending wait_for_story(pid_t child, const SignalSource& signals) {
  bool interrupted = false;
  while (true) {
    for (const int number : signals.take()) {
      if (!is_interruption(number) || interrupted) continue;
      interrupted = true;
      ::kill(child, SIGKILL);
    }
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended != 0) {
      if (interrupted) return Ending::interrupted;
      if (ended > 0 && WIFEXITED(status))
        return WEXITSTATUS(status) == 0 ? Ending::told : Ending::failed;
      print_error("demo.failed", "the story ended in the middle", "");
      return Ending::failed;
    }
    pollfd source{signals.descriptor(), POLLIN, 0};
    (void)::poll(&source, 1, -1);
  }
}

Ending tell_in_child(const demo::StoryRequest& request, const SignalSource& signals) {
  if (std::ranges::any_of(signals.take(), is_interruption)) return Ending::interrupted;
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) tell_and_exit(request);
  if (child > 0) return wait_for_story(child, signals);
  print_error("demo.failed", std::strerror(errno), "");
  return Ending::failed;
}

std::string started_text(const ClusterAddresses& cluster, const DemoCluster& place, Duration took) {
  return fmt::format(
      "Millrace, with the flights out of New York City in 2013\n\n"
      "1. Three virtual hosts, ready in {}\n"
      "   {:<11} {}\n"
      "   {:<11} {}\n"
      "   {:<11} {}v1 and {}metrics\n"
      "   {:<11} {}\n",
      demo::duration_text(took), "hosts", fmt::join(cluster.hosts, ", "), "bootstrap",
      cluster.bootstrap, "console", cluster.console, cluster.console, "directory",
      place.directory().string());
}

std::string kept_text(const DemoCluster& place, const fs::path& program) {
  return fmt::format(
      "\nThe cluster stays up. To end it and remove its directory:\n"
      "{0} down --dir {1} && rm -r {1}\n",
      program.string(), place.directory().string());
}

/// Ends the cluster and says so.
bool end_cluster(const DemoCluster& place) {
  const auto ended = place.end();
  if (!ended) {
    print_error("demo.left_behind", ended.error().message,
                "millrace down --dir " + place.directory().string());
    return false;
  }
  print_result(
      fmt::format("\nEnded: {} processes; {} is removed.\n", *ended, place.directory().string()));
  return true;
}

/// Everything between the start of the cluster and its end.
Ending show(const DemoRequest& request, const DemoCluster& place, const SignalSource& signals) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto cluster = place.start();
  if (!cluster) {
    print_error("demo.no_cluster", cluster.error().message, "");
    return Ending::failed;
  }
  print_result(started_text(*cluster, place, Clock::now() - begin));
  const bool is_terminal = ::isatty(STDOUT_FILENO) != 0;
  const Ending ending = tell_in_child(
      {request.data, *cluster, is_terminal ? demo::Audience::terminal : demo::Audience::file},
      signals);
  if (ending == Ending::told) {
    print_result(fmt::format("\nThe story took {}.\n", demo::duration_text(Clock::now() - begin)));
  }
  return ending;
}

ExitCode run(const DemoRequest& request) {
  for (const std::string_view table : demo::table_names) {
    std::error_code error;
    const fs::path file = demo::file_of(request.data, table);
    if (fs::is_regular_file(file, error)) continue;
    print_error("demo.no_data", "there is no file " + file.string(), "./dev setup fetches it");
    return ExitCode::failed;
  }
  const fs::path program = own_program().parent_path() / "millrace";
  const auto signals = SignalSource::open({SIGINT, SIGTERM, SIGHUP, SIGCHLD});
  if (!signals) {
    print_error("demo.failed", signals.error().message, "");
    return ExitCode::failed;
  }
  const auto place = DemoCluster::make(program, request.directory);
  if (!place) {
    print_error("demo.directory", place.error().message, "use another --dir");
    return ExitCode::failed;
  }
  const Ending ending = show(request, *place, *signals);
  if (ending == Ending::interrupted) {
    std::fputs("interrupted; ending the cluster\n", stderr);
  } else if (request.keep) {
    print_result(kept_text(*place, program));
    return ending == Ending::told ? ExitCode::fine : ExitCode::failed;
  }
  const bool clean = end_cluster(*place);
  if (ending == Ending::told && clean) {
    print_result("With --keep the cluster stays up, and the lines above can be pasted.\n");
  }
  return ending == Ending::told && clean ? ExitCode::fine : ExitCode::failed;
}

}  // namespace

int run_demo(std::span<const std::string> arguments) {
  const auto line = CommandLine::parse(arguments, all_options());
  if (line && line->has("help")) {
    print_result(std::string(usage_text) + describe(all_options()));
    return static_cast<int>(ExitCode::fine);
  }
  const auto request = line.and_then(read_request);
  if (!request) {
    print_error("usage", request.error().message, "millrace demo --help");
    return static_cast<int>(ExitCode::usage);
  }
  return static_cast<int>(run(*request));
}

}  // namespace millrace
