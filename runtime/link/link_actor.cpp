#include "runtime/link/link_actor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/link.capnp.h"

namespace millrace {
namespace {

// Timer ids: kind and lane, and the attempt they belong to, so that an old one is recognised.
constexpr std::uint64_t timer_dial = 0;
constexpr std::uint64_t timer_hello = 1;

std::uint64_t timer_id(std::uint64_t kind, Lane lane, std::uint64_t attempt) {
  return attempt << 2 | kind << 1 | static_cast<std::uint64_t>(lane);
}

}  // namespace

LinkActor::LinkActor(caf::actor_config& config, ActorSetup setup, Transport& transport, NodeId peer,
                     LinkOptions options)
    : Actor(config, std::move(setup)),
      transport_(transport),
      peer_(peer),
      options_(std::move(options)),
      random_(context().random_for(actor_name())) {
  lines_.emplace_back(context().budgets(), options_.lane);
  lines_.emplace_back(context().budgets(), options_.lane);
}

bool LinkActor::dials() const { return peer_ < context().node(); }

LinkHello LinkActor::own_hello(Lane lane) const {
  LinkHello hello;
  hello.cluster_id = context().identity().cluster_id;
  hello.node = context().node();
  hello.incarnation = context().identity().incarnation;
  hello.lane = lane;
  hello.credit_bytes = options_.lane.window_bytes;
  return hello;
}

Lane LinkActor::lane_of(const Line& which) const {
  return &which == &lines_[0] ? Lane::control : Lane::data;
}

LinkActor::Line* LinkActor::line_of(ConnectionId connection) {
  for (Line& one : lines_) {
    if (one.phase != Phase::idle && one.connection == connection) return &one;
  }
  return nullptr;
}

void LinkActor::on_stop() {
  for (Line& one : lines_) {
    if (one.phase != Phase::idle) transport_.close(one.connection, false);
  }
}

void LinkActor::on_failure(const caf::error& reason) {
  // The peer must not take a link for alive whose other end has forgotten it.
  for (Line& one : lines_) {
    if (one.phase != Phase::idle) transport_.close(one.connection, true);
  }
  Actor::on_failure(reason);
}

void LinkActor::on_envelope(const Envelope& envelope) {
  if (envelope.to.node != context().node()) return transmit(envelope);
  if (holds<schemas::LinkOrder>(envelope)) return take_order(envelope);
  auto news = decode_transport(envelope);
  if (!news) return drop(news.error());
  const ConnectionId connection = std::visit([](const auto& one) { return one.connection; }, *news);
  Line* which = line_of(connection);
  if (which == nullptr) {
    // Left over from before this actor was restarted, or replaced by a newer connection.
    if (!std::holds_alternative<Closed>(*news)) transport_.close(connection, true);
    return;
  }
  if (std::holds_alternative<Opened>(*news)) {
    if (which->phase == Phase::connecting) {
      which->phase = Phase::greeting;
      transport_.send(connection, encode(own_hello(lane_of(*which))));
      start_timer(options_.hello_time_max, timer_id(timer_hello, lane_of(*which), which->attempt));
    }
    transport_.receive(connection);
  } else if (const auto* received = std::get_if<Received>(&*news)) {
    take_bytes(*which, received->bytes);
  } else if (const auto* closed = std::get_if<Closed>(&*news)) {
    lost(*which, closed->reason);
  }
}

void LinkActor::on_timer(std::uint64_t id) {
  const auto lane = static_cast<Lane>(id & 1);
  Line& which = line(lane);
  if (which.attempt != id >> 2) return;
  if ((id >> 1 & 1) == timer_dial) {
    if (which.phase == Phase::idle) dial(lane);
  } else if (which.phase == Phase::greeting) {
    hang_up(which, "no hello in time");
  }
}

void LinkActor::transmit(const Envelope& envelope) {
  Line& which = line(envelope.lane);
  auto frame = encode_message(envelope);
  if (!frame) return drop(frame.error());
  if (!which.credit.offer(std::move(*frame))) {
    ++lost_frames_;
    return drop({Errc::overloaded, fmt::format("link to node {} is down or full; {} frames lost",
                                               peer_.value(), lost_frames_)});
  }
  flush(which);
}

void LinkActor::flush(Line& which) {
  while (auto frame = which.credit.next_to_send()) {
    transport_.send(which.connection, std::move(*frame));
  }
  which.queue.set(which.credit.queued_bytes());
}

void LinkActor::dial(Lane lane) {
  Line& which = line(lane);
  if (endpoint_.port == 0) return;
  ++which.attempt;
  which.phase = Phase::connecting;
  which.reader = LinkFrameReader();
  which.connection = transport_.connect(endpoint_, sink_to(context(), actor_name()));
}

void LinkActor::dial_later(Line& which) {
  which.back_off = std::clamp(which.back_off * 2, options_.reconnect_min, options_.reconnect_max);
  // Spread by half, so that many links do not knock at the same moment.
  const Duration spread(random_.between(which.back_off.count() / 2, which.back_off.count()));
  ++which.attempt;
  start_timer(spread, timer_id(timer_dial, lane_of(which), which.attempt));
}

void LinkActor::hang_up(Line& which, const std::string& why) {
  transport_.close(which.connection, true);
  lost(which, why);
}

void LinkActor::lost(Line& which, const std::string& why) {
  const bool was_up = which.phase == Phase::up;
  which.phase = Phase::idle;
  lost_frames_ += which.credit.disconnected();
  which.queue.set(0);
  note_error(why);
  if (was_up && lane_of(which) == Lane::control) {
    log_event(EventLevel::info, "link_down",
              {{"node", context().node().value()}, {"peer", peer_.value()}, {"reason", why}});
    tell_watchers(false);
  }
  if (dials()) dial_later(which);
}

void LinkActor::up(Line& which, Incarnation incarnation, std::uint64_t credit) {
  which.phase = Phase::up;
  which.back_off = {};
  which.credit.connected(credit);
  if (incarnation > incarnation_) {
    // What goes to the new incarnation must not leave on the old one's connection.
    Line& other = &which == &lines_[0] ? lines_[1] : lines_[0];
    if (other.phase == Phase::up) hang_up(other, "the peer has started again");
    incarnation_ = incarnation;
  }
  if (lane_of(which) == Lane::control) {
    log_event(EventLevel::info, "link_up",
              {{"node", context().node().value()},
               {"peer", peer_.value()},
               {"incarnation", incarnation.value()}});
    tell_watchers(true);
  }
}

void LinkActor::take_order(const Envelope& envelope) {
  using Order = schemas::LinkOrder;
  const Status taken = open<Order>(envelope, [&](Order::Reader order) -> Status {
    if (order.which() == Order::MEMBERS) {
      for (const auto member : order.getMembers()) {
        if (NodeId{member.getNodeId()} != peer_) continue;
        take_address({member.getLinkHost().cStr(), member.getLinkPort()},
                     Incarnation{member.getIncarnation()});
      }
      return {};
    }
    if (order.which() != Order::ADOPT) return fail(Errc::malformed, "unknown order to a link");
    const auto adopted = order.getAdopt();
    if (Incarnation{adopted.getIncarnation()} < incarnation_) {
      transport_.close(ConnectionId{adopted.getConnection()}, true);
      return fail(Errc::stale_epoch, "connection of an old incarnation");
    }
    const Lane lane = adopted.getLane() == schemas::Lane::DATA ? Lane::data : Lane::control;
    Line& which = line(lane);
    if (which.phase != Phase::idle) hang_up(which, "replaced by a newer connection");
    ++which.attempt;
    which.connection = ConnectionId{adopted.getConnection()};
    which.reader = LinkFrameReader();
    transport_.attach(which.connection, sink_to(context(), actor_name()));
    transport_.send(which.connection, encode(own_hello(lane)));
    up(which, Incarnation{adopted.getIncarnation()}, adopted.getCreditBytes());
    return {};
  });
  if (!taken) drop(taken.error());
}

void LinkActor::take_address(Endpoint endpoint, Incarnation newest) {
  const bool moved = endpoint != endpoint_;
  const bool outdated = incarnation_ != Incarnation{} && newest > incarnation_;
  endpoint_ = std::move(endpoint);
  if (!dials()) return;
  for (Line& one : lines_) {
    // A host that went away resets nothing: without this we would hold on to it for minutes.
    if (one.phase == Phase::up && outdated) hang_up(one, "the peer has started again");
    if (one.phase == Phase::connecting && moved) hang_up(one, "the peer has moved");
    if (one.phase == Phase::idle) dial(lane_of(one));
  }
}

void LinkActor::take_bytes(Line& which, const Buffer& bytes) {
  which.reader.push(bytes);
  for (;;) {
    auto frame = which.reader.next();
    if (!frame) return hang_up(which, frame.error().message);
    if (!*frame) break;
    const Status taken = take_frame(which, std::move(**frame));
    if (!taken) return hang_up(which, taken.error().message);
  }
  transport_.receive(which.connection);
}

Status LinkActor::take_frame(Line& which, LinkFrameIn frame) {
  if (const auto* hello = std::get_if<LinkHello>(&frame.content)) {
    if (which.phase != Phase::greeting) return fail(Errc::malformed, "a second hello");
    auto fine = check_hello(own_hello(lane_of(which)), *hello, incarnation_);
    if (!fine) return fine;
    if (hello->node != peer_) return fail(Errc::malformed, "somebody else answers");
    up(which, hello->incarnation, hello->credit_bytes);
    return {};
  }
  if (which.phase != Phase::up) return fail(Errc::malformed, "frames before a hello");
  if (const auto* credit = std::get_if<LinkCredit>(&frame.content)) {
    which.credit.granted(credit->bytes);
    flush(which);
    return {};
  }
  auto delivered = deliver(std::move(std::get<LinkMessage>(frame.content).envelope));
  const std::uint64_t grant = which.credit.received(frame.wire_bytes);
  if (grant > 0) transport_.send(which.connection, encode(LinkCredit{grant}));
  return delivered;
}

Status LinkActor::deliver(Envelope envelope) {
  if (envelope.from.node != peer_) return fail(Errc::malformed, "message in another's name");
  if (envelope.incarnation != incarnation_) {
    return fail(Errc::stale_epoch, "message of another incarnation");
  }
  const ActorAddress to = context().address_of(envelope.to.actor);
  context().send(to, std::move(envelope));
  return {};
}

void LinkActor::tell_watchers(bool connected) {
  for (const std::string& watcher : options_.watchers) {
    send_here(watcher, seal<schemas::PeerStatus>([&](schemas::PeerStatus::Builder status) {
                status.setNodeId(peer_.value());
                status.setIncarnation(incarnation_.value());
                status.setConnected(connected);
              }));
  }
}

}  // namespace millrace
