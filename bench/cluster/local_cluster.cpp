#include "bench/cluster/local_cluster.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "apps/cli/session.hpp"
#include "bench/cluster/finished_program.hpp"

namespace millrace::bench {

namespace {

namespace fs = std::filesystem;

Result<nlohmann::json> json_of(const std::vector<std::string>& command) {
  const auto finished = run_to_its_end(command);
  if (!finished) return tl::unexpected(finished.error());
  auto parsed = nlohmann::json::parse(finished->output, nullptr, false);
  if (finished->exit_code != 0 || parsed.is_discarded()) {
    return fail(Errc::unavailable, fmt::format("exit code {}: {} {}", finished->exit_code,
                                               fmt::join(command, " "), finished->output));
  }
  return parsed;
}

}  // namespace

Result<LocalCluster> LocalCluster::launch(const ClusterRequest& request) {
  std::string pattern = (fs::temp_directory_path() / "millrace-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(Errc::unavailable, "no temporary folder can be made: " + pattern);
  LocalCluster cluster(request.program, pattern);
  if (auto started = cluster.up(request); !started) return tl::unexpected(started.error());
  return cluster;
}

Result<LocalCluster> LocalCluster::start(const ClusterRequest& request) {
  auto cluster = launch(request);
  if (!cluster) return cluster;
  if (auto found = cluster->find_processes(); !found) return tl::unexpected(found.error());
  return cluster;
}

LocalCluster::LocalCluster(LocalCluster&& other) noexcept
    : program_(std::move(other.program_)),
      folder_(std::exchange(other.folder_, {})),
      bootstrap_(std::move(other.bootstrap_)),
      node_pids_(std::move(other.node_pids_)),
      processes_(std::move(other.processes_)),
      console_(std::move(other.console_)) {}

LocalCluster::~LocalCluster() {
  if (folder_.empty()) return;
  const auto ended = run_to_its_end(command("down"));
  if (!ended || ended->exit_code != 0) {
    // Its data stays: the processes that were not ended still use it.
    fmt::print(stderr, "the cluster could not be ended: {} down --dir {}\n", program_.string(),
               folder_.string());
    return;
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> LocalCluster::command(const std::string& word) const {
  return {program_.string(), word, "--dir", (folder_ / "cluster").string(), "--json"};
}

Status LocalCluster::up(const ClusterRequest& request) {
  auto words = command("up");
  words.insert(words.end(), {"--detach", "--hosts", std::to_string(request.hosts)});
  for (const std::string& setting : request.settings) words.push_back("--set=" + setting);
  const auto report = json_of(words);
  if (!report) return tl::unexpected(report.error());
  auto bootstrap = cli::parse_endpoints(report->value("bootstrap", ""));
  if (!bootstrap) return wrap(bootstrap.error(), "where the cluster is");
  bootstrap_ = std::move(*bootstrap);
  return {};
}

Status LocalCluster::find_processes() {
  const auto status = json_of(command("status"));
  if (!status) return tl::unexpected(status.error());
  for (const auto& host : (*status)["hosts"]) node_pids_.push_back(host["node"]["pid"].get<int>());
  processes_ = node_pids_;
  for (const auto& host : (*status)["hosts"]) processes_.push_back(host["agent"]["pid"].get<int>());
  processes_.push_back((*status)["launcher"]["pid"].get<int>());
  const std::string http = (*status)["hosts"][0]["node"]["http_listener"].get<std::string>();
  const std::size_t slashes = http.find("//");
  auto console =
      cli::parse_endpoints(slashes == std::string::npos ? http : http.substr(slashes + 2));
  if (!console) return wrap(console.error(), "where the console is");
  console_ = console->front();
  if (node_pids_.size() != bootstrap_.size())
    return fail(Errc::unavailable,
                fmt::format("{} of {} nodes were found", node_pids_.size(), bootstrap_.size()));
  return {};
}

Result<std::size_t> LocalCluster::descriptors() const {
  std::size_t sum = 0;
  for (const int pid : node_pids_) {
    std::error_code error;
    const fs::directory_iterator open(fmt::format("/proc/{}/fd", pid), error);
    if (error) return fail(Errc::unavailable, fmt::format("a node has ended: process {}", pid));
    sum += static_cast<std::size_t>(std::distance(fs::begin(open), fs::end(open)));
  }
  return sum;
}

}  // namespace millrace::bench
