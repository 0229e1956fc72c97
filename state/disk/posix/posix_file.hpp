#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "state/disk/port/disk.hpp"

namespace millrace {

/// Of all files and folders of one disk.
using FailedSyncs = std::atomic<std::uint64_t>;

/// An open descriptor, which it owns. `path` is for messages.
class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::uint64_t size, std::string path,
            std::shared_ptr<FailedSyncs> failed_syncs);
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  [[nodiscard]] Result<std::uint64_t> append(std::span<const Bytes> pieces) override;
  [[nodiscard]] Result<Buffer> read(std::uint64_t position, std::size_t size) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status prepare(std::uint64_t bytes) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  /// Writes all pieces from `position` on and moves it behind what was written.
  [[nodiscard]] Status write(std::span<const Bytes> pieces, std::uint64_t& position,
                             std::string_view doing);

  int descriptor_;
  std::uint64_t size_;      // Kept here: this handle is the file's only writer.
  std::uint64_t room_end_;  // Never below size_; between them are zeros.
  bool sync_failed_ = false;
  std::string path_;
  std::shared_ptr<FailedSyncs> failed_syncs_;
};

}  // namespace millrace
