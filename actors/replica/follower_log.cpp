#include "actors/replica/follower_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "protocol/log_batch.hpp"

namespace millrace::replica {
namespace {

// An answer that is later than the leader promises is lost.
constexpr Duration answer_late_by = 2s;

}  // namespace

FollowerLog::FollowerLog(LogState& log, const Assigned& assigned, const ReplicaRules& rules,
                         Instant now, Effects& effects)
    : log_(log), leader_(assigned.leader), epoch_(assigned.epoch), rules_(rules) {
  ask(now, effects);
}

void FollowerLog::ask(Instant now, Effects& effects) {
  asked_at_ = now;
  effects.push_back(AskLeader{leader_, ++number_, epoch_, log_.end,
                              log_.epochs.epoch_at(log_.end - 1), rules_.fetch_bytes_max});
}

void FollowerLog::ask_again(Instant now, Effects& effects) {
  if (!is_busy()) ask(now, effects);
}

void FollowerLog::tick(Instant now, Effects& effects) {
  const bool is_late = asked_at_ && now - *asked_at_ > rules_.fetch_wait_max + answer_late_by;
  if (!asked_at_ || is_late) ask_again(now, effects);
}

void FollowerLog::fetched(const Fetched& fetched, Instant now, Effects& effects) {
  if (fetched.number != number_ || !asked_at_ || is_busy()) return;  // Of a request given up.
  durable_ = fetched.durable;
  std::visit([&](const auto& reply) { take(reply, now, effects); }, fetched.reply);
}

void FollowerLog::take(const FetchRefused& /*refused*/, Instant /*now*/, Effects& /*effects*/) {
  asked_at_.reset();  // The next tick asks again, unless there is another leader by then.
}

void FollowerLog::take(const FetchedRows& rows, Instant now, Effects& effects) {
  if (rows.epoch != epoch_) return asked_at_.reset();
  if (rows.batches.empty()) {
    log_.high_watermark = std::max(log_.high_watermark, std::min(rows.high_watermark, log_.end));
    return ask(now, effects);
  }
  auto order = check(rows);
  if (!order) {
    last_error_ = order.error();
    return asked_at_.reset();
  }
  Writing writing;
  for (const StampedBatch& batch : order->batches) writing.batches.push_back(batch.summary);
  writing.runs = order->runs;
  writing.high_watermark = rows.high_watermark;
  writing_ = std::move(writing);
  asked_at_.reset();
  effects.push_back(std::move(*order));
}

Result<WriteBatches> FollowerLog::check(const FetchedRows& rows) const {
  auto batches = protocol::split_batches(rows.batches);
  if (!batches) return wrap(batches.error(), "rows of the leader");
  WriteBatches order{{}, durable_, {}};
  Offset next = log_.end;
  EpochMillis timestamp = log_.max_timestamp;
  for (const Buffer& batch : *batches) {
    if (auto fine = protocol::verify_crc(batch.bytes()); !fine) {
      return wrap(fine.error(), "rows of the leader");
    }
    const auto header = protocol::parse_header(batch.bytes());
    if (header->base_offset != next || header->commit_timestamp < timestamp) {
      return fail(Errc::malformed, fmt::format("rows of the leader do not follow: {} at {}",
                                               header->base_offset, next));
    }
    const Offset last = next + header->last_offset_delta;
    timestamp = header->commit_timestamp;
    order.batches.push_back(
        {{next, last, timestamp, header->writer, header->batch_sequence}, {batch}});
    next = last + 1;
  }
  // A leadership that begins behind these rows comes with the next ones.
  std::optional<EpochRun> before;
  bool has_mark = false;  // Without rows: it goes with the first row, whosever that is.
  for (const EpochRun& run : log_.epochs.runs()) {
    has_mark = run.start == log_.end;
    if (!has_mark) before = run;
  }
  for (const EpochRun& run : rows.runs) {
    if (run.start >= next) continue;
    const bool goes_on = before && run.epoch == before->epoch;
    if (goes_on && has_mark && run.start == log_.end) order.runs.push_back(run);
    if (goes_on) continue;
    if (run.start < log_.end || (before && !LeaderEpochs::follows(*before, run))) {
      return fail(Errc::malformed, fmt::format("leadership {} of the leader begins at {}, not "
                                               "behind what is known",
                                               run.epoch.value(), run.start));
    }
    order.runs.push_back(run);
    before = run;
  }
  return order;
}

void FollowerLog::written(Instant now, Effects& effects) {
  CHECK(writing_.has_value());
  const Writing writing = *std::exchange(writing_, std::nullopt);
  for (const EpochRun& run : writing.runs) log_.epochs.begin(run);
  for (const BatchSummary& batch : writing.batches) log_.writers.add(batch);
  log_.end = writing.batches.back().last + 1;
  log_.max_timestamp = writing.batches.back().timestamp;
  log_.high_watermark = std::max(log_.high_watermark, std::min(writing.high_watermark, log_.end));
  ask(now, effects);
}

Offset FollowerLog::cut_at(const FetchDiverged& parted) const {
  Offset own = log_.start;
  if (parted.at) {
    // Of the leadership that both may have, the shorter one is common.
    if (const auto known = log_.epochs.end_of(*parted.at, log_.end)) own = known->end;
  } else {
    own = log_.epochs.runs().empty() ? log_.end : log_.epochs.runs().front().start;
  }
  return std::max(log_.start, std::min(own, parted.end));
}

void FollowerLog::take(const FetchDiverged& parted, Instant now, Effects& effects) {
  if (parted.epoch != epoch_) return asked_at_.reset();
  const Offset cut = cut_at(parted);
  if (cut >= log_.end) {
    // Then there is nothing to cut, and the leader contradicts itself.
    last_error_ = Error{Errc::malformed,
                        fmt::format("logs part at {}, beyond the end {}", parted.end, log_.end)};
    return asked_at_.reset();
  }
  (void)now;
  asked_at_.reset();
  cutting_ = true;
  effects.push_back(CutLog{cut});
}

void FollowerLog::take(const FetchTooOld& old, Instant /*now*/, Effects& effects) {
  if (old.epoch != epoch_) return asked_at_.reset();
  asked_at_.reset();
  cutting_ = true;
  effects.push_back(RestartLog{old.start});
}

void FollowerLog::reopened(Instant now, Effects& effects) {
  cutting_ = false;
  ask(now, effects);
}

}  // namespace millrace::replica
