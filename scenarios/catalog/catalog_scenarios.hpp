#pragma once
#include <cstdint>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

/// W9 beside W1: tables are created and dropped while the coordinator's node is killed and comes
/// back, and commits of its metadata store fail in every way. What was answered is so afterwards;
/// appends to the other nodes never stop.
[[nodiscard]] Outcome kill_coordinator(std::uint64_t seed);

/// W1 while its tables get further columns and nodes are killed: writers and readers of before go
/// on, new ones write and see what was added, and rows that are older than a column have a null in
/// it.
[[nodiscard]] Outcome alter_tables(std::uint64_t seed);

}  // namespace millrace::scenarios
