#pragma once
#include <memory>
#include <vector>

#include "state/disk/port/disk.hpp"
#include "state/log/port/table_log.hpp"
#include "state/log/segmented/segmented_log.hpp"

namespace millrace {

/// Logs in the folders `log/{table}/{bucket}` of a data directory. As thread-safe as its disk, one
/// thread per bucket at a time. The disk must outlive the logs.
class SegmentedLogStore final : public LogStore {
 public:
  SegmentedLogStore(Disk& disk, const SegmentedLogOptions& options)
      : disk_(disk), options_(options) {}

  [[nodiscard]] Result<std::unique_ptr<TableLog>> open(BucketId bucket) override;
  [[nodiscard]] Result<std::unique_ptr<TableLog>> restart(BucketId bucket, Offset start) override;
  [[nodiscard]] Status remove(BucketId bucket) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes() override { return disk_.free_bytes(); }
  [[nodiscard]] Status sync_all() override;
  [[nodiscard]] std::uint64_t failed_syncs() const override { return disk_.failed_syncs(); }
  [[nodiscard]] Result<std::vector<BucketId>> list() override;

 private:
  /// Adds what lies in a table's folder.
  [[nodiscard]] Status list_table(TableId table, std::vector<BucketId>& found);

  Disk& disk_;
  SegmentedLogOptions options_;
};

}  // namespace millrace
