#include "tests/e2e/client/live_cluster.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <stdexcept>

#include "apps/config/listener.hpp"
#include "apps/demo/program_run.hpp"

namespace millrace {
namespace {

namespace fs = std::filesystem;

fs::path find_program() {
  const char* const folder = std::getenv("MILLRACE_BIN");
  return (folder != nullptr ? fs::path(folder) : fs::read_symlink("/proc/self/exe").parent_path()) /
         "millrace";
}

/// What tests must not wait minutes for, before anything starts: children inherit it.
void hasten() {
  ::setenv("MILLRACE_LOG_RETENTION_CHECK_INTERVAL", "200ms", 1);
  ::setenv("MILLRACE_LOG_RETENTION_ROLL_ACTIVE_SEGMENT_ENABLED", "true", 1);
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

}  // namespace

LiveCluster::LiveCluster()
    : program_(find_program()), cluster_(must(demo::DemoCluster::make(program_, std::nullopt))) {
  hasten();
  const auto started = cluster_.start();
  if (started) return;
  end();
  throw std::runtime_error(started.error().message);
}

nlohmann::json LiveCluster::status() const {
  const auto end = must(
      demo::run_program(program_, {"status", "--json", "--dir", cluster_.directory().string()}));
  return nlohmann::json::parse(end.output);
}

std::map<std::string, LiveNode> LiveCluster::ready_nodes() const {
  std::map<std::string, LiveNode> nodes;
  const nlohmann::json now = status();
  for (const auto& host : now.at("hosts")) {
    const auto& node = host.at("node");
    if (!node.at("alive").get<bool>() || node.at("state") != "ready") continue;
    const auto listeners = must(parse_listeners(node.at("client_listeners").get<std::string>()));
    LiveNode& found = nodes[host.at("host").get<std::string>()];
    found.process_id = node.at("pid").get<int>();
    found.client_address = {listeners.at(0).host, listeners.at(0).port};
    for (const Listener& one : listeners) found.listeners[one.name] = {one.host, one.port};
  }
  return nodes;
}

std::vector<Endpoint> LiveCluster::bootstrap() const {
  std::vector<Endpoint> addresses;
  for (const auto& [host, node] : ready_nodes()) addresses.push_back(node.client_address);
  return addresses;
}

void LiveCluster::kill(const std::string& host) const {
  EXPECT_EQ(::kill(ready_nodes().at(host).process_id, SIGKILL), 0);
}

void LiveCluster::end() const {
  const auto ended = cluster_.end();
  EXPECT_TRUE(ended) << ended.error().message;
}

}  // namespace millrace
