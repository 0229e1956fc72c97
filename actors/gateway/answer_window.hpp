#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace millrace::gateway {

/// What the answers of one connection hold: rows that reads may bring, rows that calls have, and
/// frames that the client has not taken yet. Only what counts here may be asked of a replica.
class AnswerWindow {
 public:
  explicit AnswerWindow(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// A call's read is on its way and may bring so many bytes.
  void expect(std::uint64_t call, std::uint32_t slot, std::size_t bytes);
  /// It, or something else that the call asked, has brought so many, which the call keeps. Requires
  /// that the call is not finished.
  void arrived(std::uint64_t call, std::uint32_t slot, std::size_t bytes);
  /// The call is answered by a frame of so many bytes.
  void finished(std::uint64_t call, std::size_t frame_bytes);
  /// So many bytes have left for the client.
  void taken(std::size_t bytes);

  [[nodiscard]] std::size_t bytes() const { return expected_bytes_ + held_bytes_ + unsent_bytes_; }
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_bytes_; }
  /// Whether of all calls that hold rows this is the one that was begun first.
  [[nodiscard]] bool is_oldest_holder(std::uint64_t call) const {
    return !held_.empty() && held_.begin()->first == call;
  }
  [[nodiscard]] bool is_full() const { return bytes() >= bytes_max_; }
  /// All that was ever finished or taken: tells whether what waits now is what waited before.
  [[nodiscard]] std::uint64_t finished_bytes() const { return finished_bytes_; }
  [[nodiscard]] std::uint64_t taken_bytes() const { return finished_bytes_ - unsent_bytes_; }

 private:
  using Read = std::pair<std::uint64_t, std::uint32_t>;  // Call and slot.

  const std::size_t bytes_max_;
  std::map<Read, std::size_t> expected_;
  std::map<std::uint64_t, std::size_t> held_;
  std::size_t expected_bytes_ = 0;
  std::size_t held_bytes_ = 0;
  std::size_t unsent_bytes_ = 0;
  std::uint64_t finished_bytes_ = 0;
};

}  // namespace millrace::gateway
