#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/ids.hpp"

namespace millrace {

/// Which starts of its node a data directory was there at, newest last. The newest start that the
/// cluster knows of must be among them: if it is not, this is another disk, or an older copy of the
/// right one. Starts are told apart by ids drawn at random: a counter that lies on the host would
/// be lost, or come back, together with the disk that it is to tell of.
class StartHistory {
 public:
  /// Older ones are forgotten. A node whose starts the cluster cannot record for so long is taken
  /// for one with another disk.
  static constexpr std::size_t starts_max = 128;

  [[nodiscard]] const std::vector<StartId>& starts() const { return starts_; }
  [[nodiscard]] bool contains(StartId start) const {
    return std::find(starts_.begin(), starts_.end(), start) != starts_.end();
  }
  void add(StartId start) {
    starts_.push_back(start);
    if (starts_.size() > starts_max) starts_.erase(starts_.begin());
  }

  friend bool operator==(const StartHistory&, const StartHistory&) = default;

 private:
  std::vector<StartId> starts_;
};

/// What a node's data directory tells of that node's starts.
struct KnownStarts {
  StartHistory history;  ///< The present start among them, if it could be noted.
  StartId present;       ///< Unset: it could not be noted, since the disk is full, or fails.
  /// What was noted is damaged, or cannot be read. It is believed to be the right directory: a node
  /// shall not stay away for this file's damage. Nothing is noted then.
  bool is_believed = false;
};

}  // namespace millrace
