#include "state/disk/simulated/simulated_content.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {
namespace {

constexpr std::uint64_t sector_bytes = 512;

std::uint64_t next_sector(std::uint64_t position) {
  return (position / sector_bytes + 1) * sector_bytes;
}

}  // namespace

void SimulatedContent::write(std::uint64_t position, Bytes bytes) {
  CHECK(position <= visible_.size());
  if (bytes.empty()) return;
  unsynced_.push_back(Write{position, {bytes.begin(), bytes.end()}});
  visible_.resize(std::max<std::size_t>(visible_.size(), position + bytes.size()));
  std::copy(bytes.begin(), bytes.end(), visible_.begin() + static_cast<std::ptrdiff_t>(position));
}

void SimulatedContent::truncate(std::uint64_t size) {
  visible_.resize(size);
  unsynced_.push_back(Truncation{size});
}

void SimulatedContent::sync() {
  for (const Change& change : unsynced_) apply(change);
  unsynced_.clear();
  // The length is metadata: a later sync carries it even when an earlier one lost the pages.
  durable_.resize(visible_.size());
}

void SimulatedContent::apply(const Change& change) {
  if (const auto* truncation = std::get_if<Truncation>(&change)) {
    durable_.resize(truncation->size);
    return;
  }
  const auto& write = std::get<Write>(change);
  const std::uint64_t end = write.position + write.bytes.size();
  if (durable_.size() < end) durable_.resize(end);
  std::copy(write.bytes.begin(), write.bytes.end(),
            durable_.begin() + static_cast<std::ptrdiff_t>(write.position));
}

void SimulatedContent::drop_unsynced(Random& random) {
  if (random.chance(1, 2)) {
    const std::size_t length = visible_.size();
    visible_ = durable_;
    visible_.resize(length);
  }
  unsynced_.clear();
}

void SimulatedContent::crash(CrashLoss loss, Random& random, CrashToll& toll) {
  constexpr std::uint64_t all_ways = 4;
  std::uint64_t way = random.below(all_ways);
  if (loss == CrashLoss::names) way = 1;
  if (loss == CrashLoss::torn) way = 2 + way % 2;
  if (loss == CrashLoss::writes) way = all_ways;
  switch (way) {
    case 0:
      toll.writes += unsynced_.size();
      break;
    case 1:
      for (const Change& change : unsynced_) apply(change);
      break;
    case 2:
      apply_some(random, toll);
      break;
    case 3:
      for (const Change& change : unsynced_) apply(change);
      lose_sectors(random, toll);
      break;
    default:
      lose_writes(random, toll);
  }
  unsynced_.clear();
  visible_ = durable_;
}

void SimulatedContent::lose_writes(Random& random, CrashToll& toll) {
  for (const Change& change : unsynced_) {
    if (random.chance(1, 8)) {
      apply(change);
    } else {
      ++toll.writes;
    }
  }
}

void SimulatedContent::apply_some(Random& random, CrashToll& toll) {
  const std::size_t whole = random.below(unsynced_.size() + 1);
  for (std::size_t i = 0; i < whole; ++i) apply(unsynced_[i]);
  toll.writes += unsynced_.size() - whole;
  if (whole == unsynced_.size()) return;
  const auto* write = std::get_if<Write>(&unsynced_[whole]);
  if (write == nullptr) return;
  const std::uint64_t end = write->position + write->bytes.size();
  // Torn: sectors up to a random one are there, the rest is not.
  const std::uint64_t cut = next_sector(write->position + random.below(write->bytes.size()));
  if (cut <= write->position) return;
  Write torn = *write;
  torn.bytes.resize(std::min(cut, end) - write->position);
  apply(torn);
  ++toll.torn;
  // The new length may be there before the bytes are.
  if (random.chance(1, 2) && durable_.size() < end) durable_.resize(end);
}

void SimulatedContent::lose_sectors(Random& random, CrashToll& toll) {
  for (const Change& change : unsynced_) {
    const auto* write = std::get_if<Write>(&change);
    if (write == nullptr) continue;
    std::uint64_t position = write->position;
    bool is_damaged = false;
    const std::uint64_t end =
        std::min<std::uint64_t>(position + write->bytes.size(), durable_.size());
    while (position < end) {
      const std::uint64_t stop = std::min(next_sector(position), end);
      if (random.chance(1, 4)) {
        std::fill(durable_.begin() + static_cast<std::ptrdiff_t>(position),
                  durable_.begin() + static_cast<std::ptrdiff_t>(stop), std::byte{0});
        is_damaged = true;
      }
      position = stop;
    }
    toll.writes += is_damaged ? 1 : 0;
    toll.torn += is_damaged ? 1 : 0;
  }
}

void SimulatedContent::flip_bit(std::uint64_t position, unsigned bit) {
  CHECK(position < visible_.size());
  const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
  visible_[position] ^= mask;
  if (position < durable_.size()) durable_[position] ^= mask;
}

}  // namespace millrace
