#include "runtime/supervision/supervising_actor.hpp"

#include <utility>
#include <variant>

#include <caf/all.hpp>

namespace millrace {

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
    step(ChildExited{child, failed, context().environment().system().render(message.reason)});
  });
}

void SupervisingActor::start_child(ChildDescription child, Factory factory) {
  factories_[child.name] = std::move(factory);
  step(ChildAdded{std::move(child)});
}

void SupervisingActor::stop_child(const std::string& name) { step(ChildRemoved{name}); }

void SupervisingActor::on_exit_request(const caf::error& reason) {
  exit_reason_ = reason;
  on_stop();
  step(SupervisorStopping{});
}

void SupervisingActor::on_end() {
  for (const auto& [name, child] : running_) caf::anon_send_exit(child, caf::exit_reason::kill);
}

void SupervisingActor::step(const SupervisionEvent& event) {
  if (context().crashed()) return;
  for (const SupervisionEffect& effect : machine_.step(now(), event)) {
    std::visit([this](const auto& order) { perform(order); }, effect);
  }
}

void SupervisingActor::perform(const StartChild& effect) {
  const caf::actor child = factories_.at(effect.name)();
  names_[child.address()] = effect.name;
  running_[effect.name] = child;
  monitor(child);
}

void SupervisingActor::perform(const StopChild& effect) {
  const auto found = running_.find(effect.name);
  if (found != running_.end()) caf::anon_send_exit(found->second, caf::exit_reason::user_shutdown);
}

void SupervisingActor::perform(const ForgetChild& effect) {
  factories_.erase(effect.name);
  context().forget(effect.name);
  on_child_gone(effect.name);
}

void SupervisingActor::perform(const Escalate& effect) {
  escalation_ = effect.reason;
  exit_reason_ = caf::sec::runtime_error;
  note_error("too many restarts: " + effect.reason);
}

void SupervisingActor::perform(const AllStopped& /*effect*/) {
  if (!escalation_.empty()) on_escalation(escalation_);
  quit(exit_reason_);
}

}  // namespace millrace
