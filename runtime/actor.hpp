#pragma once
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/spawn_options.hpp>

#include "runtime/node_context.hpp"

namespace millrace {

/// What every actor is born with.
struct ActorSetup {
  NodeContext& context;
  std::string name;
  std::shared_ptr<ActorStats> stats;
};

/// Base of all actors: counts, records and times each message, and keeps what is the same for all
/// out of the roles. A role's shell overrides the hooks; it decodes, steps its logic and performs
/// the effects. Everything runs on the actor's own thread of control.
class Actor : public caf::event_based_actor {
 public:
  Actor(caf::actor_config& config, ActorSetup setup);
  ~Actor() override;

  const char* name() const override { return setup_.name.c_str(); }
  /// The node it runs on.
  [[nodiscard]] NodeId home() const { return setup_.context.node(); }

 protected:
  /// Before the first message.
  virtual void on_start() {}
  virtual void on_envelope(const Envelope& envelope) = 0;
  virtual void on_timer(std::uint64_t /*id*/) {}
  /// Asked to stop: release what is held. Not called on a crash.
  virtual void on_stop() {}
  /// Ending, for whatever reason: the last thing that runs.
  virtual void on_end() {}

  [[nodiscard]] NodeContext& context() const { return setup_.context; }
  [[nodiscard]] const std::string& actor_name() const { return setup_.name; }
  [[nodiscard]] ActorAddress address() const { return context().address_of(setup_.name); }
  [[nodiscard]] Instant now() const { return context().now(); }

  void send(const ActorAddress& to, Envelope envelope);
  /// To an actor of this node.
  void send_here(const std::string& to, Envelope envelope);
  /// Answers with the request's correlation id.
  void reply(const Envelope& request, Envelope answer);
  void start_timer(Duration delay, std::uint64_t id);
  /// A message that cannot be used: counted, kept as the last error, otherwise ignored.
  void drop(const Error& error);
  void note_error(const std::string& message) { setup_.stats->on_error(message); }
  /// Ends this actor normally.
  void stop();
  /// Somebody wants this actor to end for `reason`. The default lets go and ends at once.
  virtual void on_exit_request(const caf::error& reason);
  /// This actor threw, or was killed. The default ends at once; nothing is handled any more.
  virtual void on_failure(const caf::error& reason);
  /// Runs `work`; what it throws fails this actor.
  template <class Work>
  void guarded(Work&& work) {
    try {
      std::forward<Work>(work)();
    } catch (...) {
      fail_with(std::current_exception());
    }
  }

  caf::behavior make_behavior() final;
  void on_exit() final;

 private:
  void handle(const Envelope& envelope);
  void fail_with(const std::exception_ptr& thrown);

  ActorSetup setup_;
  bool failed_ = false;
  bool dropped_ = false;
};

template <class T, class... Args>
caf::actor NodeContext::spawn(const std::string& name, const std::string& parent,
                              Placement placement, Args&&... args) {
  ActorSetup setup{*this, name, stats_of(name, parent)};
  // Held until the handle is entered, so that the new actor cannot leave before it has entered.
  const std::unique_lock lock(mutex_);
  const bool own_thread = placement == Placement::detached && environment_.has_threads();
  caf::actor handle =
      own_thread ? environment_.system().spawn<T, caf::detached>(std::move(setup),
                                                                 std::forward<Args>(args)...)
                 : environment_.system().spawn<T>(std::move(setup), std::forward<Args>(args)...);
  entries_[name].handle = handle;
  return handle;
}

}  // namespace millrace
