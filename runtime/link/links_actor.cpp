#include "runtime/link/links_actor.hpp"

#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "runtime/transport_inbox.hpp"
#include "schemas/link.capnp.h"

namespace millrace {

LinksActor::LinksActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                       LinkOptions options)
    : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one,
                       RestartIntensity{10, 10s}),
      transport_(transport),
      options_(std::move(options)) {}

void LinksActor::on_envelope(const Envelope& envelope) {
  if (holds<schemas::LinkOrder>(envelope)) return take_members(envelope);
  auto news = decode_transport(envelope);
  if (!news) return drop(news.error());
  if (const auto* accepted = std::get_if<Accepted>(&*news)) {
    if (greeting_.size() >= greeting_max) return transport_.close(accepted->connection, true);
    greeting_.emplace(accepted->connection, LinkFrameReader(hello_bytes_max));
    transport_.attach(accepted->connection, sink_to(context(), actor_name()));
    start_timer(options_.hello_time_max, accepted->connection.value());
  } else if (const auto* opened = std::get_if<Opened>(&*news)) {
    transport_.receive(opened->connection);
  } else if (const auto* received = std::get_if<Received>(&*news)) {
    take_bytes(received->connection, received->bytes);
  } else if (const auto* closed = std::get_if<Closed>(&*news)) {
    greeting_.erase(closed->connection);
  }
}

void LinksActor::on_stop() {
  for (const auto& [connection, reader] : greeting_) transport_.close(connection, true);
}

void LinksActor::on_failure(const caf::error& reason) {
  LinksActor::on_stop();
  SupervisingActor::on_failure(reason);
}

void LinksActor::on_own_timer(std::uint64_t id) {
  const ConnectionId connection{id};
  if (greeting_.erase(connection) > 0) transport_.close(connection, true);
}

void LinksActor::take_members(const Envelope& envelope) {
  const Status taken =
      open<schemas::LinkOrder>(envelope, [&](schemas::LinkOrder::Reader order) -> Status {
        if (order.which() != schemas::LinkOrder::MEMBERS) {
          return fail(Errc::malformed, "unknown order to the links");
        }
        for (const auto member : order.getMembers()) {
          const NodeId peer{member.getNodeId()};
          if (peer == context().node() || !peers_.insert(peer).second) continue;
          start_child({link_name(peer)}, [this, peer] {
            auto link = context().spawn<LinkActor>(link_name(peer), actor_name(),
                                                   Placement::detached, transport_, peer, options_);
            if (members_.words) send_here(link_name(peer), members_);
            return link;
          });
        }
        return {};
      });
  if (!taken) return drop(taken.error());
  members_ = envelope;
  for (const NodeId peer : peers_) send_here(link_name(peer), envelope);
}

void LinksActor::take_bytes(ConnectionId connection, const Buffer& bytes) {
  const auto found = greeting_.find(connection);
  // Left over from before this actor was started again.
  if (found == greeting_.end()) return transport_.close(connection, true);
  found->second.push(bytes);
  auto frame = found->second.next();
  if (frame && !*frame) return transport_.receive(connection);
  Status adopted = fail(Errc::malformed, "first frame is no hello");
  if (!frame) adopted = tl::unexpected<Error>(frame.error());
  if (frame && !found->second.empty()) {
    adopted = fail(Errc::malformed, "bytes behind a hello that was not answered");
  } else if (frame) {
    if (const auto* hello = std::get_if<LinkHello>(&(*frame)->content)) {
      adopted = adopt(connection, *hello);
    }
  }
  greeting_.erase(connection);
  if (adopted) return;
  log_event(EventLevel::warn, "link_refused",
            {{"node", context().node().value()}, {"reason", adopted.error().message}});
  drop(adopted.error());
  transport_.close(connection, true);
}

Status LinksActor::adopt(ConnectionId connection, const LinkHello& hello) {
  LinkHello own;
  own.cluster_id = context().identity().cluster_id;
  own.node = context().node();
  own.lane = hello.lane;
  auto fine = check_hello(own, hello, Incarnation{});
  if (!fine) return fine;
  if (!peers_.contains(hello.node)) return fail(Errc::unavailable, "unknown node");
  send_here(
      link_name(hello.node), seal<schemas::LinkOrder>([&](schemas::LinkOrder::Builder order) {
        auto adopted = order.initAdopt();
        adopted.setConnection(connection.value());
        adopted.setIncarnation(hello.incarnation.value());
        adopted.setLane(hello.lane == Lane::data ? schemas::Lane::DATA : schemas::Lane::CONTROL);
        adopted.setCreditBytes(hello.credit_bytes);
      }));
  return {};
}

}  // namespace millrace
