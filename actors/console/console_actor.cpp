#include "actors/console/console_actor.hpp"

#include <caf/all.hpp>
#include <memory>
#include <utility>
#include <variant>

namespace millrace {
namespace {

/// The running node as the pages see it, while one request is answered.
class NodeSource final : public ConsoleSource {
 public:
  NodeSource(const NodeContext& context, const PublishedView& view, const ConsoleSettings& settings)
      : context_(context), view_(view.get()), settings_(settings) {}

  NodeFacts node() const override {
    NodeFacts facts;
    facts.cluster_id = context_.identity().cluster_id;
    facts.node = context_.node();
    facts.incarnation = context_.identity().incarnation;
    facts.version = settings_.version;
    facts.now = context_.now();
    facts.undeliverable = context_.undeliverable();
    facts.batches_left_out = settings_.batches_left_out();
    facts.resident_bytes = settings_.resident_bytes();
    facts.required_actors = settings_.required_actors;
    return facts;
  }

  std::vector<ActorFacts> actors() const override {
    std::vector<ActorFacts> facts;
    for (ActorView& actor : context_.actors()) {
      ActorStats::View& stats = actor.stats;
      facts.push_back({std::move(actor.name), std::move(actor.parent), stats.running, stats.starts,
                       stats.received, stats.handled, stats.dropped, stats.mailbox_depth,
                       stats.busy, stats.waited_p50, stats.waited_p99, stats.waited_max,
                       std::move(stats.last_error)});
    }
    return facts;
  }

  std::vector<HandledMessage> flight_of(const std::string& actor) const override {
    std::vector<HandledMessage> messages;
    for (FlightRecord& record : context_.flight_of(actor)) {
      messages.push_back({record.handled_at, record.schema, std::move(record.from), record.bytes,
                          record.waited, record.worked, record.dropped});
    }
    return messages;
  }

  std::vector<BudgetFacts> budgets() const override {
    std::vector<BudgetFacts> facts;
    for (BudgetUse& use : context_.budgets().uses()) {
      facts.push_back({std::move(use.name), std::move(use.unit), use.limit, use.holders, use.used,
                       use.fullest});
    }
    return facts;
  }

  const ClusterView& cluster() const override { return *view_; }

 private:
  const NodeContext& context_;
  const std::shared_ptr<const ClusterView> view_;
  const ConsoleSettings& settings_;
};

constexpr std::uint64_t deadline_timer = 1;

}  // namespace

ConsoleActor::ConsoleActor(caf::actor_config& config, ActorSetup setup, Transport& transport,
                           Endpoint listen_at, const PublishedView& view, OnListening on_listening,
                           ConsoleSettings settings)
    : Actor(config, std::move(setup)),
      transport_(transport),
      listen_at_(std::move(listen_at)),
      view_(view),
      on_listening_(std::move(on_listening)),
      settings_(std::move(settings)),
      access_{listen_at_.host, settings_.token},
      connections_account_(context().budgets(), {"connections_of_console", "connections",
                                                 HttpConnections::connections_max}) {}

void ConsoleActor::on_start() {
  const auto real = transport_.listen(listen_at_, accept_to(context(), transport_, actor_name()));
  if (real) return on_listening_(*real);
  note_error("the console cannot listen: " + real.error().message);
  on_exit_request(caf::sec::runtime_error);
}

void ConsoleActor::on_envelope(const Envelope& envelope) {
  const auto news = decode_transport(envelope);
  if (!news) return drop(news.error());
  std::visit([this](const auto& one) { take(one); }, *news);
  watch_deadlines();
}

void ConsoleActor::on_timer(std::uint64_t /*id*/) {
  if (watched_ && *watched_ <= now()) watched_.reset();
  for (const ConnectionId late : connections_.overdue(now())) close(late, true);
  watch_deadlines();
}

void ConsoleActor::on_end() {
  for (const ConnectionId connection : connections_.all()) transport_.close(connection, false);
}

void ConsoleActor::take(const Accepted& news) {
  const bool admitted = connections_.admit(news.connection, now());
  connections_account_.set(connections_.all().size());
  if (!admitted) {
    transport_.close(news.connection, true);
    return drop({Errc::overloaded, "too many connections, closed the one of " + news.peer.host});
  }
  sessions_.emplace(news.connection, Session{});
  transport_.attach(news.connection, sink_to(context(), actor_name()));
}

void ConsoleActor::take(const Opened& news) {
  const auto found = sessions_.find(news.connection);
  if (found != sessions_.end()) receive_more(news.connection, found->second);
}

void ConsoleActor::take(const Received& news) {
  const auto found = sessions_.find(news.connection);
  // A connection of this actor's previous life may still be open; nobody else would close it.
  if (found == sessions_.end()) return transport_.close(news.connection, true);
  Session& session = found->second;
  session.receiving = false;
  if (!connections_.discards(news.connection)) {
    session.reader.push(news.bytes);
    return serve(news.connection, session);
  }
  if (!connections_.discard(news.connection, news.bytes.size())) {
    return close(news.connection, true);
  }
  receive_more(news.connection, session);
}

void ConsoleActor::take(const Sent& news) {
  connections_.on_sent(news.connection, news.bytes);
  const auto found = sessions_.find(news.connection);
  if (found != sessions_.end() && !found->second.receiving) serve(news.connection, found->second);
}

void ConsoleActor::take(const Closed& news) {
  sessions_.erase(news.connection);
  connections_.on_gone(news.connection);
  connections_account_.set(connections_.all().size());
}

void ConsoleActor::serve(ConnectionId connection, Session& session) {
  while (connections_.may_answer(connection)) {
    const auto request = session.reader.next();
    if (!request) {
      refuse(connection, request.error());
      return receive_more(connection, session);
    }
    if (!*request) return receive_more(connection, session);
    respond(connection, **request);
  }
}

void ConsoleActor::respond(ConnectionId connection, const HttpRequest& request) {
  connections_.on_request(connection, now());
  const NodeSource source(context(), view_, settings_);
  send_response(connection, answer(request, access_, source),
                {request.keep_alive, request.method == "HEAD"});
  if (!request.keep_alive) close(connection, false);
}

void ConsoleActor::refuse(ConnectionId connection, const HttpRefusal& refusal) {
  drop({Errc::malformed, refusal.message});
  send_response(connection, error_response(refusal.status, refusal.message), {false, false});
  connections_.start_discarding(connection, now());
}

void ConsoleActor::send_response(ConnectionId connection, const HttpResponse& response,
                                 HttpFraming framing) {
  Buffer bytes = Buffer::from(to_wire(response, framing));
  connections_.on_queued(connection, bytes.size());
  transport_.send(connection, {std::move(bytes)});
}

void ConsoleActor::receive_more(ConnectionId connection, Session& session) {
  session.receiving = true;
  transport_.receive(connection);
}

void ConsoleActor::close(ConnectionId connection, bool discard_unsent) {
  connections_.start_closing(connection);
  transport_.close(connection, discard_unsent);
}

void ConsoleActor::watch_deadlines() {
  const auto next = connections_.next_deadline();
  if (!next) return;
  if (watched_ && *watched_ <= *next) return;
  watched_ = *next;
  start_timer(*next - now(), deadline_timer);
}

}  // namespace millrace
