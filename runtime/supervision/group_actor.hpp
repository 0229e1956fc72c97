#pragma once
#include <functional>
#include <string>
#include <vector>

#include "runtime/supervision/supervising_actor.hpp"

namespace millrace {

/// A supervisor that does nothing but supervise: what a node's tree is made of.
class GroupActor final : public SupervisingActor {
 public:
  struct Member {
    ChildDescription child;
    /// Spawns the member as a child of `parent`.
    std::function<ActorHandle(const std::string& name, const std::string& parent)> spawn;
  };
  struct Plan {
    RestartStrategy strategy = RestartStrategy::one_for_one;
    RestartIntensity intensity;
    std::vector<Member> members;  ///< Started in this order, stopped in the reverse order.
    /// Told when every member can be sent messages, at each start of the group.
    std::function<void()> started{};
    /// Told when members failed too often, before the group itself fails.
    std::function<void(const std::string& reason)> escalated;
  };

  GroupActor(caf::actor_config& config, ActorSetup setup, Plan plan)
      : SupervisingActor(config, std::move(setup), plan.strategy, plan.intensity),
        plan_(std::move(plan)) {}

 protected:
  void on_start() override {
    for (const Member& member : plan_.members) {
      start_child(member.child,
                  [this, &member] { return member.spawn(member.child.name, actor_name()); });
    }
    if (plan_.started) plan_.started();
  }
  void on_envelope(const Envelope& /*envelope*/) override {
    drop({Errc::malformed, "a group takes no messages"});
  }
  void on_escalation(const std::string& reason) override {
    if (plan_.escalated) plan_.escalated(reason);
  }

 private:
  const Plan plan_;
};

}  // namespace millrace
