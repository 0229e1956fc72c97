#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/console/console_router.hpp"
#include "actors/console/http_codec.hpp"
#include "actors/console/http_connections.hpp"
#include "runtime/actor.hpp"
#include "runtime/transport_inbox.hpp"
#include "state/meta/catalog/cluster_view.hpp"

namespace millrace {

struct ConsoleSettings {
  std::string version;                       ///< Of this build, for people.
  std::vector<std::string> required_actors;  ///< /readyz says no while one of them does not run.
  std::string token;  ///< Needed to read, unless empty. Must be set when not bound to loopback.
  /// Batches that filters left out of answers.
  std::function<std::uint64_t()> batches_left_out = [] { return std::uint64_t{0}; };
  /// Memory of the process that runs this node alone.
  std::function<std::optional<std::uint64_t>()> resident_bytes = [] { return std::nullopt; };
};

/// The HTTP side of a node: answers read-only requests about this node and the cluster it knows,
/// each from one snapshot. Unwatched it costs nothing: without connections no timer runs.
class ConsoleActor final : public Actor {
 public:
  /// Called once it listens, on the actor's thread, with the real port. A console that starts again
  /// should be given that endpoint.
  using OnListening = std::function<void(const Endpoint&)>;

  /// The transport and the view must outlive the actor. An endpoint that cannot be listened on
  /// fails the actor.
  ConsoleActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
               Endpoint listen_at, const PublishedView& view, OnListening on_listening,
               ConsoleSettings settings = {});

 protected:
  void on_start() override;
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_end() override;

 private:
  struct Session {
    HttpRequestReader reader;
    bool receiving = false;  // A receive() is pending.
  };

  void take(const Accepted& news);
  void take(const Opened& news);
  void take(const Received& news);
  void take(const Sent& news);
  void take(const Closed& news);

  /// Answers what has come, as far as the client takes the answers.
  void serve(ConnectionId connection, Session& session);
  void respond(ConnectionId connection, const HttpRequest& request);
  void refuse(ConnectionId connection, const HttpRefusal& refusal);
  void send_response(ConnectionId connection, const HttpResponse& response, HttpFraming framing);
  void receive_more(ConnectionId connection, Session& session);
  void close(ConnectionId connection, bool discard_unsent);
  void watch_deadlines();

  Transport& transport_;
  const Endpoint listen_at_;
  const PublishedView& view_;
  const OnListening on_listening_;
  const ConsoleSettings settings_;
  const ConsoleAccess access_;
  HttpConnections connections_;
  BudgetAccount connections_account_;
  std::map<ConnectionId, Session> sessions_;
  std::optional<Instant> watched_;  // When the newest timer is due.
};

}  // namespace millrace
