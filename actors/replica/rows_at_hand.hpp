#pragma once
#include <cstddef>
#include <deque>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"

namespace millrace::replica {

/// The rows written last, as they came: who waits for just these gets them without a read.
class RowsAtHand {
 public:
  static constexpr std::size_t bytes_max = std::size_t{4} << 20;

  /// Rows that follow on what was added before.
  void add(Offset base, Offset end, std::vector<Buffer> pieces);
  /// Nobody waits for rows below that any more.
  void drop_below(Offset offset);
  void clear();

  /// Whole writes from `from` on up to `limit`, together at most `bytes_max`; empty if `from` is
  /// not where one begins, or the first is too large.
  [[nodiscard]] Buffer from(Offset from, Offset limit, std::size_t bytes_at_most) const;
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  struct Written {
    Offset base = 0;
    Offset end = 0;
    std::size_t size = 0;
    std::vector<Buffer> pieces;
  };
  std::deque<Written> written_;
  std::size_t size_bytes_ = 0;
};

}  // namespace millrace::replica
