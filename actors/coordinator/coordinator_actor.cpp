#include "actors/coordinator/coordinator_actor.hpp"

#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "runtime/actor_names.hpp"

namespace millrace::coordinator {
namespace {

constexpr Duration tick_interval = 100ms;

// Correlations of orders to the store. In front of them stands which actor orders: what the store
// owes to a predecessor of the same name arrives here, too.
constexpr int order_bits = 8;
constexpr Correlation order_mask = (Correlation{1} << order_bits) - 1;
constexpr Correlation correlation_load = 1;
constexpr Correlation correlation_commit = 2;
constexpr Correlation correlation_snapshot = 3;
constexpr Correlation correlation_news = 4;
constexpr Correlation correlation_close = 5;

StoreOrder order_of(Correlation order) {
  if (order == correlation_load) return StoreOrder::load;
  return order == correlation_news ? StoreOrder::read_news : StoreOrder::commit;
}

}  // namespace

CoordinatorActor::CoordinatorActor(caf::actor_config& config, ActorSetup setup,
                                   OfficeMachine::Options options, std::string metadata,
                                   const PublishedView& published)
    : Actor(config, std::move(setup)),
      metadata_(std::move(metadata)),
      commands_account_(context().budgets(), {"commands_of_coordinator", "commands",
                                              3 * options.coordinator.commands_max}),
      deltas_account_(context().budgets(),
                      {"deltas_of_coordinator", "deltas", options.coordinator.deltas_kept}),
      published_(published),
      machine_(std::move(options), context().node(), context().identity().incarnation) {}

void CoordinatorActor::on_start() { on_timer(0); }

void CoordinatorActor::on_timer(std::uint64_t /*id*/) {
  follow();
  step(Tick{context().wall_clock()});
  start_timer(tick_interval, 0);
}

void CoordinatorActor::follow() {
  const auto view = published_.get();
  if (view->revision == followed_) return;
  followed_ = view->revision;
  step(Followed{view->revision, view->catalog});
}

void CoordinatorActor::on_envelope(const Envelope& envelope) {
  auto event = decode(envelope);
  if (!event) return drop(event.error());
  if (*event) step(**event);
}

Result<std::optional<OfficeEvent>> CoordinatorActor::decode(const Envelope& envelope) {
  if (is_report(envelope)) {
    auto report = decode_report(envelope);
    if (!report) return tl::unexpected<Error>(report.error());
    return OfficeEvent{std::move(*report)};
  }
  if (is_peer_status(envelope)) return decode_peer_status(envelope);
  if (is_store_answer(envelope)) {
    if (envelope.correlation >> order_bits != id()) return std::nullopt;
    const Correlation order = envelope.correlation & order_mask;
    if (order == correlation_snapshot || order == correlation_close) return std::nullopt;
    auto outcome = decode_outcome(envelope, order_of(order));
    if (outcome || order == correlation_commit) return outcome;
    note_error(outcome.error().message);
    // Damaged metadata is no metadata.
    if (order == correlation_news) return OfficeEvent{NewsFailed{outcome.error()}};
    return OfficeEvent{LoadFailed{outcome.error()}};
  }
  auto command = decode_command(envelope);
  if (!command) return tl::unexpected<Error>(command.error());
  const Ticket ticket = tickets_++;
  askers_.emplace(ticket, Asker{envelope.from, envelope.correlation});
  return OfficeEvent{
      Asked{ticket, envelope.from.node, std::move(*command), context().wall_clock()}};
}

void CoordinatorActor::step(const OfficeEvent& event) {
  for (const OfficeEffect& effect : machine_.step(now(), event)) {
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
  commands_account_.set(machine_.waiting_commands());
  deltas_account_.set(machine_.kept_deltas());
}

void CoordinatorActor::order_store(Correlation correlation, Envelope order) {
  order.correlation = Correlation{id()} << order_bits | correlation;
  send_here(metadata_, std::move(order));
}

void CoordinatorActor::perform(const Load& /*effect*/) {
  order_store(correlation_load, encode_load());
}

void CoordinatorActor::perform(const Commit& effect) {
  order_store(correlation_commit, encode_commit(effect));
}

void CoordinatorActor::perform(const StoreSnapshot& effect) {
  order_store(correlation_snapshot, encode_snapshot(effect));
}

void CoordinatorActor::perform(const ReadNews& effect) {
  order_store(correlation_news, encode_read_news(effect));
}

void CoordinatorActor::perform(const CloseStore& /*effect*/) {
  order_store(correlation_close, encode_close_store());
}

void CoordinatorActor::perform(const OfficeChanged& effect) {
  log_event(EventLevel::info, effect.in_office ? "office_taken" : "office_left",
            {{"node", context().node().value()},
             {"holder", effect.office.node.value()},
             {"epoch", effect.office.epoch.value()}});
}

void CoordinatorActor::perform(const Answer& effect) {
  const auto asker = askers_.extract(effect.ticket);
  if (asker.empty()) return;
  Envelope answer = encode_reply(effect.reply);
  answer.correlation = asker.mapped().correlation;
  send(asker.mapped().from, std::move(answer));
}

void CoordinatorActor::perform(const SendUpdate& effect) {
  log_event(EventLevel::debug, "cluster_update",
            {{"node", context().node().value()},
             {"to", effect.to.value()},
             {"revision", effect.revision.value()}});
  send({effect.to, tablet_name}, encode_update(effect));
}

void CoordinatorActor::perform(const WarnWithoutEffect& effect) {
  if (effect.table.empty()) {
    return log_event(EventLevel::warn, "config_without_effect", {{"key", effect.key}});
  }
  log_event(EventLevel::warn, "option_without_effect",
            {{"table", effect.table}, {"option", effect.key}});
}

}  // namespace millrace::coordinator
