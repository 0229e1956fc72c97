#pragma once
#include <functional>
#include <memory>

#include "runtime/transport/port/event_loop.hpp"

namespace boost::asio {
class io_context;
}

namespace millrace {

/// The event loop on Boost.Asio, in real time. Exactly one thread runs it: a background thread
/// between start() and stop(), or whoever calls run_until(). That thread is "the loop's thread".
class AsioEventLoop final : public EventLoop {
 public:
  AsioEventLoop();
  /// Stops the background thread. Pending actions and timers are dropped, never called.
  ~AsioEventLoop() override;
  AsioEventLoop(const AsioEventLoop&) = delete;
  AsioEventLoop& operator=(const AsioEventLoop&) = delete;

  /// Starts the background thread. An action that finds no memory is given up, not the process.
  /// Requires that nothing runs the loop yet.
  void start();
  /// Ends the background thread after the action it is in. Not from the loop's thread.
  void stop();

  /// Runs the loop on this thread until `done`, which is asked before and after every action.
  /// Returns false if `time_max` passed first. Requires that nothing else runs the loop, so a
  /// callback of the loop must not call it.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration time_max);

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] EpochMillis wall_clock() const override;
  TimerId after(Duration delay, std::function<void()> action) override;
  void cancel(TimerId timer) override;
  void post(std::function<void()> action) override;

  /// For the transport that shares this loop.
  [[nodiscard]] boost::asio::io_context& context();
  /// True while another thread runs the loop.
  [[nodiscard]] bool runs_elsewhere() const;

 private:
  /// False when it must run on: for want of memory an action was given up.
  [[nodiscard]] bool runs_out();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
