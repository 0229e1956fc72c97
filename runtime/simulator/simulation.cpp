#include "runtime/simulator/simulation.hpp"

#include <algorithm>
#include <caf/scheduler/test_coordinator.hpp>

#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "runtime/actor.hpp"
#include "runtime/caf_types.hpp"

namespace millrace {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  return (hash ^ value) * 0x100000001b3ULL;
}

}  // namespace

struct Simulation::System {
  System() {
    register_message_types(config);
    config.set("scheduler.policy", caf::atom("testing"));
    // One message per turn: the seed then orders messages, not batches of them.
    config.set("scheduler.max-throughput", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
    // Simulated actors are killed, not drained; nobody is left to wait for.
    system->await_actors_before_shutdown(false);
  }
  [[nodiscard]] caf::scheduler::test_coordinator& scheduler() {
    return static_cast<caf::scheduler::test_coordinator&>(system->scheduler());
  }
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
};

/// Jobs of slow actors that wait for their time, and those whose time has come.
struct Simulation::LaidAside {
  std::vector<caf::resumable*> waiting;
  std::vector<caf::resumable*> due;
};

class Simulation::SimulatedEnvironment final : public Environment {
 public:
  SimulatedEnvironment(Simulation& simulation, EpochMillis wall_at_start)
      : simulation_(simulation), loop_(simulation.queue_, wall_at_start) {}

  caf::actor_system& system() override { return *simulation_.system_->system; }
  Instant now() const override { return simulation_.now(); }
  EpochMillis wall_clock() const override { return loop_.wall_clock(); }
  Duration work_clock() const override { return {}; }
  void start_timer(const caf::actor& to, Duration delay, std::uint64_t id) override {
    (void)simulation_.queue_.after(delay, [to, id] { caf::anon_send(to, timer_atom::value, id); });
  }
  bool has_threads() const override { return false; }
  void on_handle(NodeId node, std::string_view actor, const Envelope& envelope) override {
    simulation_.record(node, actor, envelope);
  }

 private:
  Simulation& simulation_;
  SimulatedEventLoop loop_;
};

Simulation::Simulation(std::uint64_t seed, NetworkWeather weather)
    : root_(seed),
      schedule_(root_.fork("schedule")),
      queue_(root_.fork("queue")),
      network_(queue_, root_.fork("network"), weather),
      system_(std::make_unique<System>()),
      aside_(std::make_unique<LaidAside>()) {}

Simulation::~Simulation() {
  for (const auto& context : contexts_) context->crash();
  slow_.clear();
  observer_ = nullptr;
  auto& jobs = system_->scheduler().jobs;
  jobs.insert(jobs.end(), aside_->waiting.begin(), aside_->waiting.end());
  while (run_job()) {
  }
  queue_.clear();  // Timers hold actors, which must not outlive their system.
}

NodeContext& Simulation::start_process(NodeContext::Identity identity, EpochMillis wall_at_start) {
  environments_.push_back(std::make_unique<SimulatedEnvironment>(*this, wall_at_start));
  const Random random = root_.fork("node")
                            .fork(static_cast<std::uint64_t>(identity.node.value()))
                            .fork(identity.incarnation.value());
  contexts_.push_back(
      std::make_unique<NodeContext>(*environments_.back(), std::move(identity), random));
  return *contexts_.back();
}

void Simulation::crash_process(NodeContext& context, ProcessId process) {
  context.crash();
  network_.end_process(process);
}

bool Simulation::run_job() {
  auto& jobs = system_->scheduler().jobs;
  if (jobs.empty()) return false;
  const auto pick = static_cast<std::ptrdiff_t>(schedule_.below(jobs.size()));
  std::rotate(jobs.begin(), jobs.begin() + pick, jobs.begin() + pick + 1);
  if (lay_aside()) return true;
  const auto* actor = observer_ ? dynamic_cast<const Actor*>(jobs.front()) : nullptr;
  if (actor == nullptr) {
    system_->scheduler().run_once();
    return true;
  }
  // It may be gone after its turn.
  const NodeId node = actor->home();
  const std::string name = actor->name();
  observer_(node, name, true);
  system_->scheduler().run_once();
  observer_(node, name, false);
  return true;
}

bool Simulation::lay_aside() {
  if (slow_.empty() && aside_->due.empty()) return false;
  auto& jobs = system_->scheduler().jobs;
  caf::resumable* const job = jobs.front();
  if (std::erase(aside_->due, job) > 0) return false;  // It has waited.
  const auto* actor = dynamic_cast<const Actor*>(job);
  if (actor == nullptr) return false;
  const auto slow = slow_.find({actor->home(), actor->name()});
  if (slow == slow_.end()) return false;
  jobs.pop_front();
  ++slow_turns_;
  aside_->waiting.push_back(job);
  (void)queue_.after(slow->second(), [this, job] {
    std::erase(aside_->waiting, job);
    aside_->due.push_back(job);
    system_->scheduler().jobs.push_back(job);
  });
  return true;
}

void Simulation::slow_down(NodeId node, const std::string& actor,
                           std::function<Duration()> turn_time) {
  slow_.erase({node, actor});
  if (turn_time) slow_.emplace(std::pair(node, actor), std::move(turn_time));
}

bool Simulation::run_until(const std::function<bool()>& done, Instant deadline) {
  for (;;) {
    while (run_job()) {
    }
    if (done()) return true;
    if (queue_.empty() || queue_.next_at() > deadline) {
      queue_.advance_to(std::max(queue_.now(), deadline));
      return false;
    }
    queue_.run_next();
  }
}

void Simulation::run_for(Duration span) {
  (void)run_until([] { return false; }, now() + span);
}

void Simulation::run_turns(std::uint64_t count) {
  for (std::uint64_t turn = 0; turn < count; ++turn) {
    while (!run_job()) {
      if (queue_.empty()) return;
      queue_.run_next();
    }
  }
}

void Simulation::record(NodeId node, std::string_view actor, const Envelope& envelope) {
  ++messages_;
  std::uint64_t hash = trace_hash_;
  hash = mix(hash, static_cast<std::uint64_t>(now().time_since_epoch().count()));
  hash = mix(hash, static_cast<std::uint64_t>(node.value()));
  hash = mix(hash, crc32c_of(bytes_of(actor)));
  hash = mix(hash, envelope.schema);
  hash = mix(hash, envelope.correlation);
  if (envelope.words) {
    const auto words = envelope.words->asBytes();
    hash = mix(hash, crc32c_of({reinterpret_cast<const std::byte*>(words.begin()), words.size()}));
  }
  for (const Buffer& attachment : envelope.attachments)
    hash = mix(hash, crc32c_of(attachment.bytes()));
  trace_hash_ = hash;
}

}  // namespace millrace
