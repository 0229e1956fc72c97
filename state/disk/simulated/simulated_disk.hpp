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

/// What injected faults have done so far: one that never bit proves nothing.
struct DiskFaultCounts {
  std::uint64_t failed_reads = 0;  ///< Calls that an injected fault made fail.
  std::uint64_t failed_writes = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t full = 0;  ///< Calls that found no room.
  CrashToll crashes;       ///< Of all of them.
};

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
  [[nodiscard]] Status sync_all() override;
  [[nodiscard]] Result<std::uint64_t> free_bytes() override;
  [[nodiscard]] std::uint64_t failed_syncs() const override { return counts_.failed_syncs; }

  /// Power is lost and comes back. Unsynced bytes and names survive in part; files opened before
  /// answer `unavailable` for good; injected faults other than the space that is left are cleared.
  void crash(CrashLoss loss = CrashLoss::drawn);
  [[nodiscard]] const DiskFaultCounts& fault_counts() const { return counts_; }

  /// Leaves room for `bytes` more, or without end. An append that does not fit writes what fits.
  void set_free_bytes(std::optional<std::uint64_t> bytes);
  /// Nothing, here and below: they do not fail any more.
  void fail_reads(std::optional<FaultLength> length) { read_fault_ = length; }
  /// Appends write a random part, then fail; truncations, renames and creations just fail.
  void fail_writes(std::optional<FaultLength> length) { write_fault_ = length; }
  /// A failed file sync drops the unsynced pages for good, although a later one succeeds.
  void fail_syncs(std::optional<FaultLength> length) { sync_fault_ = length; }
  void clear_faults();
  /// What calls are refused for. Nothing of it: they succeed.
  struct InjectedFaults {
    std::optional<FaultLength> reads = {};
    std::optional<FaultLength> writes = {};
    std::optional<FaultLength> syncs = {};
    std::optional<std::uint64_t> capacity_bytes = {};
  };
  /// Sets them all and returns what they were.
  [[nodiscard]] InjectedFaults exchange_faults(const InjectedFaults& faults);
  /// After `calls` more calls that can fail, all fail until crash(): power goes in mid-operation.
  void stop_after(std::uint64_t calls) { calls_left_ = calls; }
  /// Power goes as soon as a name has changed for the `changes`-th time from now on, before its
  /// folder is synced. Requires changes > 0.
  void stop_at_name(std::uint64_t changes) { names_left_ = changes; }
  /// Whether power has gone so.
  [[nodiscard]] bool has_stopped() const { return calls_left_ && *calls_left_ == 0; }
  /// Damages a file at rest. Requires that it has that byte.
  void flip_bit(const std::string& path, std::uint64_t position, unsigned bit);

  // What lies there, for whoever injects faults: these calls never fail.
  [[nodiscard]] std::vector<std::string> paths() const;
  /// As programs see it. Requires that the file is there.
  [[nodiscard]] const std::vector<std::byte>& bytes_at(const std::string& path) const;
  /// As it would be found after a crash that takes all that was not synced; nothing: no such file.
  [[nodiscard]] std::optional<Bytes> durable_bytes_at(const std::string& path) const;

  /// Everything on the device, for a backup.
  [[nodiscard]] SimulatedNames image() const { return names_.copy(); }
  /// Another disk stands in this one's place, and this one's content is returned. Files opened
  /// before answer `unavailable` for good.
  [[nodiscard]] SimulatedNames exchange(SimulatedNames other);

 private:
  friend class SimulatedFile;

  [[nodiscard]] Status admit(std::optional<FaultLength>* fault);
  [[nodiscard]] Status admit_name(const std::string& path);
  void name_changed();
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] tl::unexpected<Error> is_full(const std::string& what);

  Random random_;
  SimulatedNames names_;
  std::uint64_t generation_ = 0;  // Grows at a crash: files opened before are dead.
  std::optional<std::uint64_t> capacity_bytes_;
  std::optional<std::uint64_t> calls_left_;
  std::optional<std::uint64_t> names_left_;
  std::optional<FaultLength> read_fault_;
  std::optional<FaultLength> write_fault_;
  std::optional<FaultLength> sync_fault_;
  DiskFaultCounts counts_;
};

}  // namespace millrace
