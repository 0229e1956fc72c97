#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "state/disk/port/disk.hpp"
#include "state/disk/simulated/simulated_names.hpp"

namespace millrace {

/// How long an injected fault lasts.
enum class FaultLength { once, until_cleared };

/// A disk in memory that loses, tears and refuses what real ones do. One seed and one row of calls
/// give one outcome. It stands for the device, so it outlives crashes and restarts of its node; it
/// must outlive the files opened on it. Not thread-safe.
class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(Random random);

  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, bool create) override;
  [[nodiscard]] bool exists(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Status make_folders(const std::string& folder) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& path) override;
  [[nodiscard]] Status remove_folder(const std::string& folder) override;
  [[nodiscard]] Status sync_folder(const std::string& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes() override;

  /// Power is lost and comes back. Unsynced bytes and names survive in part; files opened before
  /// answer `unavailable` for good; injected faults other than the space that is left are cleared.
  void crash();

  /// Leaves room for `bytes` more, or without end. An append that does not fit writes what fits.
  void set_free_bytes(std::optional<std::uint64_t> bytes);
  void fail_reads(FaultLength length) { read_fault_ = length; }
  /// Appends write a random part, then fail; truncations, renames and creations just fail.
  void fail_writes(FaultLength length) { write_fault_ = length; }
  /// A failed file sync drops the unsynced pages for good, although a later one succeeds.
  void fail_syncs(FaultLength length) { sync_fault_ = length; }
  void clear_faults();
  /// After `calls` more calls that can fail, all fail until crash(): power goes in mid-operation.
  void stop_after(std::uint64_t calls) { calls_left_ = calls; }
  /// Damages a file at rest. Requires that it has that byte.
  void flip_bit(const std::string& path, std::uint64_t position, unsigned bit);

 private:
  friend class SimulatedFile;

  [[nodiscard]] Status admit(std::optional<FaultLength>* fault);
  [[nodiscard]] Status admit_name(const std::string& path);
  [[nodiscard]] bool stopped() const { return calls_left_ && *calls_left_ == 0; }
  [[nodiscard]] std::uint64_t room() const;

  Random random_;
  SimulatedNames names_;
  std::uint64_t generation_ = 0;  // Grows at a crash: files opened before are dead.
  std::optional<std::uint64_t> capacity_bytes_;
  std::optional<std::uint64_t> calls_left_;
  std::optional<FaultLength> read_fault_;
  std::optional<FaultLength> write_fault_;
  std::optional<FaultLength> sync_fault_;
};

}  // namespace millrace
