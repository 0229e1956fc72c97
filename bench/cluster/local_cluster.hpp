#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/cluster/processes.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::bench {

struct ClusterRequest {
  std::filesystem::path program;  ///< `millrace`.
  int hosts = 1;
  std::vector<std::string> settings = {};  ///< "max.partition.num=20000", of every node.
};

/// A cluster of this machine in a temporary folder, started through the launcher as a user would.
/// Its destruction ends every process of it and removes the folder.
class LocalCluster {
 public:
  /// Errors: unavailable, with what the launcher said.
  [[nodiscard]] static Result<LocalCluster> start(const ClusterRequest& request);
  /// Returns as soon as the launcher has: nothing is known of the processes or the console.
  [[nodiscard]] static Result<LocalCluster> launch(const ClusterRequest& request);
  LocalCluster(LocalCluster&& other) noexcept;
  LocalCluster& operator=(LocalCluster&&) = delete;
  ~LocalCluster();

  [[nodiscard]] const std::vector<Endpoint>& bootstrap() const { return bootstrap_; }
  /// Processor time of all node processes since their start, user and system.
  [[nodiscard]] Result<Duration> processor_time() const {
    return bench::processor_time(node_pids_);
  }
  /// Memory of all node processes.
  [[nodiscard]] Result<std::uint64_t> resident_bytes() const {
    return bench::resident_bytes(node_pids_);
  }
  /// The nodes, their agents and the launcher.
  [[nodiscard]] const std::vector<int>& processes() const { return processes_; }
  /// Open files and sockets of all node processes.
  [[nodiscard]] Result<std::size_t> descriptors() const;
  /// Of the console of the first host's node, where the coordinator is in office.
  [[nodiscard]] const Endpoint& console() const { return console_; }

 private:
  LocalCluster(std::filesystem::path program, std::filesystem::path folder)
      : program_(std::move(program)), folder_(std::move(folder)) {}

  [[nodiscard]] Status up(const ClusterRequest& request);
  [[nodiscard]] Status find_processes();
  [[nodiscard]] std::vector<std::string> command(const std::string& word) const;

  std::filesystem::path program_;
  std::filesystem::path folder_;  // Empty once it was moved away.
  std::vector<Endpoint> bootstrap_;
  std::vector<int> node_pids_;
  std::vector<int> processes_;
  Endpoint console_;
};

}  // namespace millrace::bench
