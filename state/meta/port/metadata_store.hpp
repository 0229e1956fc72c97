#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace millrace {

/// One committed change of the cluster's metadata. The store does not look inside.
struct MetadataDelta {
  Revision revision;
  Buffer bytes;
};

/// All metadata up to and including a revision, as one value.
struct MetadataSnapshot {
  Revision revision;
  Buffer bytes;
};

/// What a store holds in memory beside what it was asked for.
struct MetadataMemory {
  std::uint64_t used_bytes = 0;
  std::uint64_t limit_bytes = 0;
};

/// The cluster's metadata: a log of deltas with revisions 1, 2, 3, ... and a snapshot that lets old
/// deltas go. No sessions, no ephemerals, no recipes. May block: a device thread calls it.
class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  /// Newest revision; zero when nothing was ever committed.
  [[nodiscard]] virtual Result<Revision> newest() = 0;
  /// Appends a delta as revision `expected` + 1 if `expected` is the newest, durably, and returns
  /// the new revision. Errors: stale_epoch (somebody else committed), overloaded (full disk),
  /// unavailable (outcome unknown: read back before deciding).
  [[nodiscard]] virtual Result<Revision> commit(Revision expected, const Buffer& delta) = 0;
  /// Deltas after `revision`, oldest first, at most `count_max`. Errors: stale_epoch (they were
  /// trimmed: start from the snapshot), unavailable, corrupt.
  [[nodiscard]] virtual Result<std::vector<MetadataDelta>> read_after(Revision revision,
                                                                      std::size_t count_max) = 0;
  [[nodiscard]] virtual Result<std::optional<MetadataSnapshot>> snapshot() = 0;
  /// Stores a snapshot of what is committed up to its revision and trims the deltas it covers.
  /// Errors: malformed (a revision above the newest), stale_epoch (there is a newer snapshot),
  /// overloaded, unavailable.
  [[nodiscard]] virtual Status put_snapshot(const MetadataSnapshot& snapshot) = 0;
  /// Of its caches. Nothing for a store that has none.
  [[nodiscard]] virtual MetadataMemory memory() const { return {}; }
};

}  // namespace millrace
