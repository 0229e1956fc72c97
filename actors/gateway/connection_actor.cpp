#include "actors/gateway/connection_actor.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "actors/gateway/access_rules.hpp"
#include "actors/gateway/gateway_codec.hpp"
#include "base/log_event.hpp"
#include "protocol/log_batch.hpp"
#include "runtime/actor_names.hpp"
#include "runtime/transport_inbox.hpp"

namespace millrace::gateway {
namespace {

// A correlation is the call's number and the slot of the question within the call.
constexpr int slot_bits = 20;
constexpr std::uint64_t slot_mask = (1U << slot_bits) - 1;

constexpr std::uint64_t timer_idle = 0;  // Every other timer but these is the number of a call.
constexpr std::uint64_t timer_requests_room = ~std::uint64_t{0};
constexpr std::uint64_t timer_answers_room = ~std::uint64_t{1};
constexpr std::uint64_t timer_watch = ~std::uint64_t{2};
constexpr std::uint64_t timer_authentication = ~std::uint64_t{3};
constexpr std::uint64_t timer_share_room = ~std::uint64_t{4};
constexpr std::uint64_t timer_command = std::uint64_t{1} << 62;  // Or-ed with the call's number.
constexpr Duration command_again_after = 50ms;
// Of a frame, before anybody has said who he is: strangers shall not hold the node's budget.
constexpr std::size_t strangers_bytes_max = std::size_t{64} << 10;

Caller caller_from(const ConnectionOrigin& origin) {
  const GatewaySecurity& security = *origin.security;
  const ListenerSecurity& listener = security.listeners.at(origin.listener);
  Caller caller;
  caller.listener = listener.name;
  caller.host = origin.host;
  caller.passes_all = listener.is_internal;
  if (security.authorizer.enabled) caller.authorizer = &security.authorizer;
  return caller;
}

/// Asked of a node whose coordinator is not in office: nothing was done.
bool is_elsewhere(const CoordinatorAnswer& answer) {
  const auto* refused = std::get_if<protocol::ProtocolError>(&answer);
  return refused != nullptr &&
         refused->code == protocol::ErrorCode::not_coordinator_leader_exception;
}

}  // namespace

ConnectionActor::ConnectionActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                                 ConnectionOrigin origin, const PublishedView& published,
                                 GatewayBudgets& budgets, ConnectionLimits limits,
                                 std::shared_ptr<const protocol::Properties> configs)
    : Actor(config, std::move(setup)),
      transport_(transport),
      origin_(std::move(origin)),
      connection_(origin_.connection),
      authenticator_(origin_.security->listeners.at(origin_.listener)),
      caller_(caller_from(origin_)),
      published_(published),
      budgets_(budgets),
      limits_(limits),
      configs_(std::move(configs)),
      frames_(limits.request_bytes_max),
      answers_(limits.answer_bytes_max),
      calls_account_(context().budgets(), {"calls_of_connection", "requests", limits.calls_max}),
      requests_account_(context().budgets(),
                        {"requests_of_connection", "bytes", limits.in_flight_bytes_max}),
      answers_account_(context().budgets(),
                       {"answers_of_connection", "bytes", limits.answer_bytes_max}) {}

void ConnectionActor::on_start() {
  transport_.attach(connection_, sink_to(context(), actor_name()));
  last_used_ = now();
  start_timer(limits_.idle_max, timer_idle);
  if (!authenticator_.is_done()) {
    start_timer(limits_.authentication_time_max, timer_authentication);
  }
}

void ConnectionActor::on_stop() {
  if (closed_) return;
  // What is on its way is answered as if its time were up, so that no client waits for us.
  while (!active_.empty()) {
    const std::uint64_t number = active_.begin()->first;
    advance(number, [](Call& call, const CallContext& view) { return call.on_deadline(view); });
  }
  closed_ = true;
  transport_.close(connection_, false);
}

