#pragma once
#include <cstdint>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// A writer fills partitions that are created under its hands and dropped at random, while nodes
/// are killed, the coordinator's among them. What was acknowledged after the last drop is read back
/// once and in order, from the partition that its value names.
[[nodiscard]] Outcome churn_partitions(std::uint64_t seed);

}  // namespace millrace::scenarios
