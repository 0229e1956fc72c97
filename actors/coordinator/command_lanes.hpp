#pragma once
#include <cstddef>
#include <deque>

namespace millrace::coordinator {

/// Commands that wait for their turn, in two lanes: what somebody cannot go on without stands in
/// front of what changes the catalog, however much of that there is (Fluss #3173). Every
/// `bulk_turn`-th goes to the bulk all the same, so that neither waits for ever. Within a lane the
/// order stays.
template <class Command>
class CommandLanes {
 public:
  static constexpr std::size_t bulk_turn = 8;

  void push(Command command, bool is_urgent) {
    (is_urgent ? urgent_ : bulk_).push_back(std::move(command));
  }
  /// Had its turn and needs another.
  void push_front(Command command, bool is_urgent) {
    (is_urgent ? urgent_ : bulk_).push_front(std::move(command));
  }
  /// Requires that there is one.
  [[nodiscard]] Command pop() {
    const bool is_bulk = urgent_.empty() || (!bulk_.empty() && ++turns_ % bulk_turn == 0);
    std::deque<Command>& lane = is_bulk ? bulk_ : urgent_;
    Command next = std::move(lane.front());
    lane.pop_front();
    return next;
  }
  [[nodiscard]] std::size_t urgent() const { return urgent_.size(); }
  [[nodiscard]] std::size_t bulk() const { return bulk_.size(); }
  [[nodiscard]] std::size_t size() const { return urgent_.size() + bulk_.size(); }
  [[nodiscard]] bool empty() const { return urgent_.empty() && bulk_.empty(); }

 private:
  std::deque<Command> urgent_;
  std::deque<Command> bulk_;
  std::size_t turns_ = 0;
};

}  // namespace millrace::coordinator
