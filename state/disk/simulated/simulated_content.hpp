#pragma once
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/buffer.hpp"
#include "base/random.hpp"

namespace millrace {

/// What a loss of power does to what was not synced.
enum class CrashLoss {
  drawn,   ///< Any of them, as the seed decides.
  writes,  ///< Writes are forgotten as a whole, names are kept.
  torn,    ///< The last write that is kept is torn at a sector, or sectors in between are missing.
  names,   ///< Every change of a name is forgotten, bytes are kept.
};

/// What a loss of power took.
struct CrashToll {
  std::uint64_t writes = 0;  ///< Forgotten or damaged.
  std::uint64_t torn = 0;    ///< Those of them of which a part is left.
  std::uint64_t names = 0;   ///< Changes of names.
};

/// One file's bytes: what readers see, what the device holds, and the row of unsynced changes that
/// leads from the second to the first.
class SimulatedContent {
 public:
  [[nodiscard]] const std::vector<std::byte>& visible() const { return visible_; }

  /// Overwrites, and extends, from `position` on. Requires position <= visible().size().
  void write(std::uint64_t position, Bytes bytes);
  void truncate(std::uint64_t size);
  /// The device now holds what readers see.
  void sync();
  /// A sync that failed: the unsynced changes will never reach the device. Readers may still see
  /// them for a while, or find what the device holds instead; `random` decides.
  void drop_unsynced(Random& random);
  /// What the device holds.
  [[nodiscard]] const std::vector<std::byte>& durable() const { return durable_; }
  /// Power is lost: some part of the unsynced changes reached the device. In equal shares, if the
  /// loss is `drawn`: none, all, the first few (the last of them torn at a sector), or all but some
  /// sectors in between.
  void crash(CrashLoss loss, Random& random, CrashToll& toll);
  /// Damage at rest. Requires position < visible().size().
  void flip_bit(std::uint64_t position, unsigned bit);

 private:
  struct Write {
    std::uint64_t position;
    std::vector<std::byte> bytes;
  };
  struct Truncation {
    std::uint64_t size;
  };
  using Change = std::variant<Write, Truncation>;

  void apply(const Change& change);
  void apply_some(Random& random, CrashToll& toll);
  void lose_sectors(Random& random, CrashToll& toll);
  void lose_writes(Random& random, CrashToll& toll);

  std::vector<std::byte> visible_;
  std::vector<std::byte> durable_;
  std::vector<Change> unsynced_;
};

}  // namespace millrace
