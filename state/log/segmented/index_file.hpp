#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/check.hpp"
#include "base/endian.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "state/disk/port/disk.hpp"

// An index is a file of fixed-size entries whose keys grow. It is sparse and only a hint: a look-up
// takes the greatest entry not above its target and walks the log from there, and whoever follows
// an entry checks what it finds. So entries may be missing, and a lost index is rebuilt from the
// log.

namespace millrace {

/// Big-endian: int32 offset of the last row of an append, minus the segment's base; int32 position
/// of the append's first byte. Source: Fluss offset index.
struct OffsetIndexEntry {
  std::int32_t relative_offset = 0;
  std::int32_t position = 0;

  static constexpr std::size_t size_bytes = 8;
  void encode(std::byte* to) const {
    store_be(to, relative_offset);
    store_be(to + 4, position);
  }
  [[nodiscard]] static OffsetIndexEntry decode(Bytes bytes) {
    return {load_be<std::int32_t>(bytes, 0), load_be<std::int32_t>(bytes, 4)};
  }
  [[nodiscard]] bool may_be_first() const { return relative_offset >= 0 && position >= 0; }
  [[nodiscard]] bool may_follow(const OffsetIndexEntry& before) const {
    return relative_offset > before.relative_offset && position > before.position;
  }
  friend bool operator==(const OffsetIndexEntry&, const OffsetIndexEntry&) = default;
};

/// Big-endian: int64 largest timestamp so far; int32 base offset of the append that had it, minus
/// the segment's base. Source: Fluss time index.
struct TimeIndexEntry {
  EpochMillis timestamp = 0;
  std::int32_t relative_offset = 0;

  static constexpr std::size_t size_bytes = 12;
  void encode(std::byte* to) const {
    store_be(to, timestamp);
    store_be(to + 8, relative_offset);
  }
  [[nodiscard]] static TimeIndexEntry decode(Bytes bytes) {
    return {load_be<std::int64_t>(bytes, 0), load_be<std::int32_t>(bytes, 8)};
  }
  [[nodiscard]] bool may_be_first() const { return relative_offset >= 0; }
  [[nodiscard]] bool may_follow(const TimeIndexEntry& before) const {
    return timestamp > before.timestamp && relative_offset >= before.relative_offset;
  }
  friend bool operator==(const TimeIndexEntry&, const TimeIndexEntry&) = default;
};

template <class Entry>
class IndexFile {
 public:
  /// Opens or creates. A length that is no multiple of the entry's counts as damage: see
  /// is_sound().
  [[nodiscard]] static Result<IndexFile> open(Disk& disk, const std::string& path) {
    auto file = disk.open(path, true);
    if (!file) return tl::unexpected(file.error());
    IndexFile index(std::move(*file));
    if (index.count_ == 0) return index;
    auto last = index.at(index.count_ - 1);
    if (!last) return tl::unexpected(last.error());
    index.last_ = *last;
    return index;
  }

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::optional<Entry>& last() const { return last_; }

  /// All or nothing. Errors: overloaded, unavailable (the file may have a torn end).
  [[nodiscard]] Status append(const Entry& entry) {
    CHECK(last_ ? entry.may_follow(*last_) : entry.may_be_first());
    std::byte bytes[Entry::size_bytes];
    entry.encode(bytes);
    const Bytes pieces[] = {Bytes(bytes)};
    if (auto appended = file_->append(pieces); !appended) {
      if (auto restored = file_->truncate(count_ * Entry::size_bytes); !restored) {
        return fail(Errc::unavailable, restored.error().message);
      }
      return tl::unexpected(appended.error());
    }
    ++count_;
    last_ = entry;
    return {};
  }

  /// Requires position < count().
  [[nodiscard]] Result<Entry> at(std::size_t position) const {
    auto bytes = file_->read(position * Entry::size_bytes, Entry::size_bytes);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->size() < Entry::size_bytes) return fail(Errc::corrupt, "index is short");
    return Entry::decode(bytes->bytes());
  }

  /// Whether the first `wanted` entries are there and their keys grow. Errors: unavailable.
  [[nodiscard]] Result<bool> is_sound(std::size_t wanted) const {
    constexpr std::size_t block_entries = 4096;
    std::optional<Entry> before;
    if (count_ < wanted) return false;
    for (std::size_t start = 0; start < wanted; start += block_entries) {
      const std::size_t entries = std::min(block_entries, wanted - start);
      auto block = file_->read(start * Entry::size_bytes, entries * Entry::size_bytes);
      if (!block) return tl::unexpected(block.error());
      if (block->size() < entries * Entry::size_bytes) return false;
      for (std::size_t i = 0; i < entries; ++i) {
        const Entry entry = Entry::decode(block->bytes().subspan(i * Entry::size_bytes));
        if (before ? !entry.may_follow(*before) : !entry.may_be_first()) return false;
        before = entry;
      }
    }
    return true;
  }

  /// Cuts the file to its first `count` entries, durably: a crash must not bring back entries of
  /// rows that are gone, in front of others of the same offsets. Requires that there are as many.
  [[nodiscard]] Status keep(std::size_t count) {
    CHECK(count <= count_);
    if (file_->size() == count * Entry::size_bytes) return {};
    if (auto cut = file_->truncate(count * Entry::size_bytes); !cut) return cut;
    if (auto synced = file_->sync(); !synced) return synced;
    count_ = count;
    last_.reset();
    if (count == 0) return {};
    auto last = at(count - 1);
    if (!last) return tl::unexpected(last.error());
    last_ = *last;
    return {};
  }

  /// The last entry that `fits`, which must hold for a first part of the entries and for none
  /// after.
  template <class Predicate>
  [[nodiscard]] Result<std::optional<Entry>> last_that(Predicate fits) const {
    if (!last_) return std::nullopt;
    // Readers follow the end most of the time.
    if (fits(*last_)) return last_;
    std::optional<Entry> found;
    std::size_t low = 0;
    std::size_t high = count_ - 1;  // Entries from here on do not fit.
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      auto entry = at(middle);
      if (!entry) return tl::unexpected(entry.error());
      if (fits(*entry)) {
        found = *entry;
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return found;
  }

  [[nodiscard]] Status sync() { return file_->sync(); }

 private:
  explicit IndexFile(std::unique_ptr<File> file)
      : file_(std::move(file)), count_(file_->size() / Entry::size_bytes) {}

  std::unique_ptr<File> file_;
  std::size_t count_;
  std::optional<Entry> last_;
};

using OffsetIndex = IndexFile<OffsetIndexEntry>;
using TimeIndex = IndexFile<TimeIndexEntry>;

}  // namespace millrace
