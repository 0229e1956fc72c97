// Opening a log. Only its last segment can end torn: a roll makes the one before durable first. The
// recovery point says how much of the rest needs no second look.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "state/log/segmented/segment_rewrite.hpp"
#include "state/log/segmented/segmented_log.hpp"

namespace millrace {
namespace {

constexpr std::size_t base_digits = 20;
constexpr std::string_view log_ending = ".log";

std::optional<Offset> base_of(std::string_view name) {
  if (name.size() != base_digits + log_ending.size() || !name.ends_with(log_ending)) return {};
  const std::string_view digits = name.substr(0, base_digits);
  Offset base = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), base);
  if (error != std::errc() || end != digits.data() + digits.size() || base < 0) return {};
  return base;
}

/// Of the segments from `start` on: what could not be deleted below it is not the log's any more.
Result<std::vector<Offset>> list_bases(Disk& disk, const std::string& folder, Offset start) {
  auto names = disk.list(folder);
  if (!names) return tl::unexpected(names.error());
  std::vector<Offset> bases;
  for (const std::string& name : *names) {
    const auto base = base_of(name);
    if (base && *base >= start) bases.push_back(*base);
  }
  std::sort(bases.begin(), bases.end());
  return bases;
}

/// What recovery may assume, segment by segment.
struct KnownDurable {
  std::optional<RecoveryPoint> point;
  bool point_is_damaged = false;

  /// Whether the segment lies below the point as a whole.
  [[nodiscard]] bool covers(Offset base) const { return point && base < point->segment_base; }
  [[nodiscard]] SegmentTrust trust(Offset base, bool last) const {
    SegmentTrust trust;
    if (point && point->segment_base == base) trust.durable = *point;
    // Without the point, damage cannot be told from a torn end.
    trust.may_end_torn = last && !point_is_damaged;
    return trust;
  }
};

Result<KnownDurable> load_known(Disk& disk, const std::string& folder, Offset start,
                                const std::vector<Offset>& bases) {
  KnownDurable known;
  auto point = load_recovery_point(disk, recovery_point_path(folder));
  if (!point && point.error().code != Errc::corrupt) return tl::unexpected(point.error());
  known.point_is_damaged = !point;
  if (!point || !*point) return known;
  // Older than the start, because it could not be replaced: it says nothing of what is left.
  if ((*point)->segment_base < start) return known;
  if (!std::binary_search(bases.begin(), bases.end(), (*point)->segment_base)) {
    return fail(Errc::corrupt, fmt::format("segment {} is missing", (*point)->segment_base));
  }
  known.point = **point;
  return known;
}

}  // namespace

Result<std::unique_ptr<SegmentedLog>> SegmentedLog::open(Disk& disk, const std::string& folder,
                                                         const SegmentedLogOptions& options) {
  CHECK(options.segment_bytes <= std::numeric_limits<std::int32_t>::max());
  CHECK(options.finished_open_max > 0);
  std::unique_ptr<SegmentedLog> log(new SegmentedLog(disk, folder, options));
  auto opened = log->open_segments();
  if (opened) opened = log->forget_epochs_behind_end();
  if (!opened) return wrap(opened.error(), "open log " + folder);
  return log;
}

Status SegmentedLog::open_segments() {
  if (auto made = disk_.make_folders(folder_); !made) return made;
  if (auto started = open_start(); !started) return started;
  if (auto epochs = open_epochs(); !epochs) return epochs;
  auto bases = list_bases(disk_, folder_, log_start_.offset);
  if (!bases) return tl::unexpected(bases.error());
  auto known = load_known(disk_, folder_, log_start_.offset, *bases);
  if (!known) return tl::unexpected(known.error());
  // Without any segment and any recovery point it was restarted there and got no further: where
  // rows were deleted there is a point.
  const bool is_restarted = bases->empty() && !known->point && !known->point_is_damaged;
  if (log_start_.offset > 0 && !is_restarted &&
      (bases->empty() || bases->front() != log_start_.offset)) {
    return fail(Errc::corrupt, fmt::format("segment {} is missing", log_start_.offset));
  }
  if (bases->empty()) return create_first();
  if (is_suspect(disk_, folder_)) {
    if (auto rewritten = rewrite_suspect(disk_, place_of(bases->back())); !rewritten) {
      return rewritten;
    }
  }
  for (std::size_t i = 0; i + 1 < bases->size(); ++i) {
    const Offset base = (*bases)[i];
    auto finished =
        open_finished(base, (*bases)[i + 1], known->trust(base, false), !known->covers(base));
    if (!finished) return tl::unexpected(finished.error());
    finished_.push_back(*finished);
  }
  const Offset last = bases->back();
  if (known->covers(last)) return fail(Errc::corrupt, "the last segment is missing");
  auto active = Segment::recover(disk_, place_of(last), known->trust(last, true));
  if (!active) return tl::unexpected(active.error());
  active_ = std::move(*active);
  saved_ = known->point.value_or(RecoveryPoint{});
  durable_ = known->trust(last, true).durable;
  return {};
}

Status SegmentedLog::open_start() {
  auto start = load_log_start(disk_, log_start_path(folder_));
  if (!start) return tl::unexpected(start.error());
  if (!*start) return {};
  // A process that was killed may have renamed the file and not synced it. Nobody may hear of a
  // start that a loss of power could still take back.
  if (auto synced = disk_.sync_folder(folder_); !synced) return synced;
  log_start_ = std::move(**start);
  delete_below_start();
  return {};
}

Status SegmentedLog::create_first() {
  auto first = Segment::create(disk_, place_of(log_start_.offset));
  if (!first) return tl::unexpected(first.error());
  if (auto synced = disk_.sync_folder(folder_); !synced) return synced;
  active_ = std::move(*first);
  return {};
}

Result<SegmentedLog::Finished> SegmentedLog::open_finished(Offset base, Offset end,
                                                           const SegmentTrust& trust,
                                                           bool recover) {
  SegmentTrust known = trust;
  known.end = end;
  auto segment = recover ? Segment::recover(disk_, place_of(base), known)
                         : Segment::open_finished(disk_, place_of(base), end);
  if (!segment) return tl::unexpected(segment.error());
  gather_damage(**segment);
  if ((*segment)->end_offset() != end) {
    return fail(Errc::corrupt, fmt::format("segment {}: ends at offset {}, the next starts at {}",
                                           base, (*segment)->end_offset(), end));
  }
  if (recover) {
    // On a full disk the last time entry stays away: opening works without it.
    auto synced = (*segment)->finish();
    if (!synced && synced.error().code != Errc::overloaded) return tl::unexpected(synced.error());
  }
  return Finished{.base = base,
                  .end = end,
                  .size_bytes = (*segment)->size_bytes(),
                  .max_timestamp = (*segment)->max_timestamp().value_or(-1)};
}

}  // namespace millrace
