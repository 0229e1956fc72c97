#include "runtime/actor.hpp"

#include <exception>

#include "runtime/caf_types.hpp"

namespace millrace {
namespace {

std::string text_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

Actor::Actor(caf::actor_config& config, ActorSetup setup)
    : caf::event_based_actor(config), setup_(std::move(setup)) {
  set_default_handler(caf::drop);
  set_exit_handler([this](caf::exit_msg& message) {
    if (message.reason == caf::exit_reason::unhandled_exception) {
      failed_ = true;
      return on_failure(message.reason);
    }
    guarded([&] { on_exit_request(message.reason); });
  });
}

Actor::~Actor() = default;

caf::behavior Actor::make_behavior() {
  // A process that crashed before this actor's first turn does not start it any more.
  if (!context().crashed()) {
    setup_.stats->on_start();
    guarded([this] { on_start(); });
  }
  return {
      // Also what is noted of a message may find no memory.
      [this](const Envelope& envelope) { guarded([&] { handle(envelope); }); },
      [this](timer_atom, std::uint64_t id) {
        if (!context().crashed() && !failed_) guarded([&] { on_timer(id); });
      },
  };
}

void Actor::handle(const Envelope& envelope) {
  if (context().crashed() || failed_) return;
  Environment& environment = context().environment();
  environment.on_handle(context().node(), setup_.name, envelope);
  FlightRecord record;
  record.handled_at = environment.now();
  record.schema = envelope.schema;
  record.from = to_string(envelope.from);
  record.bytes = envelope.size_bytes();
  record.waited = record.handled_at - envelope.sent_at;
  const Duration begun = environment.work_clock();
  dropped_ = false;
  guarded([&] { on_envelope(envelope); });
  record.worked = environment.work_clock() - begun;
  record.dropped = dropped_;
  setup_.stats->on_handled(record);
}

void Actor::fail_with(const std::exception_ptr& thrown) {
  failed_ = true;
  note_error(text_of(thrown));
  on_failure(caf::exit_reason::unhandled_exception);
}

void Actor::on_failure(const caf::error& reason) { quit(reason); }

void Actor::send(const ActorAddress& to, Envelope envelope) {
  envelope.from = address();
  envelope.incarnation = context().identity().incarnation;
  context().send(to, std::move(envelope));
}

void Actor::send_here(const std::string& to, Envelope envelope) {
  send(context().address_of(to), std::move(envelope));
}

void Actor::reply(const Envelope& request, Envelope answer) {
  answer.correlation = request.correlation;
  send(request.from, std::move(answer));
}

void Actor::start_timer(Duration delay, std::uint64_t id) {
  context().environment().start_timer(caf::actor_cast<caf::actor>(this), delay, id);
}

void Actor::drop(const Error& error) {
  dropped_ = true;
  setup_.stats->on_error(error.message);
}

void Actor::stop() { on_exit_request(caf::exit_reason::normal); }

void Actor::on_exit_request(const caf::error& reason) {
  on_stop();
  quit(reason);
}

void Actor::on_exit() {
  on_end();
  setup_.stats->on_exit({});
  context().leave(setup_.name, id());
}

}  // namespace millrace
