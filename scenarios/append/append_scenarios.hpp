#pragma once
#include <cstdint>

#include "scenarios/run.hpp"

namespace millrace::scenarios {

// W1 on three nodes, each with a fault of its own. All end with everything back and the checkers.

/// Each node stops in turn, drained or killed while all is quiet, and comes back, on its old ports
/// or on new ones.
[[nodiscard]] Outcome restart_nodes(std::uint64_t seed);

/// Nodes are killed between any two messages, again while they recover, and cut off from clients
/// and each other. The disks keep what was written, so nothing that was acknowledged may be lost.
[[nodiscard]] Outcome kill_processes(std::uint64_t seed);

/// Single actors fail, whatever they are: their supervisors start them again, with what depends on
/// them, and nobody outside sees more than a delay.
[[nodiscard]] Outcome kill_actors(std::uint64_t seed);

/// One host loses power, perhaps amid a write: its disks forget or tear what was not synced.
[[nodiscard]] Outcome lose_power(std::uint64_t seed);

/// The same with tables of durability `disk`: nothing that was acknowledged is forgotten.
[[nodiscard]] Outcome lose_power_durably(std::uint64_t seed);

/// Rows live for seconds only: logs lose their first segments while writers append, readers lag
/// behind, and hosts are killed and lose power. What is above the start is whole, and the start
/// never goes back.
[[nodiscard]] Outcome expire_rows(std::uint64_t seed);

/// Devices fail for a while: reads, writes or one sync, after which the device lies. What was
/// acknowledged stays, and a node whose directory is fenced serves again after a restart.
[[nodiscard]] Outcome fail_devices(std::uint64_t seed);

/// A device of the only node is full for a while: its buckets refuse with error 26, the others go
/// on, and with room again all is as before without anybody's help. Power may go while it is full:
/// what was refused does not come back.
[[nodiscard]] Outcome fill_disk(std::uint64_t seed);

}  // namespace millrace::scenarios
