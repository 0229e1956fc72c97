#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "scenarios/checkers/catalog_checker.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

/// Creates, alters and drops tables of one database at random, one command at a time, and writes
/// down what was answered. It outlives the cluster's running.
class CatalogChurn {
 public:
  CatalogChurn(SimulatedClient& client, std::string database, Random random);
  CatalogChurn(const CatalogChurn&) = delete;
  CatalogChurn& operator=(const CatalogChurn&) = delete;

  void start() { step_on(); }
  void stop() { stopping_ = true; }
  [[nodiscard]] bool is_idle() const { return !under_way_; }
  [[nodiscard]] const std::vector<CatalogStep>& steps() const { return steps_; }
  /// Commands that were carried out.
  [[nodiscard]] std::size_t count_done() const;

 private:
  void step_on();
  void answered(const client::Outcome<void>& outcome);

  SimulatedClient& client_;
  const std::string database_;
  Random random_;
  std::vector<CatalogStep> steps_;
  bool under_way_ = false;
  bool stopping_ = false;
};

/// What a client is told of the tables of `database` now must be what the steps led to.
[[nodiscard]] Violations check_listing(SimulatedCluster& cluster, const std::string& database,
                                       const std::vector<CatalogStep>& steps);

}  // namespace millrace::scenarios
