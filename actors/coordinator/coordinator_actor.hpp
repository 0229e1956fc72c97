#pragma once
#include <map>
#include <string>

#include "actors/coordinator/coordinator_codec.hpp"
#include "runtime/actor.hpp"

namespace millrace::coordinator {

/// The coordinator of this node, in office or standing by. Decides nothing: OfficeMachine does.
class CoordinatorActor final : public Actor {
 public:
  /// `metadata` is the name of the actor that owns the metadata store.
  /// `published` is what this node's tablet hears.
  CoordinatorActor(caf::actor_config& config, ActorSetup setup, OfficeMachine::Options options,
                   std::string metadata, const PublishedView& published);

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;

 private:
  struct Asker {
    ActorAddress from;
    Correlation correlation = 0;
  };

  void step(const OfficeEvent& event);
  void follow();
  void order_store(Correlation correlation, Envelope order);
  void perform(const Load& effect);
  void perform(const Commit& effect);
  void perform(const StoreSnapshot& effect);
  void perform(const Answer& effect);
  void perform(const SendUpdate& effect);
  static void perform(const WarnWithoutEffect& effect);
  void perform(const ReadNews& effect);
  void perform(const CloseStore& effect);
  void perform(const OfficeChanged& effect);
  [[nodiscard]] Result<std::optional<OfficeEvent>> decode(const Envelope& envelope);

  const std::string metadata_;
  BudgetAccount commands_account_;
  BudgetAccount deltas_account_;
  const PublishedView& published_;
  Revision followed_;
  OfficeMachine machine_;
  std::map<Ticket, Asker> askers_;
  Ticket tickets_ = 0;
};

}  // namespace millrace::coordinator
