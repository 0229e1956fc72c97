#pragma once
#include <cstdint>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "state/log/port/table_log.hpp"

namespace millrace::device {

/// How far a log's batches have been checked.
struct ScrubStep {
  Offset next = 0;          ///< Where to go on.
  std::uint64_t bytes = 0;  ///< That were read.
  bool is_done = false;     ///< `next` is the end.
};

/// Reads a log's batches from `from` on, or from its start if that is behind, and so has each
/// checked: what is damaged is passed over, and take_damage() tells of it. Stops after about
/// `bytes_max`, but never before one batch. Errors: unavailable, corrupt (the file is not what it
/// was).
[[nodiscard]] Result<ScrubStep> scrub(TableLog& log, Offset from, std::uint64_t bytes_max);

}  // namespace millrace::device
