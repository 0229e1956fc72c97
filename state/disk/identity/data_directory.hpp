#pragma once
#include <cstdint>
#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "state/disk/port/disk.hpp"

namespace millrace {

/// What a data directory says of itself, in the file `millrace.identity` at its top.
struct DataDirectoryIdentity {
  std::uint32_t format = 0;  ///< Of everything in the directory.
  std::string cluster_id;
  NodeId node;
  std::string disk_id;  ///< Given once, when the directory was made: a copy has the same one.
  std::string boot_id;  ///< The kernel's boot during which it was last opened.
  friend bool operator==(const DataDirectoryIdentity&, const DataDirectoryIdentity&) = default;
};

/// Who opens a directory. The ids are 1 to 200 printable characters without blanks.
struct DataDirectoryOwner {
  std::string cluster_id;
  NodeId node;
  std::string boot_id;      ///< Of this boot of the kernel.
  std::string new_disk_id;  ///< For a directory that has none yet.
};

/// A directory that was found to be its owner's.
struct DataDirectory {
  /// The newest format this build reads and the one it writes.
  static constexpr std::uint32_t format = 1;

  DataDirectoryIdentity identity;
  bool is_new = false;
  /// Whether it was last opened during this boot: then what was written but not synced survived a
  /// kill of its process.
  bool same_boot = false;
};

/// Makes an empty directory its owner's, or checks that it is and notes the boot. Errors, by name:
/// malformed (not a Millrace data directory; another cluster's; another node's; a newer format; an
/// owner's id that cannot be stored), corrupt (identity damaged), overloaded, unavailable.
[[nodiscard]] Result<DataDirectory> open_data_directory(Disk& disk,
                                                        const DataDirectoryOwner& owner);

[[nodiscard]] std::string encode(const DataDirectoryIdentity& identity);
/// Errors: corrupt, malformed (a newer format).
[[nodiscard]] Result<DataDirectoryIdentity> parse_identity(std::string_view text);

}  // namespace millrace