void ConnectionActor::on_end() {
  budgets_.requests->forget(waits_for_requests_);
  budgets_.answers.forget(waits_for_answers_);
  forget_shares();
  budgets_.requests->give_back(settled_requests_);
  budgets_.answers.give_back(settled_answers_);
  if (!closed_) transport_.close(connection_, true);
}

void ConnectionActor::on_envelope(const Envelope& envelope) {
  if (is_transport_news(envelope)) {
    take_transport(envelope);
  } else {
    answered(envelope);
  }
  go_on();
}

void ConnectionActor::on_timer(std::uint64_t id) {
  if (id == timer_requests_room) {
    waits_for_requests_ = 0;
  } else if (id == timer_answers_room) {
    waits_for_answers_ = 0;
  } else if (id == timer_share_room) {
    forget_shares();  // Those that still wait say so again.
  } else if (id == timer_watch) {
    check_progress();
  } else if (id == timer_authentication) {
    if (!authenticator_.is_done()) return give_up("not authenticated in time");
  } else if (id == timer_idle) {
    if (now() - last_used_ >= limits_.idle_max && active_.empty()) return give_up("idle");
    start_timer(limits_.idle_max, timer_idle);
  } else if ((id & timer_command) != 0) {
    command_coordinator(id & ~timer_command);
  } else {
    advance(id, [](Call& call, const CallContext& view) { return call.on_deadline(view); });
  }
  go_on();
}

void ConnectionActor::take_transport(const Envelope& envelope) {
  auto news = decode_transport(envelope);
  if (!news) return drop(news.error());
  if (const auto* received = std::get_if<Received>(&*news)) {
    reading_ = false;
    take_bytes(received->bytes);
  } else if (const auto* sent = std::get_if<Sent>(&*news)) {
    answers_.taken(sent->bytes);
  } else if (std::holds_alternative<Closed>(*news)) {
    closed_ = true;
    stop();
  } else if (std::holds_alternative<Opened>(*news)) {
    opened_ = true;
  }
}

void ConnectionActor::take_bytes(const Buffer& bytes) {
  last_used_ = now();
  if (frames_.buffered() == 0) frame_began_ = last_used_;
  frames_.push(bytes);
}

void ConnectionActor::go_on() {
  if (closed_) return;
  answer_refused_appends();
  send_waiting_appends();
  begin_requests();
  send_waiting_reads();
  wait_for_shares();
  settle_budgets();
  receive();
  watch();
}

bool ConnectionActor::may_begin() const {
  if (active_.size() >= limits_.calls_max) return false;
  if (in_flight_bytes_ >= limits_.in_flight_bytes_max) return false;
  if (!waiting_appends_.empty()) return false;
  return !answers_.is_full() && (answers_.bytes() == 0 || !budgets_.answers.is_spent());
}

void ConnectionActor::begin_requests() {
  while (!closed_ && may_begin()) {
    auto payload = frames_.next();
    if (!payload) return give_up(payload.error().message);
    if (!*payload) {
      const bool is_stranger = !authenticator_.is_done();
      if (!is_stranger || frames_.buffered() <= strangers_bytes_max) return;
      return give_up("so much before authentication");
    }
    frame_began_ = now();  // Of the next one, if any of it is here.
    auto request = protocol::parse_request(**payload);
    if (!request) return give_up(request.error().message);
    begin(*request);
    answer_refused_appends();
    settle_budgets();
  }
}

void ConnectionActor::begin(const protocol::RequestFrame& request) {
  const std::uint64_t number = ++numbers_;
  const int failures = authenticator_.failures();
  const auto view = published_.get();
  auto call = make_admitted_call(authenticator_,
                                 CallContext{context().node(), *view, now(), caller_}, request);
  caller_.principal = authenticator_.principal();
  active_.emplace(number, Active{std::move(call), request.request_id, request.body.size(), 0, {}});
  in_flight_bytes_ += request.body.size();
  advance(number, [](Call& one, const CallContext& at) { return one.begin(at); });
  if (authenticator_.failures() > failures) after_failed_authentication();
}

