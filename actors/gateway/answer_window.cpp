#include "actors/gateway/answer_window.hpp"

#include <algorithm>

namespace millrace::gateway {

void AnswerWindow::expect(std::uint64_t call, std::uint32_t slot, std::size_t bytes) {
  std::size_t& expected = expected_[{call, slot}];
  expected_bytes_ += bytes;
  expected += bytes;
}

void AnswerWindow::arrived(std::uint64_t call, std::uint32_t slot, std::size_t bytes) {
  const auto read = expected_.extract({call, slot});
  if (read.empty() && bytes == 0) return;
  if (!read.empty()) expected_bytes_ -= read.mapped();
  held_[call] += bytes;
  held_bytes_ += bytes;
}

void AnswerWindow::finished(std::uint64_t call, std::size_t frame_bytes) {
  // What a call that ran out of time still expects comes too late to be kept.
  const auto first = expected_.lower_bound({call, 0});
  const auto last = expected_.lower_bound({call + 1, 0});
  for (auto read = first; read != last; ++read) expected_bytes_ -= read->second;
  expected_.erase(first, last);
  const auto held = held_.extract(call);
  if (!held.empty()) held_bytes_ -= held.mapped();
  unsent_bytes_ += frame_bytes;
  finished_bytes_ += frame_bytes;
}

void AnswerWindow::taken(std::size_t bytes) { unsent_bytes_ -= std::min(unsent_bytes_, bytes); }

}  // namespace millrace::gateway
