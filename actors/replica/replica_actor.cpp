#include "actors/replica/replica_actor.hpp"

#include <algorithm>
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
constexpr Correlation correlation_begin = 4;
constexpr Correlation correlation_propose = 5;
constexpr Ticket first_ticket = 8;

// Every timer from first_ticket on is an await's.
constexpr std::uint64_t timer_open_again = 0;
constexpr std::uint64_t timer_retention = 1;
constexpr std::uint64_t timer_writers = 2;
constexpr std::uint64_t timer_open_due = 3;
constexpr std::uint64_t timer_tick = 4;
constexpr Duration tick_interval = 1s;
constexpr Duration open_again_after = 500ms;

}  // namespace

ReplicaActor::ReplicaActor(caf::actor_config& config, ActorSetup setup, BucketId bucket,
                           std::string device, ReplicaOptions options)
    : Actor(config, std::move(setup)),
      bucket_(bucket),
      device_(std::move(device)),
      options_(std::move(options)),
      machine_(context().node(), options_.rules),
      appends_account_(context().budgets(), {"appends_of_bucket", "appends",
                                             LeaderLog::writes_max + LeaderLog::unconfirmed_max}),
      readers_account_(context().budgets(),
                       {"readers_of_bucket", "readers", LeaderLog::waiting_max}),
      writers_account_(context().budgets(),
                       {"writers_of_bucket", "writers", RecentBatches::writers_max}),
      tickets_(first_ticket) {}

void ReplicaActor::on_start() {
  Random random = context().random_for(actor_name());
  start_timer(Duration(random.between(0, options_.open_within.count())), timer_open_due);
  start_timer(options_.retention_check_interval, timer_retention);
  start_timer(options_.writer_check_interval, timer_writers);
  if (const auto assigned = options_.assigned()) step(*assigned);
}

void ReplicaActor::on_stop() {
  if (!machine_.is_resting()) send_here(device_, encode_close(bucket_));
}

void ReplicaActor::on_timer(std::uint64_t id) {
  if (id == timer_open_again) return order(correlation_open, encode_open(bucket_));
  if (id == timer_open_due) return step(OpenDue{});
  if (id == timer_tick) {
    ticks_ = false;
    return step(TickDue{});
  }
  if (id == timer_retention) {
    start_timer(options_.retention_check_interval, timer_retention);
    return step(RetentionDue{context().wall_clock(), options_.time_to_live(),
                             options_.roll_active_segment()});
  }
  if (id == timer_writers) {
    start_timer(options_.writer_check_interval, timer_writers);
    return step(WriterExpiryDue{});
  }
  step(AwaitExpired{id});
}

void ReplicaActor::on_envelope(const Envelope& envelope) {
  if (is_device_answer(envelope)) return take_device(envelope);
  if (is_replication(envelope)) return take_replication(envelope);
  if (is_fetch_reply(envelope)) return take_fetch_reply(envelope);
  if (is_news(envelope)) {
    const auto news = decode_news(envelope);
    return news ? step(*news) : drop(news.error());
  }
  if (is_coordinator_answer(envelope)) {
    const auto refused = is_refused(envelope);
    if (!refused) return drop(refused.error());
    return *refused ? step(ProposalRefused{}) : void();
  }
  take_request(envelope);
}

void ReplicaActor::take_replication(const Envelope& envelope) {
  const Ticket ticket = tickets_++;
  const auto said = decode_replication(envelope, ticket);
  if (!said) return drop(said.error());
  if (std::holds_alternative<FetchAsked>(*said)) {
    askers_.emplace(ticket, Asker{envelope.from, envelope.correlation, 0, {}, true});
  }
  step(*said);
}

void ReplicaActor::take_fetch_reply(const Envelope& envelope) {
  if ((envelope.correlation & ~ticket_mask) != own_correlations()) return;
  auto reply = decode_fetch_reply(envelope);
  if (!reply) return drop(reply.error());
  step(Fetched{envelope.correlation & ticket_mask, std::move(*reply),
               options_.durability() == protocol::Durability::disk});
}