void ConnectionActor::after_failed_authentication() {
  log_event(EventLevel::warn, "authentication_failed",
            {{"node", context().node().value()},
             {"connection", connection_.value()},
             {"listener", caller_.listener},
             {"peer", origin_.host},
             {"failures", authenticator_.failures()}});
  if (!authenticator_.is_hopeless()) return;
  closed_ = true;
  transport_.close(connection_, false);  // The answers before it go out.
  stop();
}

template <class Step>
void ConnectionActor::advance(std::uint64_t number, Step step) {
  const auto found = active_.find(number);
  if (found == active_.end()) return;
  const auto view = published_.get();
  perform(number, step(*found->second.call,
                       CallContext{context().node(), *view, now(), caller_, *configs_}));
}

void ConnectionActor::answered(const Envelope& envelope) {
  const std::uint64_t number = envelope.correlation >> slot_bits;
  const auto active = active_.find(number);
  if (active == active_.end()) return;  // Too late.
  if (is_replica_answer(envelope)) {
    auto answer = decode_answer(envelope);
    if (!answer) return drop(answer.error());
    const auto slot = static_cast<std::uint32_t>(envelope.correlation & slot_mask);
    const auto* data = std::get_if<DataAnswer>(&*answer);
    const bool is_kept = data != nullptr && active->second.call->wants_rows(slot);
    answers_.arrived(number, slot, is_kept ? data->batches.size() : 0);
    return advance(number, [&](Call& call, const CallContext& view) {
      return call.on_replica(view, slot, *answer);
    });
  }
  auto answer = decode_reply(envelope);
  if (!answer) return drop(answer.error());
  if (is_elsewhere(*answer)) return start_timer(command_again_after, timer_command | number);
  advance(number,
          [&](Call& call, const CallContext& view) { return call.on_coordinator(view, *answer); });
}

void ConnectionActor::perform(std::uint64_t number, const CallEffects& effects) {
  for (const CallEffect& effect : effects) {
    const auto active = active_.find(number);
    if (active == active_.end()) return;
    const std::int32_t request_id = active->second.request_id;
    if (const auto* replica = std::get_if<AskReplica>(&effect)) {
      ask(number, *replica);
    } else if (const auto* coordinator = std::get_if<AskCoordinator>(&effect)) {
      active->second.command = coordinator->command;
      command_coordinator(number);
    } else if (const auto* deadline = std::get_if<SetDeadline>(&effect)) {
      start_timer(deadline->after, number);
    } else if (const auto* answer = std::get_if<Respond>(&effect)) {
      budgets_.batches_left_out += answer->batches_left_out;
      finish(number, protocol::encode_response(request_id, answer->body));
    } else if (const auto* error = std::get_if<RespondError>(&effect)) {
      note_error(error->error.message);
      finish(number, protocol::encode_error(request_id, error->error));
    }
  }
}

void ConnectionActor::command_coordinator(std::uint64_t number) {
  const auto active = active_.find(number);
  if (active == active_.end() || !active->second.command) return;
  Envelope command = encode_command(*active->second.command);
  command.correlation = number << slot_bits;
  command.from = address();
  command.incarnation = context().identity().incarnation;
  const ActorAddress coordinator{published_.get()->coordinator, coordinator_name};
  // A node that has just started may not have its coordinator, or its link, yet.
  if (!context().send(coordinator, std::move(command))) {
    start_timer(command_again_after, timer_command | number);
  }
}

