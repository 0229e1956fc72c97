#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"

namespace millrace {

/// One message as the flight recorder keeps it.
struct FlightRecord {
  Instant handled_at;
  std::uint64_t schema = 0;
  std::string from;
  std::size_t bytes = 0;
  Duration waited{};
  Duration worked{};
  bool dropped = false;
};

/// What can be read of an actor while it runs. Written by the actor and its senders, read by
/// anybody; belongs to the actor's name and outlives restarts.
class ActorStats {
 public:
  static constexpr std::size_t flight_records_max = 256;

  /// A consistent-enough copy for people and metrics.
  struct View {
    std::uint64_t received = 0;
    std::uint64_t handled = 0;
    std::uint64_t dropped = 0;
    std::uint64_t starts = 0;
    std::int64_t mailbox_depth = 0;
    Duration busy{};
    Duration waited_p50{};  ///< Time in mailbox, upper bound of its power-of-two class.
    Duration waited_p99{};
    Duration waited_max{};
    std::string last_error;
    bool running = false;
  };

  void on_start();
  void on_exit(const std::string& reason);
  void on_enqueue() {
    received_.fetch_add(1, std::memory_order_relaxed);
    depth_.fetch_add(1, std::memory_order_relaxed);
  }
  void on_handled(const FlightRecord& record);
  void on_error(const std::string& message);

  [[nodiscard]] View view() const;
  /// The last messages, oldest first.
  [[nodiscard]] std::vector<FlightRecord> flight() const;

 private:
  [[nodiscard]] Duration percentile(std::uint64_t per_mille) const;

  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> starts_{0};
  std::atomic<std::int64_t> depth_{0};
  std::atomic<std::int64_t> busy_ns_{0};
  std::atomic<std::int64_t> waited_max_ns_{0};
  std::atomic<bool> running_{false};
  std::array<std::atomic<std::uint64_t>, 64> waited_{};  // Class k: below 2^k nanoseconds.

  mutable std::mutex mutex_;
  std::string last_error_;
  std::vector<FlightRecord> flight_;
  std::size_t flight_next_ = 0;
};

}  // namespace millrace
