#pragma once
#include <memory>
#include <string>
#include <vector>

#include "state/disk/port/disk.hpp"
#include "state/disk/posix/posix_file.hpp"

namespace millrace {

/// A data directory on the host's file system. Thread-safe; a File belongs to one thread at a time.
/// After a failed sync() a file refuses every later one: the kernel forgets pages that it could not
/// write, so a second attempt would report a success that means nothing.
class PosixDisk final : public Disk {
 public:
  /// `root` is the directory's path on the host. make_folders("") makes it if it does not exist.
  explicit PosixDisk(std::string root);

  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, bool create) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Status make_folders(const std::string& folder) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& path) override;
  [[nodiscard]] Status remove_folder(const std::string& folder) override;
  [[nodiscard]] Status sync_folder(const std::string& folder) override;
  [[nodiscard]] Status sync_all() override;
  [[nodiscard]] Result<std::uint64_t> free_bytes() override;
  [[nodiscard]] std::uint64_t failed_syncs() const override { return failed_syncs_->load(); }

 private:
  [[nodiscard]] std::string on_host(const std::string& path) const;
  /// Counts it, if it failed.
  [[nodiscard]] Status synced(Status outcome) const;

  std::string root_;
  std::shared_ptr<FailedSyncs> failed_syncs_ = std::make_shared<FailedSyncs>(0);
};

}  // namespace millrace
