#include "runtime/simulator/event_queue.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {

TimerId EventQueue::after(Duration delay, std::function<void()> action) {
  const TimerId timer{++count_};
  const Key key{now_ + std::max(delay, Duration{}), random_.next(), count_};
  events_.emplace(key, std::move(action));
  timers_.emplace(timer, key);
  return timer;
}

void EventQueue::cancel(TimerId timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  events_.erase(found->second);
  timers_.erase(found);
}

void EventQueue::clear() {
  events_.clear();
  timers_.clear();
}

void EventQueue::run_next() {
  CHECK(!events_.empty());
  auto next = events_.extract(events_.begin());
  timers_.erase(TimerId{next.key().number});
  now_ = next.key().at;
  next.mapped()();
}

void EventQueue::advance_to(Instant at) {
  CHECK(at >= now_);
  CHECK(events_.empty() || next_at() >= at);
  now_ = at;
}

EpochMillis SimulatedEventLoop::wall_clock() const {
  const auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(queue_.now().time_since_epoch());
  return wall_at_start_ + since.count();
}

}  // namespace millrace
