#pragma once
#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace millrace {

/// Which starts of its node a data directory was opened by. The newest start that the cluster knows
/// of must be among them: if it is not, this is another disk, or an older copy of the right one.
class StartHistory {
 public:
  /// Both ends included.
  struct Range {
    Incarnation first;
    Incarnation last;
    friend bool operator==(const Range&, const Range&) = default;
  };
  /// Older ranges are forgotten. There is more than one only where disks were exchanged.
  static constexpr std::size_t ranges_max = 16;

  /// Of a directory that does not tell, which is believed.
  [[nodiscard]] static StartHistory believed() {
    StartHistory all;
    all.ranges_.push_back(
        {Incarnation{0}, Incarnation{std::numeric_limits<Incarnation::rep>::max()}});
    return all;
  }

  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  [[nodiscard]] bool contains(Incarnation start) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
      return range.first <= start && start <= range.last;
    });
  }
  void add(Incarnation start) { add(Range{start, start}); }
  void add(Range range) {
    if (contains(range.first) && contains(range.last)) return;
    const bool follows = !ranges_.empty() && range.first.value() > 0 &&
                         ranges_.back().last.value() == range.first.value() - 1;
    if (follows) {
      ranges_.back().last = range.last;
    } else {
      ranges_.push_back(range);
    }
    if (ranges_.size() > ranges_max) ranges_.erase(ranges_.begin());
  }

  friend bool operator==(const StartHistory&, const StartHistory&) = default;

 private:
  std::vector<Range> ranges_;  // In the order in which they were added.
};

}  // namespace millrace
