#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace millrace {

/// A bound on bytes that several actors hold between them. They take what they have got and give it
/// back when they are done; while the budget is spent nobody asks for more. So what is held exceeds
/// the budget by at most one piece per holder. Thread-safe.
class ByteBudget {
 public:
  /// How far the budget may be exceeded by what a waiter wants: work that has begun goes on until
  /// the budget is spent twice.
  enum class Room : std::uint8_t { to_begin, to_go_on };
  using WaiterId = std::uint64_t;

  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void take(std::size_t bytes) { held_.fetch_add(bytes); }

  /// Wakes those whom this makes room for. A wake that throws, because there is no memory for it,
  /// is tried again by the next one who gives back.
  void give_back(std::size_t bytes) noexcept;

  /// Calls `wake` once: here if there is room, else when there is, on the thread that makes it.
  /// Returns who waits, for forget(); zero if nobody does. What `wake` throws here is thrown on.
  WaiterId when_room(Room room, std::function<void()> wake);
  /// A waiter that was woken, or zero, is ignored.
  void forget(WaiterId waiter);

  [[nodiscard]] bool has(Room room) const {
    return room == Room::to_begin ? held() < bytes_max_ : held() / 2 < bytes_max_;
  }
  [[nodiscard]] bool is_spent() const { return !has(Room::to_begin); }
  [[nodiscard]] std::size_t held() const { return held_.load(); }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }

 private:
  struct Waiter {
    Room room;
    std::function<void()> wake;
  };

  const std::size_t bytes_max_;
  std::atomic<std::size_t> held_{0};
  std::atomic<std::size_t> waiting_{0};  // As many as there are in waiters_, or more.
  std::mutex mutex_;
  std::map<WaiterId, Waiter> waiters_;
  WaiterId last_waiter_ = 0;
};

}  // namespace millrace
