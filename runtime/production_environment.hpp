#pragma once
#include <memory>

#include "runtime/environment.hpp"

namespace millrace {

/// Real time, real threads, CAF's own scheduler. Owns the actor system: destroying it waits until
/// every actor has ended.
class ProductionEnvironment final : public Environment {
 public:
  /// `scheduler_threads` share the actors that are not detached.
  explicit ProductionEnvironment(std::size_t scheduler_threads);
  ~ProductionEnvironment() override;

  /// Waits until every actor has ended: from here on nothing uses their contexts and transports.
  void await_actors();

  [[nodiscard]] caf::actor_system& system() override;
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] EpochMillis wall_clock() const override;
  [[nodiscard]] Duration work_clock() const override;
  void start_timer(const caf::actor& to, Duration delay, std::uint64_t id) override;
  [[nodiscard]] bool has_threads() const override { return true; }
  void on_handle(NodeId, std::string_view, const Envelope&) override {}

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
