#include "runtime/supervision/supervising_actor.hpp"

#include <exception>
#include <utility>
#include <variant>

#include <caf/all.hpp>

namespace millrace {
namespace {

/// Tells the timers of supervision from those of the role.
constexpr std::uint64_t supervision_timer = std::uint64_t{1} << 63;

}  // namespace

SupervisingActor::SupervisingActor(caf::actor_config& config, ActorSetup setup,
                                   RestartStrategy strategy, RestartIntensity intensity)
    : Actor(config, std::move(setup)), machine_(strategy, intensity) {
  set_down_handler([this](caf::down_msg& message) {
    const auto found = names_.find(message.source);
    if (found == names_.end()) return;
    const std::string child = std::move(found->second);
    names_.erase(found);
    running_.erase(child);
    const bool failed = message.reason != caf::exit_reason::normal &&
                        message.reason != caf::exit_reason::user_shutdown;
    // That it has gone is told even if there is no memory for why.
    std::string why;
    guarded([&] { why = context().environment().system().render(message.reason); });
    guarded([&] { step(ChildExited{child, failed, std::move(why)}); });
  });
}

void SupervisingActor::start_child(ChildDescription child, Factory factory) {
  factories_[child.name] = std::move(factory);
  step(ChildAdded{std::move(child)});
}

void SupervisingActor::stop_child(const std::string& name) { step(ChildRemoved{name}); }

void SupervisingActor::on_timer(std::uint64_t id) {
  if ((id & supervision_timer) == 0) return on_own_timer(id);
  const auto due = due_.extract(id);
  if (!due.empty()) step(ChildDue{due.mapped()});
}

void SupervisingActor::on_exit_request(const caf::error& reason) {
  exit_reason_ = reason;
  on_stop();
  step(SupervisorStopping{});
}

void SupervisingActor::on_failure(const caf::error& reason) {
  exit_reason_ = reason;
  step(SupervisorStopping{});
}

void SupervisingActor::step(SupervisionEvent event) {
  if (context().crashed()) return;
  // An effect caused it: it waits until those effects are done.
  if (stepping_) return pending_.push_back(std::move(event));
  // Nothing is asked for before the machine has the event: a child's exit is told only once.
  stepping_ = true;
  take(event);
  while (!pending_.empty()) {
    const SupervisionEvent next = std::move(pending_.front());
    pending_.pop_front();
    take(next);
  }
  stepping_ = false;
}

void SupervisingActor::take(const SupervisionEvent& event) {
  // What escapes, also for want of memory, must not keep later events waiting: the one that ends
  // this actor is among them.
  std::vector<SupervisionEffect> effects;
  guarded([&] { effects = machine_.step(now(), event); });
  for (const SupervisionEffect& effect : effects) {
    guarded([&] { std::visit([this](const auto& order) { perform(order); }, effect); });
  }
}

void SupervisingActor::perform(const StartChild& effect) {
  caf::actor child;
  try {
    child = factories_.at(effect.name)();
  } catch (const std::exception& error) {
    return step(ChildExited{effect.name, true, std::string("cannot start: ") + error.what()});
  }
  names_[child.address()] = effect.name;
  running_[effect.name] = child;
  monitor(child);
}

void SupervisingActor::perform(const StartLater& effect) {
  const std::uint64_t timer = supervision_timer | ++timers_;
  due_.emplace(timer, effect.name);
  start_timer(effect.delay, timer);
}

void SupervisingActor::perform(const StopChild& effect) {
  const auto found = running_.find(effect.name);
  if (found != running_.end())
    return caf::anon_send_exit(found->second, caf::exit_reason::user_shutdown);
  // The step that should have started it threw: nobody else will say that it has ended.
  step(ChildExited{effect.name, false, "was not started"});
}

void SupervisingActor::perform(const ForgetChild& effect) {
  factories_.erase(effect.name);
  context().forget(effect.name);
  guarded([&] { on_child_gone(effect.name); });
}

void SupervisingActor::perform(const Escalate& effect) {
  escalation_ = effect.reason;
  exit_reason_ = caf::sec::runtime_error;
  note_error("too many restarts: " + effect.reason);
}

void SupervisingActor::perform(const AllStopped& /*effect*/) {
  if (!escalation_.empty()) guarded([this] { on_escalation(escalation_); });
  quit(exit_reason_);
}

}  // namespace millrace
