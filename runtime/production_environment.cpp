#include "runtime/production_environment.hpp"

#include <chrono>

#include "runtime/caf_types.hpp"

namespace millrace {

struct ProductionEnvironment::State {
  explicit State(std::size_t scheduler_threads) {
    register_message_types(config);
    // "sharing" wakes a worker at once; "stealing" lets idle workers sleep up to 10 ms and poll.
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", scheduler_threads);
    system = std::make_unique<caf::actor_system>(config);
  }
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
};

ProductionEnvironment::ProductionEnvironment(std::size_t scheduler_threads)
    : state_(std::make_unique<State>(scheduler_threads)) {}

ProductionEnvironment::~ProductionEnvironment() = default;

void ProductionEnvironment::await_actors() { state_->system->await_all_actors_done(); }

caf::actor_system& ProductionEnvironment::system() { return *state_->system; }

Instant ProductionEnvironment::now() const {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

EpochMillis ProductionEnvironment::wall_clock() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Duration ProductionEnvironment::work_clock() const { return now().time_since_epoch(); }

void ProductionEnvironment::start_timer(const caf::actor& to, Duration delay, std::uint64_t id) {
  // What is due at once need not go by the clock's thread.
  if (delay <= Duration::zero()) return caf::anon_send(to, timer_atom::value, id);
  caf::delayed_anon_send(to, delay, timer_atom::value, id);
}

}  // namespace millrace
