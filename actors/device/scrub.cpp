#include "actors/device/scrub.hpp"

#include <algorithm>

#include "protocol/log_batch.hpp"

namespace millrace::device {
namespace {

/// The row behind a run of whole batches.
Offset row_behind(Bytes batches) {
  Offset next = 0;
  while (!batches.empty()) {
    const auto header = protocol::parse_header(batches);
    next = header->next_offset();
    batches = batches.subspan(header->size());
  }
  return next;
}

}  // namespace

Result<ScrubStep> scrub(TableLog& log, Offset from, std::uint64_t bytes_max) {
  ScrubStep step{std::max(from, log.start_offset())};
  const Offset end = log.end_offset();
  while (step.next < end && (step.bytes == 0 || step.bytes < bytes_max)) {
    const auto batches = log.read(
        step.next, end, static_cast<std::size_t>(bytes_max - std::min(bytes_max, step.bytes)));
    if (batches) {
      step.bytes += batches->size();
      step.next = row_behind(batches->bytes());
    } else if (batches.error().code == Errc::corrupt) {
      const Offset behind = log.sound_behind(step.next);
      if (behind <= step.next) return tl::unexpected(batches.error());  // Not the rows: the file.
      step.next = behind;
      ++step.bytes;  // Damage counts for something: there may be a lot of it.
    } else {
      return tl::unexpected(batches.error());
    }
  }
  step.is_done = step.next >= end;
  return step;
}

}  // namespace millrace::device
