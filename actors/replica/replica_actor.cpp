#include "actors/replica/replica_actor.hpp"

#include <utility>
#include <variant>

namespace millrace::replica {
namespace {

// Correlations of orders to the device: reads and searches carry the ticket they are for, which
// start above these two. In front of them stands which actor asks: what a device owes to a
// predecessor of the same name arrives here, too, and must not be taken for an answer to us.
constexpr int ticket_bits = 40;
constexpr Correlation ticket_mask = (Correlation{1} << ticket_bits) - 1;
constexpr Correlation correlation_open = 1;
constexpr Correlation correlation_write = 2;
constexpr Correlation correlation_expire = 3;
constexpr Ticket first_ticket = 8;

// Every timer from first_ticket on is an await's.
constexpr std::uint64_t timer_open_again = 0;
constexpr std::uint64_t timer_retention = 1;
constexpr std::uint64_t timer_writers = 2;
constexpr std::uint64_t timer_open_due = 3;
constexpr Duration open_again_after = 500ms;

}  // namespace

ReplicaActor::ReplicaActor(caf::actor_config& config, ActorSetup setup, BucketId bucket,
                           std::string device, ReplicaOptions options)
    : Actor(config, std::move(setup)),
      bucket_(bucket),
      device_(std::move(device)),
      options_(std::move(options)),
      machine_(options_.writer_expiration),
      appends_account_(context().budgets(),
                       {"appends_of_bucket", "appends", ReplicaMachine::writes_max}),
      readers_account_(context().budgets(),
                       {"readers_of_bucket", "readers", ReplicaMachine::waiting_max}),
      writers_account_(context().budgets(),
                       {"writers_of_bucket", "writers", RecentBatches::writers_max}),
      tickets_(first_ticket) {}

void ReplicaActor::on_start() {
  Random random = context().random_for(actor_name());
  start_timer(Duration(random.between(0, options_.open_within.count())), timer_open_due);
  start_timer(options_.retention_check_interval, timer_retention);
  start_timer(options_.writer_check_interval, timer_writers);
}

void ReplicaActor::on_stop() {
  if (!machine_.is_resting()) send_here(device_, encode_close(bucket_));
}

void ReplicaActor::on_timer(std::uint64_t id) {
  if (id == timer_open_again) return order(correlation_open, encode_open(bucket_));
  if (id == timer_open_due) return step(OpenDue{});
  if (id == timer_retention) {
    start_timer(options_.retention_check_interval, timer_retention);
    return step(RetentionDue{context().wall_clock(), options_.time_to_live(),
                             options_.roll_active_segment()});
  }
  if (id == timer_writers) {
    start_timer(options_.writer_check_interval, timer_writers);
    return step(WriterExpiryDue{context().wall_clock()});
  }
  step(AwaitExpired{id});
}

void ReplicaActor::on_envelope(const Envelope& envelope) {
  if (is_device_answer(envelope)) return take_device(envelope);
  take_request(envelope);
}

void ReplicaActor::take_request(const Envelope& envelope) {
  const Ticket ticket = tickets_++;
  auto asked = decode_request(envelope, ticket, context().wall_clock());
  if (!asked) return drop(asked.error());
  Asker asker{envelope.from, envelope.correlation, 0, {}};
  if (const auto* read = std::get_if<ReadAsked>(&asked->event)) asker.read = *read;
  askers_.emplace(ticket, std::move(asker));
  if (std::holds_alternative<AwaitAsked>(asked->event)) start_timer(asked->wait_max, ticket);
  if (auto* append = std::get_if<AppendAsked>(&asked->event)) {
    append->durable = options_.durability() == protocol::Durability::disk;
  }
  step(asked->event);
}

void ReplicaActor::take_device(const Envelope& envelope) {
  auto decoded = decode_device(envelope);
  if (!decoded) return drop(decoded.error());
  if ((envelope.correlation & ~ticket_mask) != own_correlations()) return;
  const Ticket ticket = envelope.correlation & ticket_mask;
  if (auto* opened = std::get_if<Opened>(&*decoded)) {
    opened->wall_clock = context().wall_clock();
    return step(*opened);
  }
  if (const auto* written = std::get_if<Written>(&*decoded)) return step(*written);
  if (const auto* expired = std::get_if<Expired>(&*decoded)) return step(*expired);
  if (const auto* data = std::get_if<DeviceData>(&*decoded)) {
    const auto asker = askers_.find(ticket);
    if (asker == askers_.end()) return;
    return answer(ticket, encode_data(asker->second.read_from, machine_.high_watermark(),
                                      machine_.log_start(), data->batches));
  }
  if (const auto* offset = std::get_if<DeviceOffset>(&*decoded)) {
    return answer(ticket, encode_offset(offset->offset));
  }
  take_failure(ticket, std::get<DeviceFailed>(*decoded));
}

void ReplicaActor::take_failure(Ticket ticket, const DeviceFailed& failed) {
  if (failed.error.code == Errc::stale_epoch) {
    // Deleted while the read was on its way; the news of it came first, so this time it is known.
    const auto asker = askers_.find(ticket);
    if (asker != askers_.end()) step(asker->second.read);
    return;
  }
  note_error(failed.error.message);
  if (ticket == correlation_open) return step(OpenFailed{failed.error});
  if (ticket == correlation_write) return step(WriteFailed{failed.error, failed.end});
  if (ticket == correlation_expire) return step(ExpiryFailed{});
  answer(ticket, encode_failure(failed.error));
  if (failed.error.code == Errc::unavailable) step(LogClosed{failed.error});
}

void ReplicaActor::step(const Event& event) {
  for (const Effect& effect : machine_.step(event)) {
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
  appends_account_.set(machine_.write_count());
  readers_account_.set(machine_.waiting_count());
  writers_account_.set(machine_.writer_count());
}

void ReplicaActor::answer(Ticket ticket, Envelope envelope) {
  const auto asker = askers_.extract(ticket);
  if (asker.empty()) return;
  envelope.correlation = asker.mapped().correlation;
  send(asker.mapped().from, std::move(envelope));
}

void ReplicaActor::order(Correlation correlation, Envelope envelope) {
  envelope.correlation = own_correlations() | correlation;
  send_here(device_, std::move(envelope));
}

Correlation ReplicaActor::own_correlations() const { return Correlation{id()} << ticket_bits; }

void ReplicaActor::perform(const WriteBatches& effect) {
  order(correlation_write, encode_write(bucket_, effect));
}

void ReplicaActor::perform(const ReadLog& effect) {
  askers_[effect.ticket].read_from = effect.from;
  order(effect.ticket, encode_read(bucket_, effect));
}

void ReplicaActor::perform(const FindTimestamp& effect) {
  order(effect.ticket, encode_find(bucket_, effect));
}

void ReplicaActor::perform(const AnswerAppended& effect) {
  answer(effect.ticket, encode_appended(effect.base, effect.high_watermark));
}

void ReplicaActor::perform(const AnswerNoData& effect) {
  answer(effect.ticket,
         encode_data(effect.from, machine_.high_watermark(), machine_.log_start(), {}));
}

void ReplicaActor::perform(const AnswerAdvanced& effect) {
  answer(effect.ticket, encode_advanced(machine_.high_watermark()));
}

void ReplicaActor::perform(const AnswerWritten& effect) {
  answer(effect.ticket,
         encode_data(effect.from, machine_.high_watermark(), machine_.log_start(), effect.batches));
}

void ReplicaActor::perform(const AnswerOffset& effect) {
  answer(effect.ticket, encode_offset(effect.offset));
}

void ReplicaActor::perform(const Refuse& effect) {
  answer(effect.ticket, encode_refusal(effect.error));
}

void ReplicaActor::perform(const Fail& effect) {
  answer(effect.ticket, encode_failure(effect.error));
}

void ReplicaActor::perform(const ExpireLog& effect) {
  order(correlation_expire, encode_expire(bucket_, effect));
}

void ReplicaActor::perform(const OpenNow& /*effect*/) {
  order(correlation_open, encode_open(bucket_));
}

void ReplicaActor::perform(const OpenLater& /*effect*/) {
  start_timer(open_again_after, timer_open_again);
}

}  // namespace millrace::replica
