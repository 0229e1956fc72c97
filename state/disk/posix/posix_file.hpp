#pragma once
#include <string>

#include "state/disk/port/disk.hpp"

namespace millrace {

/// An open descriptor, which it owns. `path` is for messages.
class PosixFile final : public File {
 public:
  PosixFile(int descriptor, std::uint64_t size, std::string path);
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  [[nodiscard]] Result<std::uint64_t> append(std::span<const Bytes> pieces) override;
  [[nodiscard]] Result<Buffer> read(std::uint64_t position, std::size_t size) override;
  [[nodiscard]] Status truncate(std::uint64_t size) override;
  [[nodiscard]] Status sync() override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  int descriptor_;
  std::uint64_t size_;  // Kept here: this handle is the file's only writer.
  bool sync_failed_ = false;
  std::string path_;
};

}  // namespace millrace