void ConnectionActor::ask(std::uint64_t number, const AskReplica& ask) {
  if (std::holds_alternative<AppendQuestion>(ask.question)) {
    if (may_append(budgets_.device_of(ask.bucket))) return send_append(number, ask);
    settle_budgets();  // What came with this request counts as well.
    if (budgets_.appends.is_nearly_spent()) {
      refused_appends_.emplace_back(number, ask.slot);
    } else {
      waiting_appends_.emplace_back(number, ask);
    }
    return;
  }
  AskReplica asked = ask;
  if (auto* read = std::get_if<ReadQuestion>(&asked.question); read && read->bytes_max > 0) {
    if (!may_read(number)) {
      waiting_reads_.emplace_back(number, ask);
      return;
    }
    // The first batch always comes whole: so one at a time goes on when there is no room at all.
    if (budgets_.answers.is_spent()) read->bytes_max = 1;
    answers_.expect(number, asked.slot, read->bytes_max);
    settle_budgets();
  }
  if (auto* await = std::get_if<AwaitQuestion>(&asked.question)) {
    if (answers_.is_full() || budgets_.answers.is_spent()) await->bytes_max = 0;
  }
  send_question(number, asked);
}

void ConnectionActor::send_question(std::uint64_t number, const AskReplica& asked) {
  Envelope question = encode_question(asked.question);
  question.correlation = number << slot_bits | asked.slot;
  const NodeId node = asked.node.value_or(context().node());
  send({node, replica_name(asked.bucket)}, std::move(question));
}

/// The oldest call that holds rows always reads on, within the bound of its own answer: calls that
/// waited for each other's rows to leave would wait for ever.
bool ConnectionActor::may_read(std::uint64_t number) const {
  if (answers_.bytes() == 0 || answers_.is_oldest_holder(number)) return true;
  return !answers_.is_full() && !budgets_.answers.is_spent();
}

void ConnectionActor::send_waiting_reads() {
  for (auto waiting = waiting_reads_.begin(); waiting != waiting_reads_.end();) {
    const auto [number, read] = *waiting;
    const bool is_over = !active_.contains(number);
    if (!is_over && !may_read(number)) {
      ++waiting;
      continue;
    }
    waiting = waiting_reads_.erase(waiting);
    if (!is_over) ask(number, read);
  }
  const bool is_own_affair = answers_.is_full() || waits_for_answers_ != 0;
  if (waiting_reads_.empty() || is_own_affair) return;
  waits_for_answers_ = budgets_.answers.when_room(ByteBudget::Room::to_begin,
                                                  [&context = context(), name = actor_name()] {
                                                    context.fire_timer(name, timer_answers_room);
                                                  });
}

bool ConnectionActor::may_append(std::size_t device) const {
  for (const auto& [number, ask] : waiting_appends_) {
    if (budgets_.device_of(ask.bucket) == device) return false;
  }
  return !budgets_.appends.at(device).is_spent();
}

void ConnectionActor::send_append(std::uint64_t number, const AskReplica& ask) {
  AskReplica asked = ask;
  auto& batches = std::get<AppendQuestion>(asked.question).batches;
  for (Buffer& batch : batches) {
    batch = budgets_.appends.hold(budgets_.device_of(ask.bucket), std::move(batch));
    active_.at(number).counted_elsewhere += batch.size();
    counted_elsewhere_ += batch.size();
  }
  settle_budgets();
  send_question(number, asked);
}

void ConnectionActor::send_waiting_appends() {
  std::set<std::size_t> spent;
  for (auto waiting = waiting_appends_.begin(); waiting != waiting_appends_.end();) {
    const auto [number, ask] = *waiting;
    const bool is_over = !active_.contains(number);  // Its time was up.
    const std::size_t device = budgets_.device_of(ask.bucket);
    if (!is_over && (spent.contains(device) || budgets_.appends.at(device).is_spent())) {
      spent.insert(device);
      ++waiting;
      continue;
    }
    waiting = waiting_appends_.erase(waiting);
    if (!is_over) send_append(number, ask);
  }
}

