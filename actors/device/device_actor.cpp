#include "actors/device/device_actor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "actors/device/scrub.hpp"
#include "base/log_event.hpp"
#include "base/planted_bug.hpp"

namespace millrace::device {
namespace {

constexpr std::uint64_t timer_sync = 0;
constexpr std::uint64_t timer_group = 1;
constexpr std::uint64_t timer_scrub = 2;
// Little at a time, because appends wait meanwhile.
constexpr Duration scrub_step = 250ms;
constexpr std::uint64_t scrub_steps_per_second = 1s / scrub_step;
constexpr int scrub_logs_per_step = 4;
constexpr Offset log_is_scrubbed = -1;

Error note_not_synced() {
  return {Errc::unavailable, "what is noted of a log could not be synced"};
}

}  // namespace

DeviceActor::DeviceActor(caf::actor_config& config, ActorSetup setup, LogStore& logs,
                         DeviceOptions options)
    : Actor(config, std::move(setup)),
      logs_(logs),
      options_(options),
      open_account_(context().budgets(), {"open_logs_of_device", "logs", options.logs_open_max}) {}

void DeviceActor::on_envelope(const Envelope& envelope) {
  // The timer stands in line behind orders, of which each may take long.
  if (sync_due_ && now() >= *sync_due_) sync_dirty();
  auto decoded = decode_order(envelope);
  if (!decoded) return drop(decoded.error());
  const BucketId bucket = decoded->bucket;
  auto outcome =
      std::visit([&](const auto& order) { return perform(bucket, order); }, decoded->order);
  if (!outcome) {
    note_error(to_string(bucket) + ": " + outcome.error().message);
    const auto log = open_.find(bucket);
    const Offset end = log == open_.end() ? 0 : log->second.log->end_offset();
    fence_if_sync_failed(bucket, outcome.error());
    outcome = OrderFailed{outcome.error(), end};
  } else {
    fence_if_sync_failed(bucket, note_not_synced());
  }
  tell_damage(bucket);
  answer(envelope, bucket, decoded->order, std::move(*outcome));
}

void DeviceActor::answer(const Envelope& asked, BucketId bucket, const Order& order,
                         Outcome outcome) {
  const auto* append = std::get_if<AppendBatches>(&order);
  const bool waits =
      append != nullptr && append->durable && std::holds_alternative<BatchesAppended>(outcome);
  // Replicas take the answers to their appends in order.
  const bool is_behind = append != nullptr && groups_.contains(bucket);
  if (!waits && !is_behind) {
    if (asked.correlation != 0) reply(asked, encode_outcome(bucket, outcome));
    return;
  }
  if (groups_.empty()) start_timer(Duration::zero(), timer_group);
  Envelope head;
  head.from = asked.from;
  head.correlation = asked.correlation;
  groups_[bucket].push_back({std::move(head), std::move(outcome)});
}

void DeviceActor::commit_groups() {
  while (!groups_.empty()) commit_group(groups_.begin()->first);
}

void DeviceActor::commit_group(BucketId bucket) {
  const auto group = groups_.extract(bucket);
  if (group.empty()) return;
  const auto log = open_.find(bucket);
  // It stays dirty: how far it is durable is noted with the next sync, not with each group.
  const bool synced = is_planted(PlantedBug::acknowledge_before_sync) ||
                      (log != open_.end() && commit(bucket, *log->second.log));
  for (const Waiting& one : group.mapped()) {
    const bool lost = !synced && std::holds_alternative<BatchesAppended>(one.outcome);
    const Outcome outcome =
        lost ? Outcome{OrderFailed{{Errc::unavailable, "the append could not be synced"}, 0}}
             : one.outcome;
    reply(one.asked, encode_outcome(bucket, outcome));
  }
}

void DeviceActor::tell_damage(BucketId bucket) {
  const auto log = open_.find(bucket);
  if (log == open_.end()) return;
  for (const DamagedRows& rows : log->second.log->take_damage()) {
    note_error(fmt::format("{}: rows [{}, {}) are damaged", to_string(bucket), rows.from, rows.to));
    log_event(EventLevel::error, "log_damaged",
              {{"node", context().node().value()},
               {"bucket", to_string(bucket)},
               {"from", rows.from},
               {"to", rows.to}});
  }
}

void DeviceActor::on_timer(std::uint64_t id) {
  if (id == timer_group) return commit_groups();
  if (id == timer_scrub) return scrub_next();
  sync_dirty();
}

void DeviceActor::on_start() {
  if (logs_.failed_syncs() != options_.failed_syncs_before) {
    fence({Errc::unavailable, "before the device's actor started again"});
  } else if (auto synced = logs_.sync_all(); !synced) {
    fence(synced.error());
  }
  if (options_.scrub_bytes_per_second > 0) start_timer(options_.scrub_after, timer_scrub);
}

void DeviceActor::scrub_next() {
  std::uint64_t left =
      std::max<std::uint64_t>(options_.scrub_bytes_per_second / scrub_steps_per_second, 1);
  // A batch is read whole: what it took too much is made up for by the next steps.
  const std::uint64_t owed = std::min(left, scrub_.owed);
  scrub_.owed -= owed;
  left -= owed;
  for (int logs = 0; logs < scrub_logs_per_step && left > 0; ++logs) {
    const auto bucket = log_to_scrub();
    if (!bucket) return end_scrub_round();
    if (scrub_.bucket != *bucket) scrub_.next = 0;
    scrub_.bucket = *bucket;
    const auto log = find(*bucket);
    const auto step =
        log ? scrub(**log, scrub_.next, left) : Result<ScrubStep>(tl::unexpected(log.error()));
    tell_damage(*bucket);
    const std::uint64_t read = step ? step->bytes : 0;
    scrub_.owed += read - std::min(left, read);
    left -= std::min(left, read);
    scrub_.bytes += read;
    if (step && !step->is_done) {
      scrub_.next = step->next;
    } else {  // Also one that cannot be read now: its replica will find out.
      ++scrub_.logs;
      scrub_.next = log_is_scrubbed;
    }
  }
  start_timer(scrub_step, timer_scrub);
}

std::optional<BucketId> DeviceActor::log_to_scrub() const {
  const auto first_of = [&](const auto& logs) {
    if (!scrub_.bucket) return logs.begin();
    return scrub_.next == log_is_scrubbed ? logs.upper_bound(*scrub_.bucket)
                                          : logs.lower_bound(*scrub_.bucket);
  };
  std::optional<BucketId> next;
  if (const auto open = first_of(open_); open != open_.end()) next = open->first;
  if (const auto resting = first_of(resting_); resting != resting_.end()) {
    if (!next || *resting < *next) next = *resting;
  }
  return next;
}

void DeviceActor::end_scrub_round() {
  log_event(EventLevel::info, "logs_scrubbed",
            {{"node", context().node().value()},
             {"device", actor_name()},
             {"logs", scrub_.logs},
             {"bytes", scrub_.bytes}});
  scrub_ = {};
  start_timer(options_.scrub_interval, timer_scrub);
}

void DeviceActor::on_stop() {
  commit_groups();
  sync_dirty();
}

Result<TableLog*> DeviceActor::find(BucketId bucket) {
  const auto found = open_.find(bucket);
  if (found != open_.end()) {
    by_use_.erase(found->second.used_at);
    found->second.used_at = ++uses_;
    by_use_.emplace(uses_, bucket);
    return found->second.log.get();
  }
  if (!resting_.contains(bucket)) return fail(Errc::unavailable, "log is not open");
  if (auto may = may_write(); !may) return tl::unexpected(may.error());  // Opening may write.
  make_room();
  auto log = logs_.open(bucket);
  // It rests on, for the next order to try again.
  if (!log) return wrap(log.error(), "open log " + to_string(bucket) + " again");
  resting_.erase(bucket);
  return keep_open(bucket, std::move(*log));
}

TableLog* DeviceActor::keep_open(BucketId bucket, std::unique_ptr<TableLog> log) {
  TableLog* const kept = log.get();
  open_.emplace(bucket, OpenFiles{std::move(log), ++uses_});
  by_use_.emplace(uses_, bucket);
  open_account_.set(open_.size());
  return kept;
}

void DeviceActor::make_room() {
  while (!open_.empty() && open_.size() >= options_.logs_open_max) rest_oldest();
}

void DeviceActor::rest_oldest() {
  const BucketId bucket = by_use_.begin()->second;
  TableLog& log = *open_.at(bucket).log;
  commit_group(bucket);
  // What a failed sync may have lost was acknowledged: the replica must look anew.
  const bool is_safe = !dirty_.contains(bucket) || sync(bucket, log);
  if (!fenced_) log.rest();
  forget(bucket);
  if (is_safe) resting_.insert(bucket);
}

void DeviceActor::forget(BucketId bucket) {
  commit_group(bucket);
  if (const auto found = open_.find(bucket); found != open_.end()) {
    by_use_.erase(found->second.used_at);
    open_.erase(found);
    open_account_.set(open_.size());
  }
  resting_.erase(bucket);
  dirty_.erase(bucket);
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const OpenLog& /*order*/) {
  return open_anew(bucket, [&] { return logs_.open(bucket); });
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const RestartLog& order) {
  return open_anew(bucket, [&] { return logs_.restart(bucket, order.start); });
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const CutLog& order) {
  if (auto may = may_write(); !may) return tl::unexpected<Error>(may.error());
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  if (auto cut = (*log)->truncate(std::max(order.offset, (*log)->start_offset())); !cut) {
    return tl::unexpected<Error>(cut.error());
  }
  return what_is_open(bucket, **log);
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const BeginEpoch& order) {
  if (auto may = may_write(); !may) return tl::unexpected<Error>(may.error());
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  if (auto begun = (*log)->begin_epoch(order.epoch); !begun) {
    return tl::unexpected<Error>(begun.error());
  }
  mark_dirty(bucket);
  return EpochHasBegun{};
}

Result<Outcome> DeviceActor::open_anew(
    BucketId bucket, const std::function<Result<std::unique_ptr<TableLog>>()>& open_log) {
  // What was acknowledged before a failed write is made durable whether it can be opened or not.
  if (dirty_.contains(bucket)) (void)sync(bucket, *open_.at(bucket).log);
  if (auto may = may_write(); !may) return tl::unexpected<Error>(may.error());
  forget(bucket);  // A replica that starts again must see what is on the disk.
  make_room();
  auto log = open_log();
  if (!log) return wrap(log.error(), "open log " + to_string(bucket));
  auto opened = what_is_open(bucket, **log);
  if (!opened) return opened;
  // What a killed process left in the page cache will be read, and answered as known to whoever
  // sends it again: before that it must be on the device.
  if (!sync(bucket, *keep_open(bucket, std::move(*log)))) {
    forget(bucket);
    return fail(Errc::unavailable, "the log could not be synced: " + to_string(bucket));
  }
  return opened;
}

Result<Outcome> DeviceActor::what_is_open(BucketId bucket, TableLog& log) {
  auto recent = log.recent_batches();
  if (!recent) return wrap(recent.error(), "walk log " + to_string(bucket));
  return LogOpened{log.start_offset(), log.end_offset(), log.max_timestamp(), std::move(*recent),
                   log.epochs()};
}

Status DeviceActor::may_write() const {
  if (!fenced_) return {};
  return fail(
      Errc::unavailable,
      "nothing is written to this directory until the node starts anew, since a sync failed: " +
          fenced_->message);
}

Status DeviceActor::has_room_for(const AppendBatches& order) {
  if (options_.reserve_bytes == 0) return {};
  std::uint64_t bytes = options_.reserve_bytes;
  for (const StampedBatch& batch : order.batches) {
    for (const Buffer& piece : batch.pieces) bytes += piece.size();
  }
  const auto free = logs_.free_bytes();
  if (!free) return tl::unexpected(free.error());
  if (*free >= bytes) return {};
  return fail(Errc::overloaded, fmt::format("disk full: {} bytes are free, {} of them reserved",
                                            *free, options_.reserve_bytes));
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const AppendBatches& order) {
  if (auto may = may_write(); !may) return tl::unexpected<Error>(may.error());
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  if (auto room = has_room_for(order); !room) return tl::unexpected<Error>(room.error());
  // After a failed append the replica's later ones are still on their way, with bases too high.
  if (!order.batches.empty() && order.batches.front().summary.base != (*log)->end_offset()) {
    return fail(Errc::unavailable,
                fmt::format("append does not follow on the log's end: {} at {}",
                            order.batches.front().summary.base, (*log)->end_offset()));
  }
  const Status appended = append_runs(**log, order);
  if (!appended) return tl::unexpected<Error>(appended.error());
  mark_dirty(bucket);
  return BatchesAppended{};
}

/// What one leadership wrote at a time, so that each begins where its first row is.
Status DeviceActor::append_runs(TableLog& log, const AppendBatches& order) {
  if (order.runs.empty()) return log.append(order.batches);
  auto run = order.runs.begin();
  std::vector<StampedBatch> same;
  for (const StampedBatch& batch : order.batches) {
    if (run != order.runs.end() && run->start <= batch.summary.base) {
      if (!same.empty()) {
        if (auto appended = log.append(std::exchange(same, {})); !appended) return appended;
      }
      if (auto begun = log.begin_epoch(run->epoch); !begun) return begun;
      ++run;
    }
    same.push_back(batch);
  }
  return log.append(same);
}

void DeviceActor::mark_dirty(BucketId bucket) {
  dirty_.insert(bucket);
  if (sync_due_) return;
  sync_due_ = now() + options_.sync_within;
  start_timer(options_.sync_within, timer_sync);
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const ReadRange& order) {
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  if (order.from < (*log)->start_offset()) {
    // The read was ordered before the replica heard of the new start.
    return fail(Errc::stale_epoch, fmt::format("offset was deleted: {} is below {}", order.from,
                                               (*log)->start_offset()));
  }
  auto bytes = (*log)->read(order.from, order.limit, order.bytes_max);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  return RangeRead{std::move(*bytes)};
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const FindTimestamp& order) {
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  auto offset = (*log)->offset_at(order.timestamp);
  if (!offset) return tl::unexpected<Error>(offset.error());
  return TimestampFound{*offset};
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const CloseLog& /*order*/) {
  if (resting_.erase(bucket) > 0) return LogRemoved{};
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  const Status closed = (*log)->close();
  if (!closed) {
    note_error(closed.error().message);
    fence_if_sync_failed(bucket, closed.error());
  }
  forget(bucket);
  return LogRemoved{};
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const RemoveLog& /*order*/) {
  forget(bucket);
  const Status removed = logs_.remove(bucket);
  if (!removed) return tl::unexpected<Error>(removed.error());
  return LogRemoved{};
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const ExpireLog& order) {
  if (auto may = may_write(); !may) return tl::unexpected<Error>(may.error());
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  const Offset before = (*log)->start_offset();
  const Status expired = (*log)->expire(order.expiry);
  if (!expired) return tl::unexpected<Error>(expired.error());
  const Offset start = (*log)->start_offset();
  if (start > before) {
    log_event(EventLevel::info, "log_expired",
              {{"node", context().node().value()},
               {"bucket", to_string(bucket)},
               {"from", before},
               {"start", start}});
  }
  return LogExpired{start};
}

void DeviceActor::sync_dirty() {
  sync_due_ = is_planted(PlantedBug::sync_once) ? std::optional(Instant::max()) : std::nullopt;
  while (!dirty_.empty() && !fenced_) {
    const BucketId bucket = *dirty_.begin();
    const auto found = open_.find(bucket);
    if (found != open_.end()) (void)sync(bucket, *found->second.log);
    dirty_.erase(bucket);
  }
}

bool DeviceActor::sync(BucketId bucket, TableLog& log) {
  return !fenced_ && is_synced(bucket, log.sync());  // One that failed is never retried.
}

bool DeviceActor::commit(BucketId bucket, TableLog& log) {
  return !fenced_ && is_synced(bucket, log.commit());
}

bool DeviceActor::is_synced(BucketId bucket, const Status& synced) {
  if (synced) {
    fence_if_sync_failed(bucket, note_not_synced());
    return true;
  }
  note_error(to_string(bucket) + ": " + synced.error().message);
  log_event(EventLevel::error, "log_sync_failed",
            {{"node", context().node().value()},
             {"bucket", to_string(bucket)},
             {"error", synced.error().message}});
  fence_if_sync_failed(bucket, synced.error());
  return false;
}

void DeviceActor::fence_if_sync_failed(BucketId bucket, const Error& error) {
  if (fenced_ || logs_.failed_syncs() == options_.failed_syncs_before) return;
  if (is_planted(PlantedBug::believe_retried_sync)) return;
  if (const auto log = open_.find(bucket); log != open_.end()) log->second.log->distrust();
  fence(error);
}

/// What was not synced yet may be lost as well, whatever a later sync would say.
void DeviceActor::fence(const Error& error) {
  fenced_ = error;
  log_event(EventLevel::error, "directory_fenced",
            {{"node", context().node().value()}, {"error", error.message}});
  for (const BucketId& bucket : dirty_) {
    if (const auto log = open_.find(bucket); log != open_.end()) log->second.log->distrust();
  }
}

}  // namespace millrace::device
