#pragma once
#include <map>
#include <optional>
#include <vector>

#include "state/meta/port/metadata_store.hpp"

namespace millrace {

/// How a commit that is told to fail goes wrong.
enum class CommitFault {
  refused_full,       ///< overloaded, nothing applied.
  failed_unapplied,   ///< unavailable, nothing applied.
  failed_yet_applied  ///< unavailable, although the delta is committed.
};

/// The metadata of a simulated cluster. It stands for an external store, so it outlives the crashes
/// of every node that uses it, and everything committed is durable. Not thread-safe.
class MemoryMetadataStore final : public MetadataStore {
 public:
  [[nodiscard]] Result<Revision> newest() override;
  [[nodiscard]] Result<Revision> commit(Revision expected, const Buffer& delta) override;
  [[nodiscard]] Result<std::vector<MetadataDelta>> read_after(Revision revision,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<std::optional<MetadataSnapshot>> snapshot() override;
  [[nodiscard]] Status put_snapshot(const MetadataSnapshot& snapshot) override;

  /// The next commit that is not stale goes wrong.
  void fail_next_commit(CommitFault fault) { fault_ = fault; }
  /// Commits that went wrong so.
  [[nodiscard]] std::uint64_t failed_commits() const { return failed_commits_; }
  /// Whether every call fails with `unavailable`, as if the store could not be reached.
  void set_reachable(bool reachable) { reachable_ = reachable; }

 private:
  [[nodiscard]] Status admit() const;

  std::map<Revision, Buffer> deltas_;
  std::optional<MetadataSnapshot> snapshot_;
  Revision newest_;
  std::optional<CommitFault> fault_;
  std::uint64_t failed_commits_ = 0;
  bool reachable_ = true;
};

}  // namespace millrace
