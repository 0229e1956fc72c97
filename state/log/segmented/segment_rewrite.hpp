#pragma once
#include <string>

#include "state/disk/port/disk.hpp"
#include "state/log/segmented/segment.hpp"

// After a failed sync the kernel may show pages that will never reach the device, and a later sync
// reports success without them. So a log whose device failed is marked, and when it is opened again
// its last segment is written anew from what can be read of it: new pages, which a sync does write.

namespace millrace {

[[nodiscard]] std::string recovery_point_path(const std::string& folder);

/// Notes that the log's last segment must be rewritten before it is used again. If even that cannot
/// be written, the device is lost and whoever watches it must fence it.
void mark_suspect(Disk& disk, const std::string& folder);
[[nodiscard]] bool is_suspect(Disk& disk, const std::string& folder);
/// Rewrites the segment's log file and removes the mark. Errors: overloaded, unavailable; the log
/// is as before then.
[[nodiscard]] Status rewrite_suspect(Disk& disk, const SegmentPlace& place);

}  // namespace millrace
