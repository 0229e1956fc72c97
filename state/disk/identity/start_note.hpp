#pragma once
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "state/disk/port/disk.hpp"
#include "state/disk/port/start_history.hpp"

namespace millrace {

/// What came of noting a start in a data directory.
struct StartNote {
  StartHistory starts;    ///< The noted ones; this one too, if it could be noted.
  bool is_noted = false;  ///< False: the disk is full, or fails.
};

/// Notes in the file `millrace.starts` at the top of a data directory that this start has opened
/// it. A directory that is not new and has no such note, or a damaged one, is believed to be the
/// right one: it is as old as before there was any, and a node shall not stay away for this file's
/// damage.
[[nodiscard]] StartNote note_start(Disk& disk, bool is_new, Incarnation start);

[[nodiscard]] std::string encode(const StartHistory& starts);
/// Errors: corrupt.
[[nodiscard]] Result<StartHistory> parse_starts(std::string_view text);

}  // namespace millrace
