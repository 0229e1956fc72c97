#pragma once
#include <cstdint>
#include <memory>

#include "actors/gateway/connection_actor.hpp"
#include "runtime/supervision/supervising_actor.hpp"

namespace millrace::gateway {

struct GatewayOptions {
  std::size_t connections_max = 1000;  ///< A further one is closed as soon as it arrives.
  ConnectionLimits connection;
  std::shared_ptr<const GatewaySecurity> security = std::make_shared<const GatewaySecurity>();
  /// What the node was started with, as clients may see it.
  std::shared_ptr<const protocol::Properties> configs =
      std::make_shared<const protocol::Properties>();
};

/// The public protocol's front door: takes connections and gives each an actor of its own. The
/// listener announces them to the actor of the name above.
class GatewayActor final : public SupervisingActor {
 public:
  GatewayActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
               const PublishedView& published, GatewayBudgets& budgets, GatewayOptions options);

 protected:
  void on_envelope(const Envelope& envelope) override;
  void on_child_gone(const std::string& name) override;

 private:
  Transport& transport_;
  const PublishedView& published_;
  GatewayBudgets& budgets_;
  const GatewayOptions options_;
  std::size_t connections_ = 0;
  BudgetAccount account_;
};

}  // namespace millrace::gateway
