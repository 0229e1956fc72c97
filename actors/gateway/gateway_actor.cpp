#include "actors/gateway/gateway_actor.hpp"

#include <utility>
#include <variant>

#include "base/log_event.hpp"
#include "runtime/transport_inbox.hpp"

namespace millrace::gateway {

GatewayActor::GatewayActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                           const PublishedView& published, GatewayBudgets& budgets,
                           GatewayOptions options)
    : SupervisingActor(config, std::move(setup), RestartStrategy::one_for_one, RestartIntensity{}),
      transport_(transport),
      published_(published),
      budgets_(budgets),
      options_(std::move(options)),
      account_(context().budgets(), {"connections", "connections", options_.connections_max}) {}

void GatewayActor::on_envelope(const Envelope& envelope) {
  auto news = decode_transport(envelope);
  if (!news) return drop(news.error());
  const auto* accepted = std::get_if<Accepted>(&*news);
  if (accepted == nullptr) return;
  const ConnectionId connection = accepted->connection;
  if (accepted->listener >= options_.security->listeners.size()) {
    drop({Errc::malformed, "connection on a listener that there is not"});
    return transport_.close(connection, true);
  }
  if (connections_ >= options_.connections_max) {
    log_event(EventLevel::warn, "connection_refused",
              {{"node", context().node().value()},
               {"peer", to_string(accepted->peer)},
               {"connections", connections_}});
    drop({Errc::overloaded, "too many connections"});
    return transport_.close(connection, true);
  }
  account_.set(++connections_);
  const std::string name = "connection/" + to_string(connection);
  // Temporary: a connection that ends, however it ends, is the client's to make again.
  ConnectionOrigin origin{connection, accepted->peer.host, options_.security, accepted->listener};
  start_child({name, RestartPolicy::temporary}, [this, name, origin = std::move(origin)] {
    return context().spawn<ConnectionActor>(name, actor_name(), Placement::scheduled, transport_,
                                            origin, published_, budgets_, options_.connection,
                                            options_.configs);
  });
}

void GatewayActor::on_child_gone(const std::string& /*name*/) { account_.set(--connections_); }

}  // namespace millrace::gateway
