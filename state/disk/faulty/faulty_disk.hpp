#pragma once
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "state/disk/port/disk.hpp"

namespace millrace {

/// Another disk with less space on it, or a slower one: for drills and tests with real files. The
/// settings may change from any thread at any time; otherwise as thread-safe as the disk below,
/// which must outlive it. It must outlive the files opened through it.
class FaultyDisk final : public Disk {
 public:
  explicit FaultyDisk(Disk& below);

  /// Leaves room for `bytes` more, or whatever the disk below has. Appends take from it,
  /// truncations give back. An append that does not fit writes what fits and fails with "disk
  /// full".
  void set_free_bytes(std::optional<std::uint64_t> bytes);
  /// From now on each append takes so much longer.
  void set_append_delay(Duration delay) { append_delay_.store(delay); }

  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, bool create) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Status make_folders(const std::string& folder) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& path) override;
  [[nodiscard]] Status remove_folder(const std::string& folder) override;
  [[nodiscard]] Status sync_folder(const std::string& folder) override;
  [[nodiscard]] Status sync_all() override { return below_.sync_all(); }
  [[nodiscard]] Result<std::uint64_t> free_bytes() override;
  [[nodiscard]] std::uint64_t failed_syncs() const override { return below_.failed_syncs(); }

 private:
  friend class FaultyFile;
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  /// Takes up to `bytes` and returns how many there were.
  [[nodiscard]] std::uint64_t take(std::uint64_t bytes);
  void give_back(std::uint64_t bytes);

  Disk& below_;
  std::atomic<std::uint64_t> bytes_left_{unlimited};
  std::atomic<Duration> append_delay_{Duration::zero()};
};

}  // namespace millrace
