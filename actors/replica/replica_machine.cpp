#include "actors/replica/replica_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/planted_bug.hpp"

namespace millrace::replica {
namespace {

using protocol::ErrorCode;
using protocol::LogBatchHeader;

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

}  // namespace

std::vector<Effect> ReplicaMachine::step(const Event& event) {
  Effects effects;
  if (hold(event, effects)) return effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  return effects;
}

bool ReplicaMachine::hold(const Event& event, Effects& effects) {
  const bool is_news =
      std::holds_alternative<Opened>(event) || std::holds_alternative<OpenFailed>(event) ||
      std::holds_alternative<AwaitExpired>(event) || std::holds_alternative<RetentionDue>(event) ||
      std::holds_alternative<WriterExpiryDue>(event) || std::holds_alternative<LogClosed>(event) ||
      std::holds_alternative<OpenDue>(event);
  if (!opening_ || is_news || held_.size() >= held_max) return false;
  open_first(effects);
  held_.push_back(event);
  return true;
}

void ReplicaMachine::open_first(Effects& effects) {
  if (std::exchange(resting_, false)) effects.push_back(OpenNow{});
}

void ReplicaMachine::apply(const OpenDue& /*event*/, Effects& effects) { open_first(effects); }

void ReplicaMachine::release_held(Effects& effects) {
  opening_ = false;
  for (const Event& event : std::exchange(held_, {})) {
    std::visit([&](const auto& one) { apply(one, effects); }, event);
  }
}

bool ReplicaMachine::refused_while_closed(Ticket ticket, Effects& effects) const {
  if (open_) return false;
  // Whatever the cause, for a client nobody leads this bucket now: it asks again.
  effects.push_back(Fail{ticket, {Errc::not_leader, why_closed_.message}});
  return true;
}

void ReplicaMachine::apply(const Opened& event, Effects& effects) {
  CHECK(writes_.empty());
  open_ = true;
  resting_ = false;
  start_ = event.start;
  written_ = next_ = event.end;
  max_timestamp_ = event.max_timestamp;
  expiring_ = false;
  durable_ = WriterTable{};
  for (const BatchSummary& batch : event.recent) durable_.add(batch);
  durable_.forget_before(writers_older_than(event.wall_clock));
  stamped_ = durable_;
  wake(effects);
  release_held(effects);
}

void ReplicaMachine::apply(const OpenFailed& event, Effects& effects) {
  open_ = false;
  why_closed_ = event.error;
  release_held(effects);
  effects.push_back(OpenLater{});
}

void ReplicaMachine::apply(const LogClosed& event, Effects& effects) {
  // Appends on their way fail as well, and the last of them has the log opened again.
  if (!open_ || !writes_.empty()) return;
  open_ = false;
  why_closed_ = event.error;
  effects.push_back(OpenLater{});
}

void ReplicaMachine::apply(const AppendAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  if (discarding_) return effects.push_back(Fail{event.ticket, why_discarding_});
  if (writes_.size() >= writes_max) {
    return effects.push_back(Fail{event.ticket, {Errc::overloaded, "too many appends in flight"}});
  }
  auto headers = headers_of(event.batches);
  if (!headers) return effects.push_back(Fail{event.ticket, headers.error()});
  if (headers->empty()) {
    return effects.push_back(Fail{event.ticket, {Errc::malformed, "append without a batch"}});
  }
  const BatchVerdict verdict = check_writers(*headers);
  if (const auto* duplicate = std::get_if<BatchIsDuplicate>(&verdict)) {
    return answer_duplicate(event.ticket, duplicate->original, effects);
  }
  if (const auto* gap = std::get_if<BatchIsOutOfOrder>(&verdict)) {
    return effects.push_back(
        Refuse{event.ticket,
               {ErrorCode::out_of_order_sequence_exception,
                fmt::format("batch sequence out of order: expected {}", gap->expected)}});
  }
  order_write(event, *headers, effects);
}

BatchVerdict ReplicaMachine::check_writers(const std::vector<LogBatchHeader>& headers) const {
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

void ReplicaMachine::order_write(const AppendAsked& asked,
                                 const std::vector<LogBatchHeader>& headers, Effects& effects) {
  // One timestamp for all batches of a request; it never goes back within a bucket.
  const EpochMillis timestamp = std::max(max_timestamp_, asked.wall_clock);
  WriteBatches order{{}, asked.durable};
  Write write{asked.ticket, {}, {}, {}};
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
    effects.push_back(AnswerAppended{write.ticket, write.batches.front().base, next_});
  }
  writes_.push_back(std::move(write));
  effects.push_back(std::move(order));
}

void ReplicaMachine::answer_duplicate(Ticket ticket, const BatchSummary& original,
                                      Effects& effects) {
  if (original.last < written_) {
    return effects.push_back(AnswerAppended{ticket, original.base, written_});
  }
  // Not written yet: it must not be acknowledged before the original is.
  for (Write& write : writes_) {
    if (write.batches.back().last < original.last) continue;
    write.duplicates.push_back({ticket, original.base});
    return;
  }
  CHECK(false);
}

void ReplicaMachine::apply(const Written& /*event*/, Effects& effects) {
  CHECK(!writes_.empty());
  const Write write = std::move(writes_.front());
  writes_.pop_front();
  for (const BatchSummary& batch : write.batches) durable_.add(batch);
  written_ = write.batches.back().last + 1;
  effects.push_back(AnswerAppended{write.ticket, write.batches.front().base, written_});
  for (const Duplicate& duplicate : write.duplicates) {
    effects.push_back(AnswerAppended{duplicate.ticket, duplicate.base, written_});
  }
  wake(effects, &write);
}

void ReplicaMachine::apply(const WriteFailed& event, Effects& effects) {
  CHECK(!writes_.empty());
  const Write write = std::move(writes_.front());
  writes_.pop_front();
  // The first failure is the cause; those behind it only did not fit any more.
  if (!discarding_) why_discarding_ = event.error;
  discarding_ = !writes_.empty();
  effects.push_back(Fail{write.ticket, why_discarding_});
  for (const Duplicate& duplicate : write.duplicates) {
    effects.push_back(Fail{duplicate.ticket, why_discarding_});
  }
  if (discarding_) return;
  next_ = written_;
  stamped_ = durable_;
  // A full disk refuses and stays usable. Anything else, or a log that is not where we thought it
  // was, is opened anew, and what is on the disk decides.
  if (why_discarding_.code == Errc::overloaded && event.end == written_) return;
  open_ = false;
  why_closed_ = why_discarding_;
  effects.push_back(OpenLater{});
}

void ReplicaMachine::apply(const ReadAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  const Offset from = event.from == earliest_offset ? start_ : event.from;
  if (from < start_ || from > written_) {
    return effects.push_back(Refuse{
        event.ticket,
        {ErrorCode::log_offset_out_of_range_exception,
         fmt::format("offset out of range: {} is not in [{}, {}]", from, start_, written_)}});
  }
  if (from == written_ || event.bytes_max == 0) {
    return effects.push_back(AnswerNoData{event.ticket, from});
  }
  effects.push_back(ReadLog{event.ticket, from, written_, event.bytes_max});
}

void ReplicaMachine::apply(const AwaitAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  if (event.from < written_ || waiting_.size() >= waiting_max) {
    return effects.push_back(AnswerAdvanced{event.ticket});
  }
  waiting_.emplace(event.from, Waiter{event.ticket, event.bytes_max});
  waiting_by_ticket_.emplace(event.ticket, event.from);
}

void ReplicaMachine::apply(const AwaitExpired& event, Effects& effects) {
  const auto found = waiting_by_ticket_.find(event.ticket);
  if (found == waiting_by_ticket_.end()) return;
  const auto [first, last] = waiting_.equal_range(found->second);
  const auto entry =
      std::find_if(first, last, [&](const auto& one) { return one.second.ticket == event.ticket; });
  waiting_.erase(entry);
  waiting_by_ticket_.erase(found);
  effects.push_back(AnswerAdvanced{event.ticket});
}

void ReplicaMachine::wake(Effects& effects, const Write* last) {
  const Offset first = last == nullptr ? written_ : last->batches.front().base;
  const std::size_t size = last == nullptr ? 0 : protocol::sum_of(last->pieces);
  Buffer rows;  // Put together once, for all who wait for it.
  const auto beyond = waiting_.lower_bound(written_);
  for (auto waiter = waiting_.begin(); waiter != beyond; ++waiter) {
    const auto [ticket, bytes_max] = waiter->second;
    waiting_by_ticket_.erase(ticket);
    if (waiter->first != first || size > bytes_max) {
      effects.push_back(AnswerAdvanced{ticket});
      continue;
    }
    if (rows.empty()) rows = Buffer::joined(last->pieces);
    effects.push_back(AnswerWritten{ticket, first, rows});
  }
  waiting_.erase(waiting_.begin(), beyond);
}

void ReplicaMachine::apply(const RetentionDue& event, Effects& effects) {
  if (!open_ || expiring_) return;
  if (!event.time_to_live || *event.time_to_live <= Duration::zero()) return;
  if (start_ == written_) return;  // A resting log need not be opened for that.
  expiring_ = true;
  effects.push_back(ExpireLog{{.older_than = before(event.wall_clock, *event.time_to_live),
                               .limit = written_,
                               .roll_active = event.roll_active,
                               .writers_older_than = writers_older_than(event.wall_clock)}});
}

void ReplicaMachine::apply(const Expired& event, Effects& /*effects*/) {
  expiring_ = false;
  CHECK(event.start >= start_);
  start_ = event.start;
}

void ReplicaMachine::apply(const ExpiryFailed& /*event*/, Effects& /*effects*/) {
  expiring_ = false;  // The next check tries again.
}

void ReplicaMachine::apply(const WriterExpiryDue& event, Effects& /*effects*/) {
  const EpochMillis oldest = writers_older_than(event.wall_clock);
  durable_.forget_before(oldest);
  stamped_.forget_before(oldest);
}

EpochMillis ReplicaMachine::writers_older_than(EpochMillis wall_clock) const {
  return before(wall_clock, writer_expiration_);
}

void ReplicaMachine::apply(const EarliestAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  effects.push_back(AnswerOffset{event.ticket, start_});
}

void ReplicaMachine::apply(const LatestAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  effects.push_back(AnswerOffset{event.ticket, written_});
}

void ReplicaMachine::apply(const TimestampAsked& event, Effects& effects) {
  if (refused_while_closed(event.ticket, effects)) return;
  if (event.timestamp > event.wall_clock) {
    return effects.push_back(Refuse{event.ticket,
                                    {ErrorCode::invalid_timestamp_exception,
                                     fmt::format("timestamp lies in the future: {} after {}",
                                                 event.timestamp, event.wall_clock)}});
  }
  if (event.timestamp > max_timestamp_) {
    return effects.push_back(AnswerOffset{event.ticket, written_});
  }
  effects.push_back(FindTimestamp{event.ticket, event.timestamp});
}

}  // namespace millrace::replica
