#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/buffer.hpp"

namespace millrace {

/// What one lane of a link may send and must grant: plain counting, no I/O.
///
/// The receiver grants bytes; the sender spends them, one frame at a time, and keeps what it may
/// not send yet in a bounded queue. A frame may overdraw the credit by itself, so one frame of any
/// legal size always gets through. The receiver grants again once half of its window was handed on.
class LinkLaneCredit {
 public:
  struct Limits {
    std::uint64_t window_bytes = std::uint64_t{16} << 20;  ///< What we grant the peer.
    std::size_t queue_bytes_max = std::size_t{64} << 20;   ///< What we keep without credit.
  };

  explicit LinkLaneCredit(Limits limits) : limits_(limits) {}

  /// A connection is up; the peer's hello granted `bytes`.
  void connected(std::uint64_t bytes);
  /// The connection is gone, and with it what was queued. Returns how many frames that lost.
  [[nodiscard]] std::size_t disconnected();

  /// Takes a frame to send. False if the lane is not connected or its queue is full: the frame is
  /// dropped and the caller counts it.
  [[nodiscard]] bool offer(std::vector<Buffer> frame);
  /// The next frame that may be sent now.
  [[nodiscard]] std::optional<std::vector<Buffer>> next_to_send();
  void granted(std::uint64_t bytes);

  /// `bytes` of frames were handed on here. Returns how much to grant the peer now, zero for none.
  [[nodiscard]] std::uint64_t received(std::uint64_t bytes);

  [[nodiscard]] bool is_connected() const { return connected_; }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::uint64_t window_bytes() const { return limits_.window_bytes; }

 private:
  Limits limits_;
  bool connected_ = false;
  std::int64_t credit_ = 0;
  std::uint64_t owed_ = 0;
  std::deque<std::vector<Buffer>> queue_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace millrace
