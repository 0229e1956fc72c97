#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"

namespace millrace {

/// An open file. Errors of all calls: overloaded (no space left), unavailable (the device failed;
/// after a failed sync() what was written since the last good one may be lost), corrupt.
class File {
 public:
  virtual ~File() = default;

  /// Appends the pieces as one run and returns the position of its first byte. On error the file
  /// may have grown by any part of it: the owner truncates.
  [[nodiscard]] virtual Result<std::uint64_t> append(std::span<const Bytes> pieces) = 0;
  /// Reads up to `size` bytes from `position`; fewer only at the end of the file.
  [[nodiscard]] virtual Result<Buffer> read(std::uint64_t position, std::size_t size) = 0;
  /// Cuts the file, and the room behind its end.
  [[nodiscard]] virtual Status truncate(std::uint64_t size) = 0;
  /// Makes room for `bytes` behind the end: appends that fit in there change contents only, so that
  /// syncing them is quick. size() stays. The room is zeros, and whoever opens the file again finds
  /// them as contents, unless truncate() has given them back. After an error the room is as before.
  [[nodiscard]] virtual Status prepare(std::uint64_t bytes) = 0;
  /// Contents and length are on the device when this returns success.
  [[nodiscard]] virtual Status sync() = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// One data directory's files. Paths are relative to it, with '/' between parts, and never leave
/// it. May block: only device threads (and main() at start) call it.
class Disk {
 public:
  virtual ~Disk() = default;

  /// Opens for reading and appending. `create` makes it, empty, if it does not exist.
  /// Errors: malformed (does not exist), overloaded, unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path,
                                                           bool create) = 0;
  [[nodiscard]] virtual bool exists(const std::string& path) = 0;
  /// Names (not paths) in a folder, sorted. An absent folder is empty.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  /// Makes a folder and those above it, durably. An existing one is fine; "" is the directory
  /// itself.
  [[nodiscard]] virtual Status make_folders(const std::string& folder) = 0;
  /// Renames a file, replacing one of the new name. Errors: malformed (does not exist).
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file. An absent one is fine.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// Removes a folder and all in it. An absent one is fine.
  [[nodiscard]] virtual Status remove_folder(const std::string& folder) = 0;
  /// Makes creations, renames and removals in `folder` durable.
  [[nodiscard]] virtual Status sync_folder(const std::string& folder) = 0;
  /// Makes everything durable that was ever written here, by whichever process, names included.
  [[nodiscard]] virtual Status sync_all() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes() = 0;
  /// How many syncs have failed, of whatever kind, by whomever they were wanted: what was written
  /// before any of them may be lost although it can be read.
  [[nodiscard]] virtual std::uint64_t failed_syncs() const = 0;
};

/// Replaces a small file as a whole: write aside (as `path` + ".new"), sync, rename, sync the
/// folder. After a crash or an error the file has the old or the new content.
[[nodiscard]] Status replace_file(Disk& disk, const std::string& path, Bytes content);
/// Reads a small file as a whole. Errors: malformed (absent), overloaded (above `size_max`).
[[nodiscard]] Result<Buffer> read_file(Disk& disk, const std::string& path, std::size_t size_max);

}  // namespace millrace
