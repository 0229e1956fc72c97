#include "runtime/byte_budget.hpp"

#include <utility>
#include <vector>

namespace millrace {

// Who waits first says so and then looks for room; who makes room first makes it and then looks for
// waiters. So at least one of them sees the other.

void ByteBudget::give_back(std::size_t bytes) {
  held_.fetch_sub(bytes);
  if (waiting_.load() == 0) return;
  std::vector<std::function<void()>> woken;
  {
    const std::lock_guard lock(mutex_);
    for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
      if (has(waiter->second.room)) {
        woken.push_back(std::move(waiter->second.wake));
        waiter = waiters_.erase(waiter);
      } else {
        ++waiter;
      }
    }
    waiting_ = waiters_.size();
  }
  for (const auto& wake : woken) wake();
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
