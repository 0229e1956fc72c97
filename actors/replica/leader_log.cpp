#include "actors/replica/leader_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/planted_bug.hpp"
#include "protocol/log_batch.hpp"
#include "state/meta/catalog/partitions.hpp"

namespace millrace::replica {
namespace {

using protocol::ErrorCode;
using protocol::LogBatchHeader;

// A proposal whose answer does not come is made anew: it, or its answer, was lost.
constexpr Duration proposal_wait_max = 3s;

BatchSummary summary_of(const LogBatchHeader& header, Offset base, EpochMillis timestamp) {
  return {base, base + header.last_offset_delta, timestamp, header.writer, header.batch_sequence};
}

EpochMillis before(EpochMillis now, Duration span) {
  return now - std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

Result<std::vector<LogBatchHeader>> headers_of(const std::vector<Buffer>& batches) {
  std::vector<LogBatchHeader> headers;
  for (const Buffer& batch : batches) {
    auto header = protocol::parse_whole_batch(batch.bytes());
    if (!header) return tl::unexpected<Error>(header.error());
    headers.push_back(*header);
  }
  return headers;
}

Leadership leadership_of(const Assigned& assigned) {
  return {assigned.epoch, assigned.version, assigned.in_sync};
}

InSyncSet::Limits limits_of(const ReplicaRules& rules, std::size_t replica_count) {
  return {in_sync_min_of(rules.in_sync_min, replica_count), rules.lag_max};
}

std::set<NodeId> proposed_before(const Assigned& assigned, bool is_fresh) {
  if (is_fresh || assigned.replicas.size() == 1) return {};
  return {assigned.replicas.begin(), assigned.replicas.end()};
}

Effect too_few(Ticket ticket, bool is_appended) {
  return Refuse{ticket,
                {is_appended ? ErrorCode::not_enough_replicas_after_append_exception
                             : ErrorCode::not_enough_replicas_exception,
                 "fewer replicas are in sync than have to confirm an append"}};
}

}  // namespace

LeaderLog::LeaderLog(LogState& log, NodeId self, const Assigned& assigned,
                     const ReplicaRules& rules, bool is_fresh, Instant now, Effects& effects)
    : log_(log),
      self_(self),
      rules_(rules),
      replicas_(assigned.replicas),
      in_sync_(self, leadership_of(assigned), proposed_before(assigned, is_fresh),
               limits_of(rules, assigned.replicas.size()), log.end, log.high_watermark, now),
      next_(log.end),
      max_timestamp_(log.max_timestamp),
      stamped_(log.writers) {
  settle(now, effects);
  for (const NodeId node : replicas_) {
    if (node != self_) effects.push_back(WakeFollower{node, assigned.epoch});
  }
}

// ---- Appends ------------------------------------------------------------------------------------

std::optional<Effect> LeaderLog::why_not_append(const AppendAsked& asked) const {
  if (discarding_) return Fail{asked.ticket, why_discarding_};
  if (writes_.size() >= writes_max || unconfirmed_.size() >= unconfirmed_max) {
    return Fail{asked.ticket, {Errc::overloaded, "too many appends in flight"}};
  }
  if (asked.by_all && !in_sync_.is_sufficient()) return too_few(asked.ticket, false);
  return std::nullopt;
}

void LeaderLog::append(const AppendAsked& asked, Effects& effects) {
  if (auto refused = why_not_append(asked)) return effects.push_back(std::move(*refused));
  auto headers = headers_of(asked.batches);
  if (!headers) return effects.push_back(Fail{asked.ticket, headers.error()});
  if (headers->empty()) {
    return effects.push_back(Fail{asked.ticket, {Errc::malformed, "append without a batch"}});
  }
  const BatchVerdict verdict = check_writers(*headers);
  if (const auto* duplicate = std::get_if<BatchIsDuplicate>(&verdict)) {
    return answer_duplicate(asked, duplicate->original, effects);
  }
  if (const auto* gap = std::get_if<BatchIsOutOfOrder>(&verdict)) {
    return effects.push_back(
        Refuse{asked.ticket,
               {ErrorCode::out_of_order_sequence_exception,
                fmt::format("batch sequence out of order: expected {}", gap->expected)}});
  }
  order_write(asked, *headers, effects);
}

BatchVerdict LeaderLog::check_writers(const std::vector<LogBatchHeader>& headers) const {
  // Batches of one request follow on each other; a lone one, the rule, needs no copy of the table.
  std::optional<WriterTable> trial;
  if (headers.size() > 1) trial = stamped_;
  Offset next = next_;
  std::optional<BatchSummary> original;  // From the first known batch to the last one.
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const LogBatchHeader& header = headers[i];
    const WriterTable& table = trial ? *trial : stamped_;
    const BatchVerdict verdict = table.check(header.writer, header.batch_sequence);
    const auto* duplicate = std::get_if<BatchIsDuplicate>(&verdict);
    if (std::holds_alternative<BatchIsOutOfOrder>(verdict)) return verdict;
    if (i > 0 && original.has_value() != (duplicate != nullptr)) {
      return BatchIsOutOfOrder{table.next_sequence(header.writer)};
    }
    if (duplicate != nullptr) {
      if (!original) original = duplicate->original;
      original->last = duplicate->original.last;
    } else if (trial) {
      trial->add(summary_of(header, next, max_timestamp_));
    }
    next += header.last_offset_delta + 1;
  }
  if (original) return BatchIsDuplicate{*original};
  return BatchIsNew{};
}

void LeaderLog::order_write(const AppendAsked& asked, const std::vector<LogBatchHeader>& headers,
                            Effects& effects) {
  // One timestamp for all batches of a request; it never goes back within a bucket.
  const EpochMillis timestamp = std::max(max_timestamp_, asked.wall_clock);
  WriteBatches order{{}, asked.durable, {}};
  Write write{{asked.ticket, next_, asked.by_all}, {}, {}, {}};
  for (std::size_t i = 0; i < asked.batches.size(); ++i) {
    const BatchSummary summary = summary_of(headers[i], next_, timestamp);
    std::vector<Buffer> pieces = protocol::stamp(asked.batches[i], next_, timestamp);
    write.pieces.insert(write.pieces.end(), pieces.begin(), pieces.end());
    order.batches.push_back({summary, std::move(pieces)});
    write.batches.push_back(summary);
    stamped_.add(summary);
    next_ = summary.last + 1;
  }
  max_timestamp_ = timestamp;
  if (is_planted(PlantedBug::acknowledge_before_write)) {
    effects.push_back(AnswerAppended{write.first.ticket, write.first.base, next_});
  }
  writes_.push_back(std::move(write));
  effects.push_back(std::move(order));
}

void LeaderLog::answer_duplicate(const AppendAsked& asked, const BatchSummary& original,
                                 Effects& effects) {
  const Duplicate again{asked.ticket, original.base, asked.by_all};
  if (original.last < log_.end) return confirm(again, original.last, effects);
  // Not written yet: it must not be acknowledged before the original is.
  for (Write& write : writes_) {
    if (write.batches.back().last < original.last) continue;
    write.duplicates.push_back(again);
    return;
  }
  CHECK(false);
}

void LeaderLog::confirm(const Duplicate& request, Offset last, Effects& effects) {
  const bool is_with_all = last < log_.high_watermark;
  if (!request.by_all || is_with_all || is_planted(PlantedBug::acknowledge_before_followers)) {
    return effects.push_back(AnswerAppended{request.ticket, request.base, log_.high_watermark});
  }
  if (!in_sync_.is_sufficient()) return effects.push_back(too_few(request.ticket, true));
  unconfirmed_.emplace(last, request);
}

void LeaderLog::written(Instant now, Effects& effects) {
  CHECK(!writes_.empty());
  Write write = std::move(writes_.front());
  writes_.pop_front();
  for (const BatchSummary& batch : write.batches) log_.writers.add(batch);
  const Offset base = write.batches.front().base;
  const Offset last = write.batches.back().last;
  log_.end = last + 1;
  log_.max_timestamp = write.batches.back().timestamp;
  if (ended_) return;  // Answered already.
  at_hand_.add(base, log_.end, std::move(write.pieces));
  // In this order, so that who waited hears of a high watermark that holds its rows.
  unconfirmed_.emplace(last, write.first);
  for (const Duplicate& again : write.duplicates) unconfirmed_.emplace(last, again);
  in_sync_.written(log_.end, now);
  settle(now, effects);
  if (!in_sync_.is_sufficient()) refuse_unconfirmed(effects);
  feed_followers(effects);
}

std::optional<Error> LeaderLog::write_failed(const WriteFailed& failed, Effects& effects) {
  CHECK(!writes_.empty());
  const Write write = std::move(writes_.front());
  writes_.pop_front();
  // The first failure is the cause; those behind it only did not fit any more.
  if (!discarding_) why_discarding_ = failed.error;
  discarding_ = !writes_.empty();
  if (!ended_) fail(write, why_discarding_, effects);
  if (discarding_) return std::nullopt;
  next_ = log_.end;
  stamped_ = log_.writers;
  max_timestamp_ = log_.max_timestamp;
  // A full disk refuses and stays usable. Anything else, or a log that is not where we thought it
  // was, is opened anew, and what is on the disk decides.
  if (why_discarding_.code == Errc::overloaded && failed.end == log_.end) return std::nullopt;
  return why_discarding_;
}

void LeaderLog::fail(const Write& write, const Error& why, Effects& effects) {
  effects.push_back(Fail{write.first.ticket, why});
  for (const Duplicate& again : write.duplicates) effects.push_back(Fail{again.ticket, why});
}

void LeaderLog::refuse_unconfirmed(Effects& effects) {
  for (auto one = unconfirmed_.begin(); one != unconfirmed_.end();) {
    const Duplicate& request = one->second;
    if (request.by_all) {
      effects.push_back(too_few(request.ticket, true));
    } else {
      effects.push_back(AnswerAppended{request.ticket, request.base, log_.high_watermark});
    }
    one = unconfirmed_.erase(one);
  }
}

/// Whatever the in-sync set says now is made visible and acknowledged.
void LeaderLog::settle(Instant now, Effects& effects) {
  log_.high_watermark = std::max(log_.high_watermark, in_sync_.high_watermark());
  for (auto one = unconfirmed_.begin(); one != unconfirmed_.end();) {
    const Duplicate& request = one->second;
    const bool is_confirmed = one->first < log_.high_watermark || !request.by_all ||
                              is_planted(PlantedBug::acknowledge_before_followers);
    if (!is_confirmed) {
      ++one;
      continue;
    }
    effects.push_back(AnswerAppended{request.ticket, request.base, log_.high_watermark});
    one = unconfirmed_.erase(one);
  }
  wake_readers(effects);
  at_hand_.drop_below(log_.high_watermark);
  propose(now, effects);
}

// ---- Readers ------------------------------------------------------------------------------------

void LeaderLog::read(const ReadAsked& asked, Effects& effects) const {
  const Offset from = asked.from == earliest_offset ? log_.start : asked.from;
  // What is written and not visible yet may have been visible before this leader's time.
  if (from < log_.start || from > log_.end) {
    return effects.push_back(Refuse{asked.ticket,
                                    {ErrorCode::log_offset_out_of_range_exception,
                                     fmt::format("offset out of range: {} is not in [{}, {}]", from,
                                                 log_.start, log_.high_watermark)}});
  }
  if (from >= log_.high_watermark || asked.bytes_max == 0) {
    return effects.push_back(AnswerNoData{asked.ticket, from});
  }
  effects.push_back(ReadLog{asked.ticket, from, log_.high_watermark, asked.bytes_max});
}

void LeaderLog::await(const AwaitAsked& asked, Effects& effects) {
  if (asked.from < log_.high_watermark || waiting_.size() >= waiting_max) {
    return effects.push_back(AnswerAdvanced{asked.ticket});
  }
  waiting_.emplace(asked.from, Waiter{asked.ticket, asked.bytes_max});
  waiting_by_ticket_.emplace(asked.ticket, asked.from);
}

void LeaderLog::expire_await(Ticket ticket, Effects& effects) {
  const auto found = waiting_by_ticket_.find(ticket);
  if (found == waiting_by_ticket_.end()) return;
  const auto [first, last] = waiting_.equal_range(found->second);
  const auto entry =
      std::find_if(first, last, [&](const auto& one) { return one.second.ticket == ticket; });
  waiting_.erase(entry);
  waiting_by_ticket_.erase(found);
  effects.push_back(AnswerAdvanced{ticket});
}

void LeaderLog::wake_readers(Effects& effects) {
  const auto beyond = waiting_.lower_bound(log_.high_watermark);
  // Put together once for all who wait for the same.
  Offset joined_from = -1;
  Buffer joined;
  for (auto waiter = waiting_.begin(); waiter != beyond; ++waiter) {
    const auto [ticket, bytes_max] = waiter->second;
    waiting_by_ticket_.erase(ticket);
    if (waiter->first != joined_from) {
      joined_from = waiter->first;
      joined = at_hand_.from(joined_from, log_.high_watermark, RowsAtHand::bytes_max);
    }
    if (joined.empty() || joined.size() > bytes_max) {
      effects.push_back(AnswerAdvanced{ticket});
    } else {
      effects.push_back(AnswerWritten{ticket, joined_from, joined});
    }
  }
  waiting_.erase(waiting_.begin(), beyond);
}

void LeaderLog::latest(Ticket ticket, Effects& effects) const {
  // A leader that has just begun may not have heard of all that was visible before.
  if (!in_sync_.is_marked()) {
    return effects.push_back(
        Fail{ticket, {Errc::not_leader, "the new leader's followers have not confirmed yet"}});
  }
  effects.push_back(AnswerOffset{ticket, log_.high_watermark});
}

void LeaderLog::find(const TimestampAsked& asked, Effects& effects) const {
  if (asked.timestamp > asked.wall_clock) {
    return effects.push_back(Refuse{asked.ticket,
                                    {ErrorCode::invalid_timestamp_exception,
                                     fmt::format("timestamp lies in the future: {} after {}",
                                                 asked.timestamp, asked.wall_clock)}});
  }
  if (asked.timestamp > log_.max_timestamp) {
    return effects.push_back(AnswerOffset{asked.ticket, log_.high_watermark});
  }
  effects.push_back(FindTimestamp{asked.ticket, asked.timestamp});
}

// ---- Followers ----------------------------------------------------------------------------------

std::optional<FetchReply> LeaderLog::why_parted(const FetchAsked& asked) const {
  const LeaderEpoch epoch = leadership().epoch;
  if (asked.from < log_.start) return FetchTooOld{epoch, log_.start};
  const auto& runs = log_.epochs.runs();
  if (!asked.last_epoch) {
    // Rows from before leaderships were noted, or none at all.
    const Offset end = runs.empty() ? log_.end : runs.front().start;
    if (asked.from > end) return FetchDiverged{epoch, std::nullopt, end};
    return std::nullopt;
  }
  const auto known = log_.epochs.end_of(*asked.last_epoch, log_.end);
  if (!known) {
    // All rows here are of newer leaderships, so of its rows none is the same from this log's start
    // on. What lies below cannot be compared any more.
    if (asked.from > log_.start) return FetchDiverged{epoch, std::nullopt, log_.start};
    return FetchTooOld{epoch, log_.start};
  }
  const bool is_part = known->epoch == *asked.last_epoch && asked.from <= known->end;
  if (is_part) return std::nullopt;
  return FetchDiverged{epoch, known->epoch, known->end};
}

void LeaderLog::fetch(const FetchAsked& asked, Instant now, Effects& effects) {
  const bool is_follower = asked.node != self_ && std::find(replicas_.begin(), replicas_.end(),
                                                            asked.node) != replicas_.end();
  const bool is_current = asked.epoch == leadership().epoch;
  if (!is_follower || !is_current) {
    return effects.push_back(AnswerFetch{asked.ticket, FetchRefused{}});
  }
  // Its newer request tells that it does not wait for the older one's answer any more.
  if (const auto older = parked_.find(asked.node); older != parked_.end()) {
    effects.push_back(AnswerFetch{older->second.ticket, FetchRefused{}});
    parked_.erase(older);
  }
  if (auto parted = why_parted(asked)) {
    return effects.push_back(AnswerFetch{asked.ticket, std::move(*parted)});
  }
  in_sync_.fetched(asked.node, asked.incarnation, asked.from, now);
  settle(now, effects);
  parked_[asked.node] = {asked.ticket, asked.from, asked.bytes_max, now + rules_.fetch_wait_max};
  feed_followers(effects);
}

void LeaderLog::answer_empty(NodeId node, Effects& effects) {
  const auto parked = parked_.extract(node);
  if (parked.empty()) return;
  const Parked& one = parked.mapped();
  effects.push_back(AnswerFetch{one.ticket, FetchedRows{leadership().epoch,
                                                        log_.high_watermark,
                                                        log_.start,
                                                        log_.epochs.between(one.from, one.from),
                                                        {}}});
}

void LeaderLog::feed_followers(Effects& effects) {
  for (auto one = parked_.begin(); one != parked_.end();) {
    const Parked parked = one->second;
    if (parked.from >= log_.end) {
      ++one;
      continue;
    }
    one = parked_.erase(one);
    const std::size_t bytes_max = std::min(parked.bytes_max, rules_.fetch_bytes_max);
    Buffer rows = at_hand_.from(parked.from, log_.end, bytes_max);
    if (rows.empty()) {
      effects.push_back(ReadForFollower{parked.ticket, parked.from, log_.end, bytes_max});
      continue;
    }
    effects.push_back(AnswerFetch{parked.ticket, rows_for(parked.from, std::move(rows))});
  }
}

FetchedRows LeaderLog::rows_for(Offset from, Buffer batches) const {
  return {leadership().epoch, log_.high_watermark, log_.start, log_.epochs.between(from, log_.end),
          std::move(batches)};
}

void LeaderLog::assigned(const Assigned& assigned, Instant now, Effects& effects) {
  proposed_at_.reset();
  refused_ = false;
  in_sync_.committed(leadership_of(assigned));
  if (!in_sync_.is_sufficient()) refuse_unconfirmed(effects);
  settle(now, effects);
}

void LeaderLog::propose(Instant now, Effects& effects) {
  auto proposal = in_sync_.propose(now);
  if (!proposal) return;
  proposed_at_ = now;
  effects.push_back(ProposeInSync{std::move(*proposal)});
}

void LeaderLog::tick(Instant now, Effects& effects) {
  const bool is_lost = proposed_at_ && now - *proposed_at_ > proposal_wait_max;
  if (std::exchange(refused_, false) || is_lost) {
    proposed_at_.reset();
    in_sync_.not_committed();
  }
  settle(now, effects);
  std::vector<NodeId> tired;
  for (const auto& [node, parked] : parked_) {
    if (now >= parked.until) tired.push_back(node);
  }
  for (const NodeId node : tired) answer_empty(node, effects);
  // It may be writing what it got, and ask in a moment; or it has started anew, and rests.
  for (const NodeId node : replicas_) {
    if (node == self_ || parked_.contains(node)) continue;
    effects.push_back(WakeFollower{node, leadership().epoch});
  }
}

void LeaderLog::end(const Error& reason, Effects& effects) {
  ended_ = true;
  const Error why{Errc::not_leader, reason.message};
  for (const Write& write : writes_) fail(write, why, effects);
  for (const auto& [last, request] : std::exchange(unconfirmed_, {})) {
    effects.push_back(Fail{request.ticket, why});
  }
  for (const auto& [from, waiter] : std::exchange(waiting_, {})) {
    effects.push_back(Fail{waiter.ticket, why});
  }
  waiting_by_ticket_.clear();
  for (const auto& [node, parked] : std::exchange(parked_, {})) {
    effects.push_back(AnswerFetch{parked.ticket, FetchRefused{}});
  }
  at_hand_.clear();
}

EpochMillis LeaderLog::writers_older_than() const {
  return before(max_timestamp_, rules_.writer_expiration);
}

void LeaderLog::forget_writers() {
  log_.writers.forget_before(writers_older_than());
  stamped_.forget_before(writers_older_than());
}

}  // namespace millrace::replica
