#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.hpp"
#include "client/callback.hpp"

namespace millrace::client {

/// Calls with callbacks as calls that return, for programs whose main thread runs the loop.
class Blocking {
 public:
  /// Runs the loop until `done` or until `time_max` has passed; false is the latter.
  using RunUntil = std::function<bool(const std::function<bool()>& done, Duration time_max)>;

  Blocking(RunUntil run_until, Duration time_max)
      : run_until_(std::move(run_until)), time_max_(time_max) {}

  /// Starts a call and runs the loop until its callback came. After the time limit it returns
  /// request_time_out, and the callback's value is dropped when it comes.
  template <class T>
  [[nodiscard]] Outcome<T> wait(const std::function<void(Callback<T>)>& start) const {
    // The callback may come after this function has returned.
    auto outcome = std::make_shared<std::optional<Outcome<T>>>();
    start([outcome](Outcome<T> value) { outcome->emplace(std::move(value)); });
    if (!run_until_([&] { return outcome->has_value(); }, time_max_))
      return refuse(ErrorCode::request_time_out, "not done within the time limit");
    return std::move(**outcome);
  }

  /// Runs the loop until `done`. False: the time limit passed first.
  [[nodiscard]] bool until(const std::function<bool()>& done) const {
    return run_until_(done, time_max_);
  }

 private:
  RunUntil run_until_;
  Duration time_max_;
};

}  // namespace millrace::client
