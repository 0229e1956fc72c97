#pragma once
#include <string>
#include <vector>

#include "scenarios/checkers/history.hpp"

namespace millrace::scenarios {

// What must hold of any history of appends and reads, whatever was crashed, cut or full meanwhile.
// Each returns one sentence per violation, none if all is well.

using Violations = std::vector<std::string>;

/// Every acknowledged row is in each final read of its bucket, at the offset that was told. Of a
/// bucket whose host lost power only what had been acknowledged long enough before, and where rows
/// are deleted only those that lie above the start of the log or are too young to be deleted.
[[nodiscard]] Violations check_nothing_lost(const History& history);

/// No read has a row twice, or one that nobody tried to append there, or one that was refused.
[[nodiscard]] Violations check_nothing_invented(const History& history);

/// In every read each writer's rows come in the order in which it wrote them.
[[nodiscard]] Violations check_order(const History& history);

/// Reads begin where they were asked to and have every offset from there on, once, but for what
/// they were told is damaged.
[[nodiscard]] Violations check_dense(const History& history);

/// A log's start never goes back, whatever happens to its host.
[[nodiscard]] Violations check_start(const History& history);

/// An offset has one value, in all reads and acknowledgements. A host that loses power may give
/// offsets anew, but only those above all that it kept: what survives is a prefix, each time.
[[nodiscard]] Violations check_single_valued(const History& history);

/// What was read once is there for good, unless a host lost power that had not synced it. That its
/// append was never acknowledged changes nothing.
[[nodiscard]] Violations check_read_stays(const History& history);

/// Readers were refused no rows but those that damage may have cost.
[[nodiscard]] Violations check_damage(const History& history);

/// All of them, and what was found during the run. A final read of every bucket is required.
[[nodiscard]] Violations check_log(const History& history);

}  // namespace millrace::scenarios
