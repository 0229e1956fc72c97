#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "state/meta/port/metadata_store.hpp"

namespace rocksdb {
class DB;
class Status;
}  // namespace rocksdb

namespace millrace {

struct EmbeddedMetadataOptions {
  /// On the host; made if it does not exist. The virtual hosts of one machine share it.
  std::string folder;
  /// Whose metadata it is: kept at the first opening, another cluster's is refused. Empty: any.
  std::string cluster_id = {};
  /// Commits are refused below it, so that the store itself never meets a full disk.
  std::uint64_t free_bytes_min = std::uint64_t{64} << 20;
};

/// The metadata in a RocksDB of its own, which one process has open at a time: its lock is what
/// keeps a second office holder out. Every commit is synced. After a write of unknown outcome all
/// calls answer `unavailable` until the store is opened again. One thread at a time.
class EmbeddedMetadataStore final : public MetadataStore {
 public:
  /// Errors: unavailable (somebody else has it open, or the device failed), malformed (not a
  /// metadata store, or written by a newer format), corrupt, overloaded.
  [[nodiscard]] static Result<std::unique_ptr<EmbeddedMetadataStore>> open(
      const EmbeddedMetadataOptions& options);
  ~EmbeddedMetadataStore() override;
  EmbeddedMetadataStore(const EmbeddedMetadataStore&) = delete;
  EmbeddedMetadataStore& operator=(const EmbeddedMetadataStore&) = delete;

  [[nodiscard]] Result<Revision> newest() override;
  [[nodiscard]] Result<Revision> commit(Revision expected, const Buffer& delta) override;
  [[nodiscard]] Result<std::vector<MetadataDelta>> read_after(Revision revision,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<std::optional<MetadataSnapshot>> snapshot() override;
  [[nodiscard]] Status put_snapshot(const MetadataSnapshot& snapshot) override;
  /// Its block cache and write buffers.
  [[nodiscard]] MetadataMemory memory() const override;

 private:
  EmbeddedMetadataStore(const EmbeddedMetadataOptions& options, std::unique_ptr<rocksdb::DB> store);
  [[nodiscard]] Status check_format();
  [[nodiscard]] Status check_cluster();
  [[nodiscard]] Status find_newest();
  [[nodiscard]] Status admit() const;
  [[nodiscard]] Status admit_write(std::size_t bytes) const;
  [[nodiscard]] tl::unexpected<Error> outcome_unknown(const rocksdb::Status& status);

  EmbeddedMetadataOptions options_;
  std::unique_ptr<rocksdb::DB> store_;
  Revision newest_;
  Revision trimmed_;  // The snapshot's revision, or zero.
  bool failed_ = false;
};

}  // namespace millrace
