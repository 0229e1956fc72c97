#include "apps/agent/restart_policy.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {

NodeRestartPolicy::NodeRestartPolicy(NodeRestartBackOff back_off)
    : back_off_(back_off), delay_(back_off.first) {
  CHECK(back_off.first <= back_off.longest);
}

std::vector<RestartEffect> NodeRestartPolicy::step(Instant now, const RestartEvent& event) {
  return std::visit([&](const auto& each) { return apply(now, each); }, event);
}

std::optional<Instant> NodeRestartPolicy::next_deadline() const {
  if (state_ == State::waiting || state_ == State::draining) return deadline_;
  return std::nullopt;
}

NodeRestartPolicy::Effects NodeRestartPolicy::start(Instant now) {
  state_ = State::running;
  started_at_ = now;
  return {StartNode{}};
}

NodeRestartPolicy::Effects NodeRestartPolicy::finish(bool is_clean) {
  state_ = State::finished;
  return {FinishSupervision{is_clean}};
}

NodeRestartPolicy::Effects NodeRestartPolicy::apply(Instant now, SupervisionBegan) {
  return state_ == State::idle ? start(now) : Effects{};
}

NodeRestartPolicy::Effects NodeRestartPolicy::apply(Instant now, NodeEnded ended) {
  switch (state_) {
    case State::running:
      if (ended.is_clean) return finish(true);
      if (now - started_at_ >= back_off_.reset_after) delay_ = back_off_.first;
      state_ = State::waiting;
      deadline_ = now + delay_;
      delay_ = std::min(delay_ * 2, back_off_.longest);
      return {};
    case State::draining:
    case State::killed:
      return finish(ended.is_clean);
    case State::idle:
    case State::waiting:
    case State::finished:
      return {};
  }
  return {};
}

NodeRestartPolicy::Effects NodeRestartPolicy::apply(Instant now, DrainRequested request) {
  switch (state_) {
    case State::running:
      state_ = State::draining;
      deadline_ = now + request.timeout;
      return {DrainNode{}};
    case State::draining:
      state_ = State::killed;
      return {KillNode{}};
    case State::idle:
    case State::waiting:
      return finish(true);  // Nothing runs, so nothing is lost by not starting it.
    case State::killed:
    case State::finished:
      return {};
  }
  return {};
}

NodeRestartPolicy::Effects NodeRestartPolicy::apply(Instant, EndRequested) {
  switch (state_) {
    case State::running:
    case State::draining:
      state_ = State::killed;
      return {KillNode{}};
    case State::idle:
    case State::waiting:
      return finish(true);
    case State::killed:
    case State::finished:
      return {};
  }
  return {};
}

NodeRestartPolicy::Effects NodeRestartPolicy::apply(Instant now, TimePassed) {
  if (!next_deadline() || now < deadline_) return {};
  if (state_ == State::waiting) return start(now);
  state_ = State::killed;
  return {KillNode{}};
}

}  // namespace millrace
