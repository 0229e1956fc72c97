#pragma once
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "runtime/actor.hpp"
#include "runtime/supervision/supervisor_machine.hpp"

namespace millrace {

/// An actor that has children. What happens when one ends is the SupervisorMachine's business; this
/// shell spawns, watches and stops. When it is asked to end, or fails, its children end first, last
/// one first: whoever starts it again finds no old ones.
class SupervisingActor : public Actor {
 public:
  /// Spawns the child under the given name and returns its handle.
  using Factory = std::function<caf::actor()>;

  SupervisingActor(caf::actor_config& config, ActorSetup setup, RestartStrategy strategy,
                   RestartIntensity intensity);

 protected:
  /// Adds a child and starts it. Requires a name that no other child of this actor has.
  void start_child(ChildDescription child, Factory factory);
  /// Ends a child for good.
  void stop_child(const std::string& name);
  /// A child has ended and will not come back.
  virtual void on_child_gone(const std::string& /*name*/) {}
  /// A timer of the actor's own.
  virtual void on_own_timer(std::uint64_t /*id*/) {}
  /// Children failed too often. All are stopped by now; this actor fails next.
  virtual void on_escalation(const std::string& /*reason*/) {}

  void on_timer(std::uint64_t id) final;
  void on_exit_request(const caf::error& reason) override;
  void on_failure(const caf::error& reason) override;

 private:
  void step(SupervisionEvent event);
  void take(const SupervisionEvent& event);
  void perform(const StartChild& effect);
  void perform(const StartLater& effect);
  void perform(const StopChild& effect);
  void perform(const ForgetChild& effect);
  void perform(const Escalate& effect);
  void perform(const AllStopped& effect);

  SupervisorMachine machine_;
  std::map<std::string, Factory> factories_;
  std::map<std::string, caf::actor> running_;
  std::map<caf::actor_addr, std::string> names_;
  std::map<std::uint64_t, std::string> due_;  // Children that back off, by timer.
  std::uint64_t timers_ = 0;
  std::deque<SupervisionEvent> pending_;
  bool stepping_ = false;
  caf::error exit_reason_;
  std::string escalation_;
};

}  // namespace millrace
