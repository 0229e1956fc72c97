#pragma once
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/buffer.hpp"
#include "base/random.hpp"

namespace millrace {

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
  /// Power is lost: some part of the unsynced changes reached the device. In equal shares: none,
  /// all, the first few (the last of them torn at a sector), or all but some sectors in between.
  void crash(Random& random);
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
  void apply_some(Random& random);
  void lose_sectors(Random& random);

  std::vector<std::byte> visible_;
  std::vector<std::byte> durable_;
  std::vector<Change> unsynced_;
};

}  // namespace millrace
