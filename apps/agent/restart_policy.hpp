#pragma once
#include <optional>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace millrace {

// What can happen to the node of a host.
struct SupervisionBegan {};
struct NodeEnded {
  bool is_clean;  ///< It ended by itself with code zero, which it does only after it has drained.
};
struct DrainRequested {
  Duration timeout;
};
struct EndRequested {};
struct TimePassed {};
using RestartEvent =
    std::variant<SupervisionBegan, NodeEnded, DrainRequested, EndRequested, TimePassed>;

// What the agent must do next, in this order.
struct StartNode {
  friend bool operator==(const StartNode&, const StartNode&) = default;
};
struct DrainNode {
  friend bool operator==(const DrainNode&, const DrainNode&) = default;
};
struct KillNode {
  friend bool operator==(const KillNode&, const KillNode&) = default;
};
/// Nothing is left to supervise.
struct FinishSupervision {
  bool is_clean;  ///< The node had drained.
  friend bool operator==(const FinishSupervision&, const FinishSupervision&) = default;
};
using RestartEffect = std::variant<StartNode, DrainNode, KillNode, FinishSupervision>;

/// How long to wait before a node is started again.
struct NodeRestartBackOff {
  Duration first = 100ms;
  Duration longest = 5s;
  Duration reset_after = 10s;  ///< A node that lived this long starts over with `first`.
};

/// When the node of a host is started, started again, drained and killed.
/// A node that ends without being clean is started again after a wait that doubles each time; a
/// clean one is not. The first request to drain lets it finish, the second one or the timeout kills
/// it.
class NodeRestartPolicy {
 public:
  explicit NodeRestartPolicy(NodeRestartBackOff back_off);

  /// Applies `event` at `now`. Requires `now` never to go back.
  [[nodiscard]] std::vector<RestartEffect> step(Instant now, const RestartEvent& event);

  /// When TimePassed is due next, if ever.
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] bool is_finished() const { return state_ == State::finished; }
  [[nodiscard]] bool is_waiting() const { return state_ == State::waiting; }

 private:
  enum class State { idle, running, waiting, draining, killed, finished };
  using Effects = std::vector<RestartEffect>;

  Effects apply(Instant now, SupervisionBegan);
  Effects apply(Instant now, NodeEnded ended);
  Effects apply(Instant now, DrainRequested request);
  Effects apply(Instant now, EndRequested);
  Effects apply(Instant now, TimePassed);
  Effects start(Instant now);
  Effects finish(bool is_clean);

  NodeRestartBackOff back_off_;
  Duration delay_;
  State state_ = State::idle;
  Instant started_at_{};
  Instant deadline_{};  ///< Of the wait or of the drain.
};

}  // namespace millrace
