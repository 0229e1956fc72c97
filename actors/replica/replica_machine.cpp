#include "actors/replica/replica_machine.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/check.hpp"

namespace millrace::replica {
namespace {

EpochMillis before(EpochMillis now, Duration span) {
  return now - std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

/// The ticket of a question that only a leader can answer.
std::optional<Ticket> question(const Event& event) {
  return std::visit(
      [](const auto& one) -> std::optional<Ticket> {
        using One = std::decay_t<decltype(one)>;
        constexpr bool is_question =
            std::is_same_v<One, AppendAsked> || std::is_same_v<One, ReadAsked> ||
            std::is_same_v<One, AwaitAsked> || std::is_same_v<One, EarliestAsked> ||
            std::is_same_v<One, LatestAsked> || std::is_same_v<One, TimestampAsked> ||
            std::is_same_v<One, FetchAsked>;
        if constexpr (is_question) return one.ticket;
        return std::nullopt;
      },
      event);
}

Effect refusal(const Event& event, Ticket ticket, const Error& why) {
  if (std::holds_alternative<FetchAsked>(event)) return AnswerFetch{ticket, FetchRefused{}};
  // There is no room even to note that it leads: that is what the client hears.
  if (why.code == Errc::overloaded) return Fail{ticket, why};
  // Whatever else the cause, for a client nobody leads this bucket here: it asks again.
  return Fail{ticket, {Errc::not_leader, why.message}};
}

}  // namespace

std::vector<Effect> ReplicaMachine::step(Instant now, const Event& event) {
  now_ = now;
  Effects effects;
  if (hold_or_refuse(event, effects)) return effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  return effects;
}

std::size_t ReplicaMachine::write_count() const {
  return leader_ ? leader_->write_count() + leader_->unconfirmed_count() : 0;
}

std::size_t ReplicaMachine::writer_count() const {
  return leader_ ? leader_->writer_count() : log_.writers.writer_count();
}

std::optional<FetchedRows> ReplicaMachine::rows_for(Offset from, Buffer batches) const {
  if (!leads()) return std::nullopt;
  return leader_->rows_for(from, std::move(batches));
}

// ---- Questions ----------------------------------------------------------------------------------

bool ReplicaMachine::hold_or_refuse(const Event& event, Effects& effects) {
  const auto ticket = question(event);
  if (!ticket || leads()) return false;
  const bool is_mine = !assigned_ || assigned_->leader == self_;
  const bool may_wait = is_mine && phase_ != Phase::closed && held_.size() < held_max;
  if (!may_wait) {
    effects.push_back(refusal(event, *ticket, why_not_));
    return true;
  }
  if (assigned_) open_first(effects);
  held_.push_back(event);
  // There was no room to begin; by now there may be.
  const bool is_idle = !leader_ && !follower_ && !beginning_ && !is_ending_;
  if (phase_ == Phase::open && is_idle) begin_role(effects);
  return true;
}

void ReplicaMachine::release_held(Effects& effects) {
  for (const Event& event : std::exchange(held_, {})) {
    std::visit([&](const auto& one) { apply(one, effects); }, event);
  }
}

void ReplicaMachine::refuse_held(Effects& effects) {
  for (const Event& event : std::exchange(held_, {})) {
    effects.push_back(refusal(event, *question(event), why_not_));
  }
}

void ReplicaMachine::apply(const AppendAsked& event, Effects& effects) {
  leader_->append(event, effects);
}

void ReplicaMachine::apply(const ReadAsked& event, Effects& effects) {
  leader_->read(event, effects);
}

void ReplicaMachine::apply(const AwaitAsked& event, Effects& effects) {
  leader_->await(event, effects);
}

void ReplicaMachine::apply(const AwaitExpired& event, Effects& effects) {
  if (leader_) leader_->expire_await(event.ticket, effects);
}

void ReplicaMachine::apply(const EarliestAsked& event, Effects& effects) {
  effects.push_back(AnswerOffset{event.ticket, log_.start});
}

void ReplicaMachine::apply(const LatestAsked& event, Effects& effects) {
  leader_->latest(event.ticket, effects);
}

void ReplicaMachine::apply(const TimestampAsked& event, Effects& effects) {
  leader_->find(event, effects);
}

void ReplicaMachine::apply(const FetchAsked& event, Effects& effects) {
  leader_->fetch(event, now_, effects);
}

// ---- The log ------------------------------------------------------------------------------------

void ReplicaMachine::open_first(Effects& effects) {
  if (phase_ != Phase::resting) return;
  phase_ = Phase::opening;
  effects.push_back(OpenNow{});
}

void ReplicaMachine::apply(const OpenDue& /*event*/, Effects& effects) { open_first(effects); }

void ReplicaMachine::apply(const Opened& event, Effects& effects) {
  CHECK(!leader_ || leader_->write_count() == 0);
  phase_ = Phase::open;
  expiring_ = false;
  log_.start = event.start;
  log_.end = event.end;
  log_.high_watermark = std::clamp(log_.high_watermark, log_.start, log_.end);
  log_.max_timestamp = event.max_timestamp;
  log_.epochs = event.epochs;
  log_.writers = WriterTable{};
  for (const BatchSummary& batch : event.recent) log_.writers.add(batch);
  log_.writers.forget_before(before(log_.max_timestamp, rules_.writer_expiration));
  if (follower_ && !is_ending_) return follower_->reopened(now_, effects);
  drained(effects);
}

void ReplicaMachine::close(const Error& why, Effects& effects) {
  phase_ = Phase::closed;
  why_not_ = why;
  if (leader_) leader_->end(why_not_, effects);
  leader_.reset();
  follower_.reset();
  is_ending_ = false;
  begun_.reset();
  refuse_held(effects);
  effects.push_back(OpenLater{});
  const bool is_needed = assigned_ && assigned_->leader == self_ && assigned_->in_sync.size() > 1;
  if (!is_needed) return;
  // Somebody else has it all: better he than nobody.
  InSyncProposal resignation{assigned_->epoch, assigned_->version, {}, true};
  effects.push_back(ProposeInSync{std::move(resignation)});
}

void ReplicaMachine::apply(const OpenFailed& event, Effects& effects) {
  close(event.error, effects);
}

void ReplicaMachine::apply(const LogClosed& event, Effects& effects) {
  // Appends on their way fail as well, and the last of them has the log opened again.
  const bool is_busy =
      (leader_ && leader_->write_count() > 0) || (follower_ && follower_->is_busy()) || beginning_;
  if (phase_ != Phase::open || is_busy) return;
  close(event.error, effects);
}

void ReplicaMachine::apply(const Written& /*event*/, Effects& effects) {
  CHECK(leader_.has_value() || follower_.has_value());
  if (leader_) {
    leader_->written(now_, effects);
    if (is_ending_ && leader_->write_count() == 0) drained(effects);
  } else {
    follower_->written(now_, effects);
    if (is_ending_) drained(effects);
  }
}

void ReplicaMachine::apply(const WriteFailed& event, Effects& effects) {
  CHECK(leader_.has_value() || follower_.has_value());
  if (follower_) return close(event.error, effects);
  if (auto why = leader_->write_failed(event, effects)) return close(*why, effects);
  if (is_ending_ && leader_->write_count() == 0) drained(effects);
}

void ReplicaMachine::apply(const RetentionDue& event, Effects& effects) {
  if (phase_ != Phase::open || expiring_) return;
  if (!event.time_to_live || *event.time_to_live <= Duration::zero()) return;
  if (log_.start == log_.high_watermark) return;  // A resting log need not be opened for that.
  expiring_ = true;
  effects.push_back(
      ExpireLog{{.older_than = before(event.wall_clock, *event.time_to_live),
                 .limit = log_.high_watermark,
                 .roll_active = event.roll_active,
                 .writers_older_than = before(log_.max_timestamp, rules_.writer_expiration)}});
}

void ReplicaMachine::apply(const Expired& event, Effects& /*effects*/) {
  expiring_ = false;
  CHECK(event.start >= log_.start);
  log_.start = event.start;
  log_.epochs.forget_below(log_.start);
}

void ReplicaMachine::apply(const ExpiryFailed& /*event*/, Effects& /*effects*/) {
  expiring_ = false;  // The next check tries again.
}

void ReplicaMachine::apply(const WriterExpiryDue& /*event*/, Effects& /*effects*/) {
  if (leader_) return leader_->forget_writers();
  log_.writers.forget_before(before(log_.max_timestamp, rules_.writer_expiration));
}

// ---- Leading and following ----------------------------------------------------------------------

void ReplicaMachine::apply(const Assigned& event, Effects& effects) {
  const bool is_old =
      assigned_ && (event.epoch < assigned_->epoch ||
                    (event.epoch == assigned_->epoch && event.version <= assigned_->version));
  if (is_old) return;
  const bool is_same_role =
      assigned_ && event.epoch == assigned_->epoch && event.leader == assigned_->leader;
  assigned_ = event;
  if (event.leader != self_ && !event.in_sync.contains(self_)) open_first(effects);
  if (is_same_role) {
    if (leads()) leader_->assigned(event, now_, effects);
    return;
  }
  end_role(effects);
  if (phase_ == Phase::open && !is_ending_ && !beginning_) begin_role(effects);
  if (!held_.empty() && event.leader == self_) open_first(effects);
}

void ReplicaMachine::end_role(Effects& effects) {
  why_not_ = {Errc::not_leader, "another replica leads the bucket"};
  if (leader_ && !is_ending_) leader_->end(why_not_, effects);
  if (assigned_->leader != self_) refuse_held(effects);
  const bool is_busy =
      (leader_ && leader_->write_count() > 0) || (follower_ && follower_->is_busy());
  is_ending_ = is_busy;
  if (is_busy) return;
  leader_.reset();
  follower_.reset();
}

void ReplicaMachine::drained(Effects& effects) {
  is_ending_ = false;
  leader_.reset();
  follower_.reset();
  begin_role(effects);
}

void ReplicaMachine::begin_role(Effects& effects) {
  CHECK(phase_ == Phase::open && !leader_ && !follower_ && !beginning_);
  if (!assigned_ || assigned_->leader == no_node) return;
  if (assigned_->leader != self_) {
    follower_.emplace(log_, *assigned_, rules_, now_, effects);
    return;
  }
  const auto last = log_.epochs.last();
  const bool is_void = (last && *last > assigned_->epoch) || !assigned_->in_sync.contains(self_);
  if (is_void) return;  // Of the past: what is newer is on its way.
  if (last == assigned_->epoch) return lead(effects);
  beginning_ = assigned_->epoch;
  effects.push_back(BeginEpoch{assigned_->epoch});
}

void ReplicaMachine::lead(Effects& effects) {
  const bool is_fresh = std::exchange(begun_, std::nullopt) == assigned_->epoch;
  leader_.emplace(log_, self_, *assigned_, rules_, is_fresh, now_, effects);
  release_held(effects);
}

void ReplicaMachine::apply(const EpochBegun& /*event*/, Effects& effects) {
  CHECK(beginning_.has_value());
  begun_ = *std::exchange(beginning_, std::nullopt);
  log_.epochs.begin({*begun_, log_.end});
  begin_role(effects);
}

void ReplicaMachine::apply(const EpochFailed& event, Effects& effects) {
  beginning_.reset();
  if (event.error.code != Errc::overloaded) return close(event.error, effects);
  why_not_ = event.error;
  refuse_held(effects);
}

void ReplicaMachine::apply(const Fetched& event, Effects& effects) {
  if (follower_ && !is_ending_) follower_->fetched(event, now_, effects);
}

void ReplicaMachine::apply(const LeaderWaits& event, Effects& effects) {
  if (!assigned_ || assigned_->leader == self_ || assigned_->epoch != event.epoch) return;
  open_first(effects);
  if (follower_ && !is_ending_) follower_->ask_again(now_, effects);
}

void ReplicaMachine::apply(const PeerReturned& event, Effects& effects) {
  if (follower_ && !is_ending_ && follower_->leader() == event.node) {
    follower_->ask_again(now_, effects);
  }
}

void ReplicaMachine::apply(const ProposalRefused& /*event*/, Effects& /*effects*/) {
  if (leads()) leader_->proposal_refused();
}

void ReplicaMachine::apply(const TickDue& /*event*/, Effects& effects) {
  if (leads()) return leader_->tick(now_, effects);
  if (follower_ && !is_ending_) follower_->tick(now_, effects);
}

}  // namespace millrace::replica
