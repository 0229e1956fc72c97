#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "state/disk/port/disk.hpp"
#include "state/disk/port/start_history.hpp"

namespace millrace {

/// Notes in the file `millrace.starts` at the top of a data directory that this start has opened
/// it. A directory without the file was there at none.
[[nodiscard]] KnownStarts note_start(Disk& disk, StartId start);

[[nodiscard]] std::string encode(const StartHistory& starts);
/// Errors: corrupt.
[[nodiscard]] Result<StartHistory> parse_starts(std::string_view text);

}  // namespace millrace