void ConnectionActor::answer_refused_appends() {
  while (!refused_appends_.empty()) {
    const auto [number, slot] = refused_appends_.front();
    refused_appends_.pop_front();
    const Error why{Errc::overloaded, "too many appends wait for a slow disk"};
    note_error(why.message);
    advance(number, [&why, at = slot](Call& call, const CallContext& view) {
      return call.on_replica(view, at, to_protocol(why));
    });
  }
}

void ConnectionActor::wait_for_shares() {
  if (closed_) return;
  for (const auto& [number, ask] : waiting_appends_) {
    const std::size_t device = budgets_.device_of(ask.bucket);
    if (waits_for_shares_.contains(device)) continue;
    waits_for_shares_[device] = budgets_.appends.at(device).when_room(
        ByteBudget::Room::to_begin, [&context = context(), name = actor_name()] {
          context.fire_timer(name, timer_share_room);
        });
  }
}

void ConnectionActor::forget_shares() {
  for (const auto& [device, waiter] : waits_for_shares_) {
    budgets_.appends.at(device).forget(waiter);
  }
  waits_for_shares_.clear();
}

void ConnectionActor::finish(std::uint64_t number, std::vector<Buffer> frame) {
  const auto finished = active_.extract(number);
  in_flight_bytes_ -= finished.mapped().bytes;
  counted_elsewhere_ -= finished.mapped().counted_elsewhere;
  last_used_ = now();
  answers_.finished(number, protocol::sum_of(frame));
  transport_.send(connection_, std::move(frame));
}

void ConnectionActor::receive() {
  if (reading_ || closed_ || !opened_ || !may_begin()) return;
  const auto room =
      frames_.buffered() > 0 ? ByteBudget::Room::to_go_on : ByteBudget::Room::to_begin;
  if (!budgets_.requests->has(room)) {
    if (waits_for_requests_ != 0) return;
    waits_for_requests_ =
        budgets_.requests->when_room(room, [&context = context(), name = actor_name()] {
          context.fire_timer(name, timer_requests_room);
        });
    return;
  }
  reading_ = true;
  transport_.receive(connection_);
}

void ConnectionActor::settle_budgets() {
  const auto settle = [](ByteBudget& budget, std::size_t& settled, std::size_t held) {
    if (held > settled) budget.take(held - settled);
    if (held < settled) budget.give_back(settled - held);
    settled = held;
  };
  settle(*budgets_.requests, settled_requests_,
         frames_.buffered() + in_flight_bytes_ - counted_elsewhere_);
  settle(budgets_.answers, settled_answers_, answers_.bytes());
  calls_account_.set(active_.size());
  requests_account_.set(frames_.buffered() + in_flight_bytes_);
  answers_account_.set(settled_answers_);
}

void ConnectionActor::watch() {
  if (answers_.taken_bytes() >= to_be_taken_) {
    to_be_taken_ = answers_.finished_bytes();
    to_be_taken_since_ = now();
  }
  if (watching_ || closed_ || (frames_.buffered() == 0 && answers_.unsent_bytes() == 0)) return;
  watching_ = true;
  start_timer(std::min(limits_.frame_time_max, limits_.answer_time_max) / 4, timer_watch);
}

void ConnectionActor::check_progress() {
  watching_ = false;
  if (closed_) return;
  if (!reading_) frame_began_ = now();  // It is we who keep it waiting.
  if (frames_.buffered() > 0 && now() - frame_began_ >= limits_.frame_time_max) {
    return give_up("a request did not arrive in time");
  }
  if (answers_.unsent_bytes() > 0 && now() - to_be_taken_since_ >= limits_.answer_time_max) {
    return give_up("answers were not taken in time");
  }
}

void ConnectionActor::give_up(const std::string& why) {
  log_event(
      EventLevel::info, "connection_closed",
      {{"node", context().node().value()}, {"connection", connection_.value()}, {"reason", why}});
  drop({Errc::malformed, why});
  closed_ = true;
  transport_.close(connection_, true);
  stop();
}

}  // namespace millrace::gateway