void ReplicaActor::take_data(Ticket ticket, const Buffer& batches) {
  const auto asker = askers_.find(ticket);
  if (asker == askers_.end()) return;
  const Offset from = asker->second.read_from;
  if (!asker->second.is_follower) {
    return answer(ticket,
                  encode_data(from, machine_.high_watermark(), machine_.log_start(), batches));
  }
  auto rows = machine_.rows_for(from, batches);
  answer(ticket, encode_fetch_reply(rows ? FetchReply{std::move(*rows)} : FetchRefused{}));
}

void ReplicaActor::take_request(const Envelope& envelope) {
  const Ticket ticket = tickets_++;
  auto asked = decode_request(envelope, ticket, context().wall_clock());
  if (!asked) return drop(asked.error());
  Asker asker{envelope.from, envelope.correlation, 0, {}, false};
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
  if (const auto* opened = std::get_if<Opened>(&*decoded)) return step(*opened);
  if (const auto* written = std::get_if<Written>(&*decoded)) return step(*written);
  if (const auto* expired = std::get_if<Expired>(&*decoded)) return step(*expired);
  if (const auto* begun = std::get_if<EpochBegun>(&*decoded)) return step(*begun);
  if (const auto* data = std::get_if<DeviceData>(&*decoded)) {
    return take_data(ticket, data->batches);
  }
  if (const auto* offset = std::get_if<DeviceOffset>(&*decoded)) {
    // What is not visible yet is not there for those who look by time.
    return answer(ticket, encode_offset(std::min(offset->offset, machine_.high_watermark())));
  }
  take_failure(ticket, std::get<DeviceFailed>(*decoded));
}

void ReplicaActor::take_failure(Ticket ticket, const DeviceFailed& failed) {
  const auto follower = askers_.find(ticket);
  if (follower != askers_.end() && follower->second.is_follower) {
    return answer(ticket, encode_fetch_reply(FetchRefused{}));
  }
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
  if (ticket == correlation_begin) return step(EpochFailed{failed.error});
  answer(ticket, encode_failure(failed.error));
  if (failed.error.code == Errc::unavailable) step(LogClosed{failed.error});
}

void ReplicaActor::step(const Event& event) {
  for (const Effect& effect : machine_.step(now(), event)) {
    std::visit([this](const auto& one) { perform(one); }, effect);
  }
  if (machine_.is_replicated() && !machine_.is_resting() && !std::exchange(ticks_, true)) {
    start_timer(tick_interval, timer_tick);
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

void ReplicaActor::perform(const BeginEpoch& effect) {
  order(correlation_begin, encode_begin(bucket_, effect));
}

void ReplicaActor::perform(const CutLog& effect) {
  order(correlation_open, encode_cut(bucket_, effect));
}

void ReplicaActor::perform(const RestartLog& effect) {
  order(correlation_open, encode_restart(bucket_, effect));
}

void ReplicaActor::perform(const AskLeader& effect) {
  Envelope ask = encode_fetch(effect);
  ask.correlation = own_correlations() | (effect.number & ticket_mask);
  send({effect.leader, actor_name()}, std::move(ask));
}

void ReplicaActor::perform(const AnswerFetch& effect) {
  answer(effect.ticket, encode_fetch_reply(effect.reply));
}

void ReplicaActor::perform(const ReadForFollower& effect) {
  askers_[effect.ticket].read_from = effect.from;
  order(effect.ticket,
        encode_read(bucket_, {effect.ticket, effect.from, effect.limit, effect.bytes_max}));
}

void ReplicaActor::perform(const WakeFollower& effect) {
  send({effect.node, actor_name()}, encode_leader_waits(effect.epoch));
}

void ReplicaActor::perform(const ProposeInSync& effect) {
  Envelope proposal = encode_proposal(bucket_, effect.proposal);
  proposal.correlation = own_correlations() | correlation_propose;
  send(options_.coordinator(), std::move(proposal));
}

void ReplicaActor::perform(const OpenNow& /*effect*/) {
  order(correlation_open, encode_open(bucket_));
}

void ReplicaActor::perform(const OpenLater& /*effect*/) {
  start_timer(open_again_after, timer_open_again);
}

}  // namespace millrace::replica
