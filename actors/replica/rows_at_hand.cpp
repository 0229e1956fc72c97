#include "actors/replica/rows_at_hand.hpp"

#include <algorithm>
#include <utility>

#include "protocol/log_batch.hpp"

namespace millrace::replica {

void RowsAtHand::add(Offset base, Offset end, std::vector<Buffer> pieces) {
  const std::size_t size = protocol::sum_of(pieces);
  if (!written_.empty() && written_.back().end != base) clear();
  written_.push_back({base, end, size, std::move(pieces)});
  size_bytes_ += size;
  while (size_bytes_ > bytes_max && written_.size() > 1) {
    size_bytes_ -= written_.front().size;
    written_.pop_front();
  }
}

void RowsAtHand::drop_below(Offset offset) {
  while (!written_.empty() && written_.front().end <= offset) {
    size_bytes_ -= written_.front().size;
    written_.pop_front();
  }
}

void RowsAtHand::clear() {
  written_.clear();
  size_bytes_ = 0;
}

Buffer RowsAtHand::from(Offset from, Offset limit, std::size_t bytes_at_most) const {
  auto write = std::lower_bound(written_.begin(), written_.end(), from,
                                [](const Written& one, Offset at) { return one.base < at; });
  if (write == written_.end() || write->base != from) return {};
  std::vector<Buffer> pieces;
  std::size_t size = 0;
  for (; write != written_.end() && write->end <= limit; ++write) {
    size += write->size;
    if (size > bytes_at_most) break;
    pieces.insert(pieces.end(), write->pieces.begin(), write->pieces.end());
  }
  return pieces.empty() ? Buffer{} : Buffer::joined(pieces);
}

}  // namespace millrace::replica
