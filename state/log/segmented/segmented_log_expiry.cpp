// Deleting a log's first segments. The new start is written down first and is durable before
// anybody hears of it; the files go after that, and whatever of them a crash leaves or brings back
// lies below the start and is deleted when the log is opened.
#include <algorithm>
#include <charconv>

#include "base/planted_bug.hpp"
#include "state/log/port/recent_batches.hpp"
#include "state/log/segmented/segmented_log.hpp"

namespace millrace {
namespace {

constexpr std::size_t base_digits = 20;

/// The base offset in the name of one of a segment's files.
std::optional<Offset> base_in(std::string_view name) {
  if (name.size() <= base_digits || name[base_digits] != '.') return {};
  Offset base = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + base_digits, base);
  if (error != std::errc() || end != name.data() + base_digits) return {};
  return base;
}

}  // namespace

bool SegmentedLog::active_is_due(const Expiry& expiry) const {
  const auto newest = active_->max_timestamp();
  return newest && *newest < expiry.older_than && active_->end_offset() <= expiry.limit;
}

Status SegmentedLog::expire(const Expiry& expiry) {
  if (refuses_writes_) {
    return fail(Errc::unavailable, "the log takes no writes since its device failed");
  }
  if (recent_) recent_->forget_before(expiry.writers_older_than);
  if (expiry.roll_active && active_is_due(expiry)) {
    // Without room for a new segment the old ones can go all the same.
    auto rolled = roll();
    if (!rolled && rolled.error().code != Errc::overloaded) return refuse_writes(rolled.error());
  }
  auto kept = std::find_if(finished_.begin(), finished_.end(), [&](const Finished& one) {
    return one.max_timestamp >= expiry.older_than || one.end > expiry.limit;
  });
  if (kept != finished_.end() && is_planted(PlantedBug::expire_one_segment_too_many)) ++kept;
  if (kept == finished_.begin()) return {};
  auto start = start_behind(static_cast<std::size_t>(kept - finished_.begin()), expiry);
  if (!start) return tl::unexpected(start.error());
  if (auto saved = save_start(*start); !saved) return saved;
  log_start_ = std::move(*start);
  std::erase_if(opened_, [&](const auto& segment) { return segment->base() < log_start_.offset; });
  finished_.erase(finished_.begin(), kept);
  delete_below_start();
  forget_epochs_below_start();
  return {};
}

Result<LogStart> SegmentedLog::start_behind(std::size_t segments, const Expiry& expiry) {
  LogStart start{finished_[segments - 1].end, log_start_.max_timestamp, {}};
  RecentBatches recent;
  for (const BatchSummary& batch : log_start_.writers) recent.add(batch);
  for (std::size_t i = 0; i < segments; ++i) {
    start.max_timestamp = std::max(start.max_timestamp, finished_[i].max_timestamp);
    auto segment = segment_of(i);
    if (!segment) return tl::unexpected(segment.error());
    const Status walked =
        (*segment)->for_each_batch([&](const BatchSummary& batch) { recent.add(batch); });
    if (!walked) return tl::unexpected(walked.error());
  }
  recent.forget_before(expiry.writers_older_than);
  start.writers = recent.in_order();
  return start;
}

Status SegmentedLog::save_start(const LogStart& start) {
  const std::vector<std::byte> bytes = encode(start);
  auto saved = replace_file(disk_, log_start_path(folder_), bytes);
  if (saved || saved.error().code != Errc::overloaded) return saved;
  // Deleting is what makes room on a full disk, so it must not need any: indexes can be rebuilt.
  const Offset oldest = finished_.front().base;
  std::erase_if(opened_, [&](const auto& segment) { return segment->base() == oldest; });
  for (const std::string_view ending : {".index", ".timeindex"}) {
    if (auto gone = disk_.remove(segment_path(place_of(oldest), ending)); !gone) return gone;
  }
  return replace_file(disk_, log_start_path(folder_), bytes);
}

void SegmentedLog::delete_below_start() {
  auto names = disk_.list(folder_);
  if (!names) return;
  // What cannot be deleted now is deleted next time, or when the log is opened.
  for (const std::string& name : *names) {
    const auto base = base_in(name);
    if (base && *base < log_start_.offset) (void)disk_.remove(folder_ + "/" + name);
  }
}

}  // namespace millrace
