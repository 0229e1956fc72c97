#pragma once
#include <atomic>
#include <cstddef>

namespace millrace {

/// A bound on bytes that several actors hold between them. They take what they have got and give it
/// back when they are done; while the budget is spent nobody asks for more. So what is held exceeds
/// the budget by at most one piece per holder. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void take(std::size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] bool is_spent() const { return held() >= bytes_max_; }
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace millrace
