#include "runtime/link/link_lane.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "runtime/link/link_frame.hpp"

namespace millrace {
namespace {

/// A peer that grants more than this means "no limit"; the sum stays far from overflow.
constexpr std::int64_t credit_bytes_max = std::int64_t{1} << 40;

}  // namespace

void LinkLaneCredit::connected(std::uint64_t bytes) {
  (void)disconnected();
  connected_ = true;
  granted(bytes);
}

std::size_t LinkLaneCredit::disconnected() {
  const std::size_t lost = queue_.size();
  connected_ = false;
  credit_ = 0;
  owed_ = 0;
  queue_.clear();
  queued_bytes_ = 0;
  return lost;
}

bool LinkLaneCredit::offer(std::vector<Buffer> frame) {
  const std::size_t size = total_size(frame);
  if (!connected_ || queued_bytes_ + size > limits_.queue_bytes_max) return false;
  queued_bytes_ += size;
  queue_.push_back(std::move(frame));
  return true;
}

std::optional<std::vector<Buffer>> LinkLaneCredit::next_to_send() {
  if (queue_.empty() || credit_ <= 0) return std::nullopt;
  std::vector<Buffer> frame = std::move(queue_.front());
  queue_.pop_front();
  const std::size_t size = total_size(frame);
  queued_bytes_ -= size;
  credit_ -= static_cast<std::int64_t>(size);
  return frame;
}

void LinkLaneCredit::granted(std::uint64_t bytes) {
  const auto more = static_cast<std::int64_t>(
      std::min<std::uint64_t>(bytes, static_cast<std::uint64_t>(credit_bytes_max)));
  credit_ = std::min(credit_ + more, credit_bytes_max);
}

std::uint64_t LinkLaneCredit::received(std::uint64_t bytes) {
  owed_ += bytes;
  if (owed_ < limits_.window_bytes / 2) return 0;
  return std::exchange(owed_, 0);
}

}  // namespace millrace
