#include "actors/coordinator/office_machine.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/planted_bug.hpp"

namespace millrace::coordinator {
namespace {

using protocol::ErrorCode;
using protocol::ProtocolError;

ProtocolError not_in_office() {
  return {ErrorCode::not_coordinator_leader_exception, "this node's coordinator is not in office"};
}

}  // namespace

OfficeMachine::OfficeMachine(Options options, NodeId self, Incarnation incarnation)
    : options_(std::move(options)), self_(self), incarnation_(incarnation) {}

std::vector<OfficeEffect> OfficeMachine::step(Instant now, const OfficeEvent& event) {
  now_ = now;
  if (!started_at_) started_at_ = now;
  Effects effects;
  std::visit([&](const auto& one) { apply(one, effects); }, event);
  return effects;
}

std::size_t OfficeMachine::waiting_commands() const {
  return asked_.size() + confirming_.size() + (holder_ ? holder_->waiting_commands() : 0);
}

void OfficeMachine::pass(const Event& event, Effects& effects) {
  for (Effect& effect : holder_->step(now_, event)) {
    std::visit([&](auto& one) { effects.emplace_back(std::move(one)); }, effect);
  }
}

// What the store still owes to a coordinator that has left office comes to nobody.

void OfficeMachine::apply(const Loaded& event, Effects& effects) {
  if (!holder_) return;
  if (is_own(event.catalog.office())) return pass(event, effects);
  revision_ = event.revision;
  catalog_ = event.catalog;
  leave(effects);
}

void OfficeMachine::apply(const LoadFailed& event, Effects& effects) {
  if (holder_) pass(event, effects);
}

void OfficeMachine::apply(const Committed& event, Effects& effects) {
  if (holder_) return pass(event, effects);
  if (state_ != State::taking) return;
  CHECK(event.revision == Revision{revision_.value() + 1});
  revision_ = event.revision;
  catalog_.apply(*own_);
  enter(effects);
}

void OfficeMachine::apply(const CommitFailed& event, Effects& effects) {
  if (holder_) return pass(event, effects);
  if (state_ != State::taking) return;
  // What the store holds is read before anything else. On a later tick: it may keep failing.
  state_ = State::standby;
}

void OfficeMachine::apply(const Asked& event, Effects& effects) {
  if (!holder_) return effects.emplace_back(Answer{event.ticket, not_in_office()}), void();
  if (asked_.size() + confirming_.size() >= options_.coordinator.commands_max) {
    effects.emplace_back(Answer{
        event.ticket, ProtocolError{ErrorCode::request_time_out, "too many commands are waiting"}});
    return;
  }
  asked_.push_back(event);
  confirm(effects);
}

void OfficeMachine::apply(const NodeReported& event, Effects& effects) {
  const NodeId node = event.member.node;
  Heard& heard = heard_[node];
  if (event.member.incarnation < heard.report.member.incarnation) return;
  heard = {event, now_, false};
  if (!holder_) return;
  pass(event, effects);
  if (event.members_version >> 32 > own_->epoch.value()) {
    is_doubted_ = true;
    confirm(effects);
  }
}

void OfficeMachine::apply(const NodeLost& event, Effects& effects) {
  const auto heard = heard_.find(event.node);
  if (heard != heard_.end() && !heard->second.is_lost) {
    heard->second.at = now_;
    heard->second.is_lost = true;
  }
  if (holder_) pass(event, effects);
}

void OfficeMachine::apply(const Tick& event, Effects& effects) {
  if (holder_) return pass(event, effects);
  campaign(effects);
}

void OfficeMachine::apply(const Followed& event, Effects& effects) {
  if (holder_) {
    const auto& office = event.catalog.office();
    if (!office || office->epoch <= own_->epoch) return;
  } else if (state_ != State::standby || event.revision <= revision_) {
    return;
  }
  revision_ = event.revision;
  catalog_ = event.catalog;
  if (holder_) leave(effects);
}

void OfficeMachine::apply(const NewsRead& event, Effects& effects) {
  if (holder_) return confirmed(event, effects);
  if (state_ != State::reading || !(event.image || event.base == revision_)) return;
  state_ = State::standby;
  learn(event);
  if (own_ && is_own(catalog_.office())) return enter(effects);
  own_.reset();
  if (now_ >= due_at()) return take(effects);
  effects.emplace_back(CloseStore{});
}

void OfficeMachine::learn(const NewsRead& news) {
  if (news.image) {
    catalog_ = *news.image;
  } else {
    for (const CatalogDelta& delta : news.deltas) catalog_.apply(delta);
  }
  revision_ = news.revision;
}

void OfficeMachine::apply(const NewsFailed& event, Effects& effects) {
  if (holder_) {
    is_confirming_ = false;
    for (const Asked& asked : std::exchange(confirming_, {})) {
      effects.emplace_back(Answer{
          asked.ticket,
          ProtocolError{ErrorCode::request_time_out, "metadata store: " + event.error.message}});
    }
    return confirm(effects);
  }
  if (state_ != State::reading) return;
  state_ = State::standby;
  not_before_ = now_ + options_.again_after;
}

void OfficeMachine::confirm(Effects& effects) {
  if (is_confirming_ || (asked_.empty() && !is_doubted_)) return;
  is_confirming_ = true;
  is_doubted_ = false;
  confirming_ = std::exchange(asked_, {});
  effects.emplace_back(ReadNews{holder_->revision()});
}

void OfficeMachine::confirmed(const NewsRead& news, Effects& effects) {
  is_confirming_ = false;
  std::optional<OfficeTaken> found = own_;
  if (news.image) found = news.image->office();
  for (const CatalogDelta& delta : news.deltas) {
    if (const auto* taken = std::get_if<OfficeTaken>(&delta)) found = *taken;
  }
  if (!is_own(found)) {
    // Where it left off is the base of the news, unless it has gone on since.
    catalog_ = holder_->catalog();
    revision_ = holder_->revision();
    if (news.image || news.base == revision_) learn(news);
    return leave(effects);
  }
  for (const Asked& asked : std::exchange(confirming_, {})) pass(asked, effects);
  confirm(effects);
}

void OfficeMachine::campaign(Effects& effects) {
  if (state_ != State::standby || now_ < not_before_) return;
  // An attempt of unknown outcome must be known before anything else.
  if (!own_ && now_ < due_at()) return;
  state_ = State::reading;
  effects.emplace_back(ReadNews{revision_});
}

void OfficeMachine::take(Effects& effects) {
  const auto& before = catalog_.office();
  own_ =
      OfficeTaken{self_, incarnation_, CoordinatorEpoch{(before ? before->epoch.value() : 0) + 1}};
  if (is_planted(PlantedBug::take_office_without_commit)) return enter(effects);
  state_ = State::taking;
  effects.emplace_back(Commit{revision_, *own_});
}

void OfficeMachine::enter(Effects& effects) {
  state_ = State::in_office;
  effects.emplace_back(OfficeChanged{true, *own_});
  holder_.emplace(options_.coordinator, static_cast<std::uint32_t>(own_->epoch.value()));
  pass(Loaded{revision_, catalog_}, effects);
  // It knows at once who is there, and who was.
  for (const auto& [node, heard] : heard_) {
    pass(heard.report, effects);
    if (!is_alive(node)) pass(NodeLost{node}, effects);
  }
}

void OfficeMachine::leave(Effects& effects) {
  for (Effect& effect : holder_->leave()) {
    std::visit([&](auto& one) { effects.emplace_back(std::move(one)); }, effect);
  }
  for (const Asked& asked : std::exchange(confirming_, {})) {
    effects.emplace_back(Answer{asked.ticket, not_in_office()});
  }
  for (const Asked& asked : std::exchange(asked_, {})) {
    effects.emplace_back(Answer{asked.ticket, not_in_office()});
  }
  holder_.reset();
  own_.reset();
  is_confirming_ = false;
  is_doubted_ = false;
  state_ = State::standby;
  effects.emplace_back(OfficeChanged{false, catalog_.office().value_or(OfficeTaken{})});
  effects.emplace_back(CloseStore{});
}

Instant OfficeMachine::due_at() const {
  const auto& office = catalog_.office();
  if (!office || !options_.candidates.contains(office->node)) {
    const auto before = std::distance(options_.candidates.begin(), options_.candidates.find(self_));
    return *started_at_ + options_.stagger * before;
  }
  if (office->node == self_) return now_;
  if (is_alive(office->node)) return Instant::max();
  const Duration patience = is_alone() ? options_.alone_patience : options_.patience;
  return lost_since(office->node) + patience + options_.stagger * rank();
}

bool OfficeMachine::is_alive(NodeId node) const {
  const auto heard = heard_.find(node);
  return heard != heard_.end() && !heard->second.is_lost &&
         now_ - heard->second.at <= options_.silence_max;
}

bool OfficeMachine::is_alone() const {
  const auto heard =
      std::count_if(options_.candidates.begin(), options_.candidates.end(),
                    [&](NodeId candidate) { return candidate == self_ || is_alive(candidate); });
  return 2 * static_cast<std::size_t>(heard) < options_.candidates.size();
}

Instant OfficeMachine::lost_since(NodeId node) const {
  const auto heard = heard_.find(node);
  if (heard == heard_.end()) return *started_at_;
  return heard->second.is_lost ? heard->second.at : heard->second.at + options_.silence_max;
}

int OfficeMachine::rank() const {
  return static_cast<int>(std::count_if(
      options_.candidates.begin(), options_.candidates.find(self_), [&](NodeId candidate) {
        return candidate != catalog_.office()->node && is_alive(candidate);
      }));
}

}  // namespace millrace::coordinator
