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
    const std::string child = found->second;
    names_.erase(found);
    running_.erase(child);
    const bool failed = message.reason != caf::exit_reason::normal &&
                        message.reason != caf::exit_reason::user_shutdown;
    guarded([&] {
      step(ChildExited{child, failed, context().environment().system().render(message.reason)});
    });
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
  pending_.push_back(std::move(event));
  if (stepping_) return;  // An effect caused it: it waits until those effects are done.
  stepping_ = true;
  while (!pending_.empty()) {
    const SupervisionEvent next = std::move(pending_.front());
    pending_.pop_front();
    // What escapes, also for want of memory, must not keep later events waiting: the one that ends
    // this actor is among them.
    std::vector<SupervisionEffect> effects;
    guarded([&] { effects = machine_.step(now(), next); });
    for (const SupervisionEffect& effect : effects) {
      guarded([&] { std::visit([this](const auto& order) { perform(order); }, effect); });
    }
  }
  stepping_ = false;
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
  if (found != running_.end()) caf::anon_send_exit(found->second, caf::exit_reason::user_shutdown);
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
