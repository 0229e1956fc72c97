#pragma once
#include <set>

#include "scenarios/checkers/log_checkers.hpp"
#include "scenarios/cluster/simulated_cluster.hpp"

namespace millrace::scenarios {

/// All replicas of these buckets hold the same batches, byte by byte, headers too. Reads the disks
/// of nodes that are down.
[[nodiscard]] Violations check_replicas_identical(SimulatedCluster& cluster,
                                                  const std::set<BucketId>& buckets);

}  // namespace millrace::scenarios
