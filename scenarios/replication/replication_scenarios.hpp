#pragma once
#include <cstdint>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// Three replicas of every bucket while processes are killed, links are cut and actors fail, one
/// node at a time: appends go on while it is away, and in the end all replicas are in sync and the
/// same, byte by byte.
[[nodiscard]] Outcome lose_replicas(std::uint64_t seed);

}  // namespace millrace::scenarios
