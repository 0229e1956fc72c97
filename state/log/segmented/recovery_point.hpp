#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "state/disk/port/disk.hpp"

namespace millrace {

/// How far a bucket's log is known to be on the device. Damage below it is damage; above it, a torn
/// end is what a crash leaves behind.
struct RecoveryPoint {
  Offset segment_base = 0;     ///< The segment it lies in.
  Offset offset = 0;           ///< Every row below is durable.
  std::uint64_t position = 0;  ///< Where that offset starts in the segment's file.
  /// Index entries that belong to the durable part. They are hints: not themselves durable.
  std::uint32_t offset_entries = 0;
  std::uint32_t time_entries = 0;

  friend bool operator==(const RecoveryPoint&, const RecoveryPoint&) = default;
};

[[nodiscard]] std::vector<std::byte> encode(const RecoveryPoint& point);
/// Errors: corrupt (checksum, length or values that cannot be), malformed (written by a newer
/// format).
[[nodiscard]] Result<RecoveryPoint> parse_recovery_point(Bytes bytes);

/// Nothing if the file does not exist. Errors: as parse_recovery_point, unavailable.
[[nodiscard]] Result<std::optional<RecoveryPoint>> load_recovery_point(Disk& disk,
                                                                       const std::string& path);

}  // namespace millrace
