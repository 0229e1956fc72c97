#include "state/meta/memory/memory_metadata_store.hpp"

#include <fmt/format.h>

#include <utility>

namespace millrace {

Status MemoryMetadataStore::admit() const {
  if (!reachable_) return fail(Errc::unavailable, "metadata store cannot be reached");
  return {};
}

Result<Revision> MemoryMetadataStore::newest() {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  return newest_;
}

Result<Revision> MemoryMetadataStore::commit(Revision expected, const Buffer& delta) {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  if (expected != newest_) {
    return fail(Errc::stale_epoch, fmt::format("metadata moved on: expected revision {}, newest {}",
                                               expected.value(), newest_.value()));
  }
  const auto fault = std::exchange(fault_, std::nullopt);
  failed_commits_ += fault ? 1 : 0;
  if (fault == CommitFault::refused_full) return fail(Errc::overloaded, "disk full: metadata");
  if (fault == CommitFault::failed_unapplied) {
    return fail(Errc::unavailable, "metadata commit: outcome unknown");
  }
  const Revision next(newest_.value() + 1);
  // A copy, as a store on a device would have one: the caller's buffer may be part of a large
  // frame. Without memory for it nothing has happened.
  deltas_.emplace(next, Buffer::copy_of(delta.bytes()));
  newest_ = next;
  if (fault == CommitFault::failed_yet_applied) {
    return fail(Errc::unavailable, "metadata commit: outcome unknown");
  }
  return newest_;
}

Result<std::vector<MetadataDelta>> MemoryMetadataStore::read_after(Revision revision,
                                                                   std::size_t count_max) {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  if (snapshot_ && revision < snapshot_->revision) {
    return fail(Errc::stale_epoch,
                fmt::format("metadata deltas up to {} are trimmed, asked after {}",
                            snapshot_->revision.value(), revision.value()));
  }
  std::vector<MetadataDelta> deltas;
  for (auto next = deltas_.upper_bound(revision); next != deltas_.end(); ++next) {
    if (deltas.size() >= count_max) break;
    deltas.push_back({next->first, next->second});
  }
  return deltas;
}

Result<std::optional<MetadataSnapshot>> MemoryMetadataStore::snapshot() {
  if (auto admitted = admit(); !admitted) return tl::unexpected(admitted.error());
  return snapshot_;
}

Status MemoryMetadataStore::put_snapshot(const MetadataSnapshot& snapshot) {
  if (auto admitted = admit(); !admitted) return admitted;
  if (snapshot.revision > newest_) {
    return fail(Errc::malformed, fmt::format("snapshot of revision {}, newest is {}",
                                             snapshot.revision.value(), newest_.value()));
  }
  if (snapshot_ && snapshot.revision < snapshot_->revision) {
    return fail(Errc::stale_epoch,
                fmt::format("snapshot of revision {}, there is one of {}",
                            snapshot.revision.value(), snapshot_->revision.value()));
  }
  snapshot_ = MetadataSnapshot{snapshot.revision, Buffer::copy_of(snapshot.bytes.bytes())};
  deltas_.erase(deltas_.begin(), deltas_.upper_bound(snapshot.revision));
  return {};
}

}  // namespace millrace
