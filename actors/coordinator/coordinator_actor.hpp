#pragma once
#include <map>
#include <string>

#include "actors/coordinator/coordinator_codec.hpp"
#include "runtime/actor.hpp"

namespace millrace::coordinator {

/// The coordinator of this node. Decides nothing: CoordinatorMachine does.
class CoordinatorActor final : public Actor {
 public:
  /// `metadata` is the name of the actor that owns the metadata store.
  CoordinatorActor(caf::actor_config& config, ActorSetup setup, CoordinatorMachine::Options options,
                   std::string metadata);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;

 private:
  struct Asker {
    ActorAddress from;
    Correlation correlation = 0;
  };

  void step(const Event& event);
  void order_store(Correlation correlation, Envelope order);
  void perform(const Load& effect);
  void perform(const Commit& effect);
  void perform(const StoreSnapshot& effect);
  void perform(const Answer& effect);
  void perform(const SendUpdate& effect);
  static void perform(const WarnWithoutEffect& effect);
  [[nodiscard]] Result<std::optional<Event>> decode(const Envelope& envelope);

  const std::string metadata_;
  BudgetAccount commands_account_;
  BudgetAccount deltas_account_;
  CoordinatorMachine machine_;
  std::map<Ticket, Asker> askers_;
  Ticket tickets_ = 0;
};

}  // namespace millrace::coordinator
