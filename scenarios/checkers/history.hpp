#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace millrace::scenarios {

/// What a row says of itself: the `sequence`-th row of a writer. No two rows are equal.
struct Value {
  std::int64_t writer = 0;
  std::int64_t sequence = 0;
  friend auto operator<=>(const Value&, const Value&) = default;
};

/// What became of an append, as its writer knows it.
enum class Fate {
  pending,       ///< No answer yet. As good as in doubt.
  acknowledged,  ///< The cluster has it for good.
  in_doubt,      ///< Failed in a way that leaves open whether the rows were stored.
  refused,       ///< Failed in a way that promises that they were not.
};

/// One row that somebody tried to append.
struct Attempt {
  Value value;
  BucketId bucket;
  Fate fate = Fate::pending;
  Instant answered_at{};
  std::optional<Offset> offset;  ///< Of an acknowledged row, if the answer told.
  Instant asked_at{};            ///< When it was handed to the client: it is not older than that.
};

/// A stretch of a bucket's offsets.
struct OffsetRange {
  Offset from = 0;
  Offset to = 0;  ///< The first one behind it.
  friend auto operator<=>(const OffsetRange&, const OffsetRange&) = default;
};

/// Bytes of a bucket's files were changed where they lay.
struct Damage {
  BucketId bucket;
  /// The rows that this may cost; empty: bytes that can be made anew from the others.
  OffsetRange rows;
};

/// One row as it was read.
struct ReadRow {
  Offset offset = 0;
  Value value;
};

/// What one reader got of one bucket, from a subscription on and without a new one in between.
struct Read {
  std::string reader;
  BucketId bucket;
  Instant begun_at{};
  Offset from = 0;  ///< Where the log started, as it was told between the next and `begun_at`.
  Instant start_asked_at{};
  bool is_final = false;  ///< Begun when all was quiet, and read up to the end.
  std::vector<ReadRow> rows;
  /// What the reader was told is damaged, and passed over.
  std::vector<OffsetRange> gaps = {};

  [[nodiscard]] bool passed_over(Offset offset) const {
    return std::any_of(gaps.begin(), gaps.end(), [&](const OffsetRange& gap) {
      return gap.from <= offset && offset < gap.to;
    });
  }
};

/// A host lost power: what its disks had not synced is gone.
struct HostCrash {
  Instant at{};
  /// When it was started again: until then, what arrives was sent before the crash.
  Instant back_at{};
  std::set<BucketId> buckets;  ///< That lay there.
  /// What was acknowledged this long before is safe.
  Duration synced_within{};
};

/// What clients saw of a run. The checkers look at nothing else.
struct History {
  std::vector<Attempt> attempts;
  std::vector<Read> reads;
  std::vector<HostCrash> crashes;  ///< In order.
  std::vector<Damage> damage;
  /// Buckets that may be refused as a whole: what is damaged is what tells damage from a torn end,
  /// and the end is bad, too.
  std::set<BucketId> refusable;
  /// After so long rows may be deleted; nothing: never.
  std::optional<Duration> time_to_live;
  /// How often a reader was told that its next row is deleted.
  std::uint64_t readers_overtaken = 0;
  /// Until then what comes may have been changed on its way between clients and nodes.
  Instant wire_bad_until{};
  /// How often a client saw that an answer was not what had been sent.
  std::uint64_t answers_damaged = 0;
  /// Why writers gave rows up, one entry per batch.
  std::vector<std::string> given_up;
  /// Found wrong while it happened: damaged rows, answers that cannot be.
  std::vector<std::string> findings;

  /// How many losses of power a bucket had gone through at an instant.
  [[nodiscard]] std::size_t epoch_at(BucketId bucket, Instant at) const {
    return static_cast<std::size_t>(
        std::count_if(crashes.begin(), crashes.end(), [&](const HostCrash& crash) {
          return crash.buckets.contains(bucket) && at > std::max(crash.at, crash.back_at);
        }));
  }
  [[nodiscard]] std::size_t last_epoch(BucketId bucket) const {
    return epoch_at(bucket, Instant::max());
  }
  [[nodiscard]] bool is_damaged(BucketId bucket) const {
    return std::any_of(damage.begin(), damage.end(),
                       [&](const Damage& one) { return one.bucket == bucket; });
  }
};

[[nodiscard]] inline std::string to_string(const Value& value) {
  return "row " + std::to_string(value.sequence) + " of writer " + std::to_string(value.writer);
}

}  // namespace millrace::scenarios
