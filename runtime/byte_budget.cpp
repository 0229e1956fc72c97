#include "runtime/byte_budget.hpp"

#include <iterator>
#include <utility>

namespace millrace {

// Who waits first says so and then looks for room; who makes room first makes it and then looks for
// waiters. So at least one of them sees the other.

// Bytes are given back by destructors, also when there is no memory. So nothing is allocated here,
// and waiters move as the nodes that they are.

void ByteBudget::give_back(std::size_t bytes) noexcept {
  held_.fetch_sub(bytes);
  if (waiting_.load() == 0) return;
  std::map<WaiterId, Waiter> woken;
  {
    const std::lock_guard lock(mutex_);
    for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
      const auto next = std::next(waiter);
      if (has(waiter->second.room)) woken.insert(waiters_.extract(waiter));
      waiter = next;
    }
    waiting_ = waiters_.size();
  }
  for (auto waiter = woken.begin(); waiter != woken.end();) {
    try {
      waiter->second.wake();
      waiter = woken.erase(waiter);
    } catch (...) {
      ++waiter;  // One that cannot be woken now must not keep the others asleep.
    }
  }
  if (woken.empty()) return;
  const std::lock_guard lock(mutex_);
  waiters_.merge(woken);
  waiting_ = waiters_.size();
}

ByteBudget::WaiterId ByteBudget::when_room(Room room, std::function<void()> wake) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ = waiters_.size() + 1;
    if (!has(room)) {
      waiters_.emplace(++last_waiter_, Waiter{room, std::move(wake)});
      return last_waiter_;
    }
    waiting_ = waiters_.size();
  }
  wake();
  return 0;
}

void ByteBudget::forget(WaiterId waiter) {
  const std::lock_guard lock(mutex_);
  waiters_.erase(waiter);
  waiting_ = waiters_.size();
}

}  // namespace millrace
