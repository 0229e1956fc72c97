#pragma once
#include <deque>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace millrace {

// Supervision as data: an ordered list of children, what happens to the others when one fails, and
// how many failures are too many. The machine decides; SupervisingActor spawns and stops.

/// Whom a failure restarts: the child alone, all children, or the child and those started after it.
enum class RestartStrategy { one_for_one, one_for_all, rest_for_one };

/// When a child is started again: always, only after a failure, or never.
enum class RestartPolicy { permanent, transient, temporary };

/// More than `restarts_max` failures within `within` and the supervisor itself fails.
struct RestartIntensity {
  std::size_t restarts_max = 3;
  Duration within = 10s;

  /// For children whose failures are their own affair: the back-off alone bounds their restarts.
  static constexpr RestartIntensity unlimited() {
    return {std::numeric_limits<std::size_t>::max(), Duration::zero()};
  }
};

/// A child's first failure restarts it at once. When it fails again it waits, twice as long each
/// time, until it has run for `calm_after`.
struct ChildBackOff {
  static constexpr Duration first = 100ms;
  static constexpr Duration longest = 5s;
  static constexpr Duration calm_after = 10s;
};

struct ChildDescription {
  std::string name;
  RestartPolicy policy = RestartPolicy::permanent;
};

// What can happen.
struct ChildAdded {
  ChildDescription child;
};
struct ChildRemoved {
  std::string name;
};
struct ChildExited {
  std::string name;
  bool failed = false;
  std::string reason;
};
/// The time that StartLater named has passed.
struct ChildDue {
  std::string name;
};
struct SupervisorStopping {};
using SupervisionEvent =
    std::variant<ChildAdded, ChildRemoved, ChildExited, ChildDue, SupervisorStopping>;

// What the shell must do, in this order.
struct StartChild {
  std::string name;
  friend bool operator==(const StartChild&, const StartChild&) = default;
};
/// The child backs off: ChildDue is to come after `delay`.
struct StartLater {
  std::string name;
  Duration delay{};
  friend bool operator==(const StartLater&, const StartLater&) = default;
};
struct StopChild {
  std::string name;
  friend bool operator==(const StopChild&, const StopChild&) = default;
};
/// The child will not come back: let go of what is kept for it.
struct ForgetChild {
  std::string name;
  friend bool operator==(const ForgetChild&, const ForgetChild&) = default;
};
/// Too many failures: stop the rest (their exits follow), then fail with this reason.
struct Escalate {
  std::string reason;
  friend bool operator==(const Escalate&, const Escalate&) = default;
};
/// Every child has ended after SupervisorStopping or Escalate.
struct AllStopped {
  friend bool operator==(const AllStopped&, const AllStopped&) = default;
};
using SupervisionEffect =
    std::variant<StartChild, StartLater, StopChild, ForgetChild, Escalate, AllStopped>;

/// Children start in the order they were added and stop in the reverse order, one after the other.
class SupervisorMachine {
 public:
  SupervisorMachine(RestartStrategy strategy, RestartIntensity intensity);

  /// Requires `now` never to go back.
  [[nodiscard]] std::vector<SupervisionEffect> step(Instant now, const SupervisionEvent& event);

  [[nodiscard]] std::size_t child_count() const { return children_.size(); }
  [[nodiscard]] std::size_t restart_budget_left(Instant now) const;

 private:
  enum class State {
    stopped,
    waiting,
    running,
    stopping
  };  // Waiting: stopped, and ChildDue comes.
  enum class Wish { run, restart, remove };
  struct Child {
    ChildDescription description;
    State state = State::stopped;
    Wish wish = Wish::run;
    Instant started_at{};
    std::size_t failures_in_row = 0;
    Duration delay{};  // Before the next start.

    [[nodiscard]] bool is_down() const {
      return state == State::stopped || state == State::waiting;
    }
  };
  using Effects = std::vector<SupervisionEffect>;

  void apply(const ChildAdded& event, Effects& effects);
  void apply(const ChildRemoved& event, Effects& effects);
  void apply(Instant now, const ChildExited& event, Effects& effects);
  void apply(const ChildDue& event);
  void mark_affected(std::size_t failed);
  /// Stops what must stop, last first, one at a time; then starts what must run.
  void proceed(Instant now, Effects& effects);
  void start_down(Instant now, Effects& effects);
  [[nodiscard]] std::size_t index_of(const std::string& name) const;

  const RestartStrategy strategy_;
  const RestartIntensity intensity_;
  std::vector<Child> children_;
  std::deque<Instant> failures_;
  bool ending_ = false;
  bool ended_ = false;
};

}  // namespace millrace
