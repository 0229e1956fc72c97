#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace millrace::demo {

/// Where a cluster that has started can be reached.
struct ClusterAddresses {
  std::string cluster_id;
  std::string bootstrap;           ///< "host:port,host:port"
  std::string console;             ///< A URL, or empty.
  std::vector<std::string> hosts;  ///< Their names.
};

/// Reads what `millrace up --json` prints. Errors: malformed.
[[nodiscard]] Result<ClusterAddresses> parse_addresses(std::string_view json);

/// Reads what `millrace down --json` prints: how many processes it ended. Errors: malformed.
[[nodiscard]] Result<std::size_t> parse_ended(std::string_view json);

/// A cluster on this machine in a directory of its own, made and ended by the program `millrace`.
class DemoCluster {
 public:
  /// Makes the directory: `wanted`, which must not exist yet, or a temporary one. Errors:
  /// unavailable.
  [[nodiscard]] static Result<DemoCluster> make(std::filesystem::path program,
                                                const std::optional<std::filesystem::path>& wanted);

  /// Starts three hosts and waits until they are ready. Errors: unavailable; the cause is then on
  /// standard error already.
  [[nodiscard]] Result<ClusterAddresses> start() const;

  /// Ends whatever lives of it, also after a start that failed, and removes the directory. Returns
  /// how many processes there were. Errors: unavailable when something is left.
  [[nodiscard]] Result<std::size_t> end() const;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  DemoCluster(std::filesystem::path program, std::filesystem::path directory);

  std::filesystem::path program_;
  std::filesystem::path directory_;
};

}  // namespace millrace::demo
