#include "actors/device/device_actor.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "state/log/port/recent_batches.hpp"

namespace millrace::device {

DeviceActor::DeviceActor(caf::actor_config& config, ActorSetup setup, LogStore& logs,
                         DeviceOptions options)
    : Actor(config, std::move(setup)), logs_(logs), options_(options) {}

void DeviceActor::on_envelope(const Envelope& envelope) {
  auto decoded = decode_order(envelope);
  if (!decoded) return drop(decoded.error());
  const BucketId bucket = decoded->bucket;
  auto outcome =
      std::visit([&](const auto& order) { return perform(bucket, order); }, decoded->order);
  if (!outcome) {
    note_error(to_string(bucket) + ": " + outcome.error().message);
    const auto log = open_.find(bucket);
    const Offset end = log == open_.end() ? 0 : log->second.log->end_offset();
    outcome = OrderFailed{outcome.error(), end};
  }
  if (envelope.correlation != 0) reply(envelope, encode_outcome(bucket, *outcome));
}

void DeviceActor::on_timer(std::uint64_t /*id*/) { sync_dirty(); }

void DeviceActor::on_stop() { sync_dirty(); }

Result<TableLog*> DeviceActor::find(BucketId bucket) {
  const auto found = open_.find(bucket);
  if (found != open_.end()) {
    by_use_.erase(found->second.used_at);
    found->second.used_at = ++uses_;
    by_use_.emplace(uses_, bucket);
    return found->second.log.get();
  }
  if (!resting_.contains(bucket)) return fail(Errc::unavailable, "log is not open");
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
  return kept;
}

void DeviceActor::make_room() {
  while (!open_.empty() && open_.size() >= options_.logs_open_max) rest_oldest();
}

void DeviceActor::rest_oldest() {
  const BucketId bucket = by_use_.begin()->second;
  TableLog& log = *open_.at(bucket).log;
  // What a failed sync may have lost was acknowledged: the replica must look anew.
  const bool is_safe = !dirty_.contains(bucket) || sync(bucket, log);
  forget(bucket);
  if (is_safe) resting_.insert(bucket);
}

void DeviceActor::forget(BucketId bucket) {
  if (const auto found = open_.find(bucket); found != open_.end()) {
    by_use_.erase(found->second.used_at);
    open_.erase(found);
  }
  resting_.erase(bucket);
  dirty_.erase(bucket);
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const OpenLog& /*order*/) {
  forget(bucket);  // A replica that starts again must see what is on the disk.
  make_room();
  auto log = logs_.open(bucket);
  if (!log) return wrap(log.error(), "open log " + to_string(bucket));
  RecentBatches recent;
  for (const BatchSummary& batch : (*log)->remembered()) recent.add(batch);
  const Status walked =
      (*log)->for_each_batch([&](const BatchSummary& batch) { recent.add(batch); });
  if (!walked) return wrap(walked.error(), "walk log " + to_string(bucket));
  LogOpened opened{(*log)->start_offset(), (*log)->end_offset(), (*log)->max_timestamp(),
                   recent.in_order()};
  (void)keep_open(bucket, std::move(*log));
  // What a killed process left in the page cache was acknowledged: it is synced like any append.
  mark_dirty(bucket);
  return opened;
}

Result<Outcome> DeviceActor::perform(BucketId bucket, const AppendBatches& order) {
  auto log = find(bucket);
  if (!log) return tl::unexpected<Error>(log.error());
  // After a failed append the replica's later ones are still on their way, with bases too high.
  if (!order.batches.empty() && order.batches.front().summary.base != (*log)->end_offset()) {
    return fail(Errc::unavailable,
                fmt::format("append does not follow on the log's end: {} at {}",
                            order.batches.front().summary.base, (*log)->end_offset()));
  }
  const Status appended = (*log)->append(order.batches);
  if (!appended) return tl::unexpected<Error>(appended.error());
  mark_dirty(bucket);
  return BatchesAppended{};
}

void DeviceActor::mark_dirty(BucketId bucket) {
  if (dirty_.empty()) start_timer(options_.sync_within, 0);
  dirty_.insert(bucket);
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
  const Status synced = (*log)->sync();
  if (!synced) note_error(synced.error().message);
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
  for (const BucketId bucket : std::exchange(dirty_, {})) {
    const auto found = open_.find(bucket);
    if (found == open_.end()) continue;
    (void)sync(bucket, *found->second.log);
  }
}

bool DeviceActor::sync(BucketId bucket, TableLog& log) {
  const Status synced = log.sync();
  if (synced) return true;
  // Never retried: the log closed itself for writing, appends to it fail from here on.
  note_error(to_string(bucket) + ": " + synced.error().message);
  log_event(EventLevel::error, "log_sync_failed",
            {{"node", context().node().value()},
             {"bucket", to_string(bucket)},
             {"error", synced.error().message}});
  return false;
}

}  // namespace millrace::device
