#include "runtime/transport/asio/asio_event_loop.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <new>
#include <thread>
#include <utility>

#include "base/check.hpp"
#include "base/log_event.hpp"

namespace millrace {

namespace asio = boost::asio;

struct AsioEventLoop::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> stay_alive =
      asio::make_work_guard(context);
  std::map<TimerId, asio::steady_timer> timers;  // Touched on the loop's thread only.
  std::uint64_t timers_made = 0;
  std::thread thread;
  std::atomic<bool> running{false};
};

AsioEventLoop::AsioEventLoop() : state_(std::make_unique<State>()) {}

AsioEventLoop::~AsioEventLoop() { stop(); }

void AsioEventLoop::start() {
  CHECK(!state_->running.exchange(true));
  state_->context.restart();
  state_->thread = std::thread([this] {
    while (!runs_out()) continue;
  });
}

void AsioEventLoop::stop() {
  if (!state_->thread.joinable()) return;
  CHECK(state_->thread.get_id() != std::this_thread::get_id());
  state_->context.stop();
  state_->thread.join();
  state_->running = false;
}

bool AsioEventLoop::runs_out() {
  try {
    state_->context.run();
    return true;
  } catch (const std::bad_alloc&) {
    // The action that wanted the memory is lost: what it was for times out. All others go on.
    log_event(EventLevel::error, "out_of_memory", {{"where", "event loop"}});
    return false;
  }
}

bool AsioEventLoop::run_until(const std::function<bool()>& done, Duration time_max) {
  CHECK(!state_->running.exchange(true));
  state_->context.restart();
  const Instant deadline = now() + time_max;
  bool finished = done();
  while (!finished) {
    const Duration left = deadline - now();
    if (left <= Duration::zero()) break;
    (void)state_->context.run_one_for(left);
    finished = done();
  }
  state_->running = false;
  return finished;
}

Instant AsioEventLoop::now() const {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

EpochMillis AsioEventLoop::wall_clock() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

TimerId AsioEventLoop::after(Duration delay, std::function<void()> action) {
  const TimerId id{++state_->timers_made};
  const auto made = state_->timers.emplace(id, state_->context).first;
  made->second.expires_after(delay);
  made->second.async_wait([this, id, action = std::move(action)](const boost::system::error_code&) {
    // A timer that was cancelled after it expired is no longer in the map.
    if (state_->timers.erase(id) == 1) action();
  });
  return id;
}

void AsioEventLoop::cancel(TimerId timer) { state_->timers.erase(timer); }

void AsioEventLoop::post(std::function<void()> action) {
  asio::post(state_->context, std::move(action));
}

boost::asio::io_context& AsioEventLoop::context() { return state_->context; }

bool AsioEventLoop::runs_elsewhere() const {
  return state_->running && !state_->context.get_executor().running_in_this_thread();
}

}  // namespace millrace
