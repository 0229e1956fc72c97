#include "runtime/supervision/supervisor_machine.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {
namespace {

/// How long a child waits that has failed so often in a row.
Duration back_off(std::size_t failures) {
  if (failures <= 1) return Duration::zero();
  const std::size_t doublings = std::min<std::size_t>(failures - 2, 16);
  return std::min(ChildBackOff::first * (1 << doublings), Duration(ChildBackOff::longest));
}

}  // namespace

SupervisorMachine::SupervisorMachine(RestartStrategy strategy, RestartIntensity intensity)
    : strategy_(strategy), intensity_(intensity) {}

std::size_t SupervisorMachine::index_of(const std::string& name) const {
  const auto found = std::find_if(children_.begin(), children_.end(), [&](const Child& child) {
    return child.description.name == name;
  });
  return static_cast<std::size_t>(found - children_.begin());
}

std::size_t SupervisorMachine::restart_budget_left(Instant now) const {
  const auto recent = std::count_if(failures_.begin(), failures_.end(),
                                    [&](Instant at) { return now - at <= intensity_.within; });
  return intensity_.restarts_max -
         std::min(intensity_.restarts_max, static_cast<std::size_t>(recent));
}

std::vector<SupervisionEffect> SupervisorMachine::step(Instant now, const SupervisionEvent& event) {
  Effects effects;
  if (const auto* added = std::get_if<ChildAdded>(&event)) apply(*added, effects);
  if (const auto* removed = std::get_if<ChildRemoved>(&event)) apply(*removed, effects);
  if (const auto* exited = std::get_if<ChildExited>(&event)) apply(now, *exited, effects);
  if (const auto* due = std::get_if<ChildDue>(&event)) apply(*due);
  if (std::holds_alternative<SupervisorStopping>(event)) ending_ = true;
  proceed(now, effects);
  return effects;
}

void SupervisorMachine::apply(const ChildAdded& event, Effects& /*effects*/) {
  if (ending_) return;
  const std::size_t index = index_of(event.child.name);
  if (index == children_.size()) {
    children_.push_back({event.child});
    return;
  }
  // Asked back while it is being removed: it starts again once it has ended.
  if (children_[index].wish == Wish::remove) {
    children_[index].description = event.child;
    children_[index].wish = Wish::restart;
  }
}

void SupervisorMachine::apply(const ChildRemoved& event, Effects& /*effects*/) {
  const std::size_t index = index_of(event.name);
  if (index < children_.size()) children_[index].wish = Wish::remove;
}

void SupervisorMachine::apply(Instant now, const ChildExited& event, Effects& effects) {
  const std::size_t index = index_of(event.name);
  if (index == children_.size()) return;
  Child& child = children_[index];
  const bool on_request = child.state == State::stopping;
  child.state = State::stopped;
  if (on_request || ending_ || child.wish != Wish::run) return;

  const RestartPolicy policy = child.description.policy;
  const bool restarts =
      policy == RestartPolicy::permanent || (policy == RestartPolicy::transient && event.failed);
  if (!restarts) {
    child.wish = Wish::remove;
    return;
  }
  // A permanent child that ends without a failure still counts: it might do so in a loop.
  while (!failures_.empty() && now - failures_.front() > intensity_.within) failures_.pop_front();
  failures_.push_back(now);
  if (failures_.size() > intensity_.restarts_max) {
    ending_ = true;
    effects.push_back(Escalate{event.name + ": " + event.reason});
    return;
  }
  if (now - child.started_at >= ChildBackOff::calm_after) child.failures_in_row = 0;
  child.delay = back_off(++child.failures_in_row);
  mark_affected(index);
}

void SupervisorMachine::apply(const ChildDue& event) {
  const std::size_t index = index_of(event.name);
  if (index == children_.size() || children_[index].state != State::waiting) return;
  children_[index].state = State::stopped;
  children_[index].delay = Duration::zero();
}

void SupervisorMachine::mark_affected(std::size_t failed) {
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const bool affected = i == failed || strategy_ == RestartStrategy::one_for_all ||
                          (strategy_ == RestartStrategy::rest_for_one && i > failed);
    if (!affected || children_[i].wish != Wish::run) continue;
    // Never means never: a temporary child that a sibling's failure stops is gone.
    const bool temporary = children_[i].description.policy == RestartPolicy::temporary;
    children_[i].wish = temporary ? Wish::remove : Wish::restart;
  }
}

void SupervisorMachine::proceed(Instant now, Effects& effects) {
  if (ended_) return;
  for (std::size_t i = children_.size(); i-- > 0;) {
    Child& child = children_[i];
    const bool must_stop = ending_ || child.wish != Wish::run;
    if (!must_stop || child.is_down()) continue;
    if (child.state == State::running) {
      // Orders before states: who finds no memory for one must still be able to end.
      effects.push_back(StopChild{child.description.name});
      child.state = State::stopping;
    }
    return;  // One at a time: its exit brings us back here.
  }
  for (const Child& child : children_) {
    if (child.wish == Wish::remove || ending_)
      effects.push_back(ForgetChild{child.description.name});
  }
  if (ending_) {
    effects.push_back(AllStopped{});
    children_.clear();
    ended_ = true;
    return;
  }
  std::erase_if(children_, [](const Child& child) { return child.wish == Wish::remove; });
  for (Child& child : children_) child.wish = Wish::run;
  start_down(now, effects);
}

void SupervisorMachine::start_down(Instant now, Effects& effects) {
  for (Child& child : children_) {
    if (child.state == State::stopped && child.delay > Duration::zero()) {
      child.state = State::waiting;
      effects.push_back(StartLater{child.description.name, child.delay});
    }
    if (child.state == State::stopped) {
      child.state = State::running;
      child.started_at = now;
      effects.push_back(StartChild{child.description.name});
    }
    // Where order matters, those behind a child that waits are started after it.
    if (child.state == State::waiting && strategy_ != RestartStrategy::one_for_one) return;
  }
}

}  // namespace millrace
