#include "state/log/port/leader_epochs.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace millrace {

LeaderEpochs::LeaderEpochs(std::vector<EpochRun> runs) : runs_(std::move(runs)) {
  for (std::size_t i = 1; i < runs_.size(); ++i) CHECK(follows(runs_[i - 1], runs_[i]));
}

std::optional<LeaderEpoch> LeaderEpochs::last() const {
  if (runs_.empty()) return std::nullopt;
  return runs_.back().epoch;
}

void LeaderEpochs::begin(const EpochRun& run) {
  if (!runs_.empty() && runs_.back().start == run.start) runs_.pop_back();
  if (!runs_.empty() && runs_.back().epoch == run.epoch) return;  // It goes on.
  CHECK(runs_.empty() || follows(runs_.back(), run));
  runs_.push_back(run);
}

std::optional<LeaderEpoch> LeaderEpochs::epoch_at(Offset offset) const {
  const auto behind =
      std::upper_bound(runs_.begin(), runs_.end(), offset,
                       [](Offset wanted, const EpochRun& run) { return wanted < run.start; });
  if (behind == runs_.begin()) return std::nullopt;
  return std::prev(behind)->epoch;
}

std::optional<LeaderEpochs::End> LeaderEpochs::end_of(LeaderEpoch epoch, Offset log_end) const {
  const auto newer =
      std::upper_bound(runs_.begin(), runs_.end(), epoch,
                       [](LeaderEpoch wanted, const EpochRun& run) { return wanted < run.epoch; });
  if (newer == runs_.begin()) return std::nullopt;
  return End{std::prev(newer)->epoch, newer == runs_.end() ? log_end : newer->start};
}

std::vector<EpochRun> LeaderEpochs::between(Offset from, Offset to) const {
  std::vector<EpochRun> found;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const bool is_last = i + 1 == runs_.size();
    if (runs_[i].start > to || (!is_last && runs_[i + 1].start <= from)) continue;
    if (runs_[i].start == to && !is_last) continue;
    found.push_back({runs_[i].epoch, std::max(runs_[i].start, from)});
  }
  return found;
}

void LeaderEpochs::truncate(Offset offset) {
  while (!runs_.empty() && runs_.back().start >= offset) runs_.pop_back();
}

void LeaderEpochs::forget_below(Offset offset) {
  // The last run stays: it says under which leadership the next row comes.
  const auto kept = std::adjacent_find(
      runs_.begin(), runs_.end(),
      [&](const EpochRun&, const EpochRun& next) { return next.start > offset; });
  if (kept == runs_.end()) {
    if (runs_.size() > 1) runs_.erase(runs_.begin(), runs_.end() - 1);
  } else {
    runs_.erase(runs_.begin(), kept);
  }
  if (!runs_.empty()) runs_.front().start = std::max(runs_.front().start, offset);
}

}  // namespace millrace
