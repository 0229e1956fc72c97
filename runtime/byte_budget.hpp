#pragma once
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace {

/// A bound on bytes that several actors hold between them. They take what they have got and give it
/// back when they are done; while the budget is spent nobody asks for more. So what is held exceeds
/// the budget by at most one piece per holder. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void take(std::size_t bytes) { held_.fetch_add(bytes); }

  /// Wakes all who wait if this makes room.
  void give_back(std::size_t bytes) {
    const std::size_t before = held_.fetch_sub(bytes);
    if (before < bytes_max_ || before - bytes >= bytes_max_) return;
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
    }
    for (const auto& wake : waiting) wake();
  }

  /// Calls `wake` once: here if there is room, else when there is, on the thread that makes it.
  void when_room(std::function<void()> wake) {
    {
      const std::lock_guard lock(mutex_);
      if (is_spent()) return waiting_.push_back(std::move(wake));
    }
    wake();
  }

  [[nodiscard]] bool is_spent() const { return held() >= bytes_max_; }
  /// Spent twice over: by then not even what was begun goes on.
  [[nodiscard]] bool is_overspent() const { return held() / 2 >= bytes_max_; }
  [[nodiscard]] std::size_t held() const { return held_.load(); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_{0};
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace millrace
