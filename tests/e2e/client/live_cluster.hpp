#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/demo/demo_cluster.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

/// What `millrace status` says about a node that is ready.
struct LiveNode {
  int process_id = 0;
  Endpoint client_address;                    ///< Of the first listener.
  std::map<std::string, Endpoint> listeners;  ///< By name.
};

/// Three hosts on this machine for the length of a test run, driven through the command line like
/// anybody's. The programs are in the folder that MILLRACE_BIN names, or beside the test program.
class LiveCluster {
 public:
  /// Returns when the cluster is ready. Throws std::runtime_error when it does not get there; what
  /// was started has been ended then.
  LiveCluster();

  /// What `millrace status --json` says now.
  [[nodiscard]] nlohmann::json status() const;
  /// By host name, as `millrace status` says now; nodes that are not ready are left out.
  [[nodiscard]] std::map<std::string, LiveNode> ready_nodes() const;
  /// The client addresses of all nodes that are ready.
  [[nodiscard]] std::vector<Endpoint> bootstrap() const;
  /// SIGKILL for one node.
  void kill(const std::string& host) const;
  /// Ends every process and removes the directory. Fails the test when something is left.
  void end() const;

 private:
  const std::filesystem::path program_;
  const demo::DemoCluster cluster_;
};

}  // namespace millrace
