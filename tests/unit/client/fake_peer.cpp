#include "tests/unit/client/fake_peer.hpp"

#include <utility>

#include "base/check.hpp"
#include "protocol/api.hpp"

namespace millrace::client {

namespace wire = protocol::wire;

bool VirtualLoop::step(Instant until) {
  if (!posted_.empty()) {
    const auto action = std::move(posted_.front());
    posted_.pop_front();
    action();
    return true;
  }
  if (timers_.empty() || timers_.begin()->first.first > until) return false;
  now_ = std::max(now_, timers_.begin()->first.first);
  const auto action = std::move(timers_.begin()->second);
  timers_.erase(timers_.begin());
  action();
  return true;
}

void VirtualLoop::run_for(Duration span) {
  const Instant until = now_ + span;
  while (step(until)) {
  }
  now_ = until;
}

bool VirtualLoop::run_until(const std::function<bool()>& done, Duration time_max) {
  const Instant until = now_ + time_max;
  while (!done()) {
    if (!step(until)) {
      now_ = until;
      return done();
    }
  }
  return true;
}

Result<Endpoint> FakePeer::listen(const Endpoint&, AcceptSink) {
  return fail(Errc::unavailable, "a client does not listen");
}

void FakePeer::attach(ConnectionId, TransportSink) { CHECK(false); }

ConnectionId FakePeer::connect(const Endpoint& to, TransportSink sink) {
  const ConnectionId id{++connections_made_};
  peers_[id].server = to;
  peers_[id].sink = std::move(sink);
  loop_.post([this, id, to] {
    if (!peers_.contains(id)) return;
    if (!listening.contains(to)) return end(id, "connect to " + to_string(to) + ": refused");
    connected.push_back(to);
    peers_.at(id).sink(Opened{id, to});
  });
  return id;
}

void FakePeer::receive(ConnectionId connection) {
  const auto found = peers_.find(connection);
  if (found == peers_.end()) return;
  CHECK(!found->second.client_wants_bytes);
  found->second.client_wants_bytes = true;
  loop_.post([this, connection] { deliver(connection); });
}

void FakePeer::deliver(ConnectionId connection) {
  const auto found = peers_.find(connection);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (!peer.client_wants_bytes || peer.to_client.empty()) return;
  Buffer bytes = std::move(peer.to_client.front());
  peer.to_client.pop_front();
  peer.client_wants_bytes = false;
  const TransportSink sink = peer.sink;  // The call may end the connection.
  sink(Received{connection, std::move(bytes)});
}

void FakePeer::send(ConnectionId connection, std::vector<Buffer> pieces) {
  const auto found = peers_.find(connection);
  if (found == peers_.end()) return;
  std::size_t size = 0;
  for (Buffer& piece : pieces) {
    size += piece.size();
    found->second.requests.push(std::move(piece));
  }
  loop_.post([this, connection, size] {
    const auto peer = peers_.find(connection);
    if (peer == peers_.end()) return;
    const TransportSink sink = peer->second.sink;
    sink(Sent{connection, size});
    while (peers_.contains(connection)) {
      const auto payload = peers_.at(connection).requests.next();
      CHECK(payload.has_value());
      if (!*payload) break;
      on_frame(connection, **payload);
    }
  });
}

void FakePeer::on_frame(ConnectionId connection, const Buffer& payload) {
  const auto frame = protocol::parse_request(payload);
  CHECK(frame.has_value());
  CHECK(frame->api_version == 0);
  const Request request{connection, peers_.at(connection).server,
                        static_cast<protocol::ApiKey>(frame->api_key), frame->request_id,
                        frame->body};
  if (request.api == protocol::ApiKey::api_versions && answers_handshakes) {
    wire::ApiVersionsResponse hello;
    for (const protocol::Api& api : protocol::all_apis()) {
      if (unserved.contains(api.key)) continue;
      auto* entry = hello.add_api_versions();
      entry->set_api_key(static_cast<std::int32_t>(api.key));
      entry->set_min_version(api.version_min);
      entry->set_max_version(api.version_max);
    }
    return answer(request, hello);
  }
  if (on_request && on_request(request)) return;
  unanswered.push_back(request);
}

void FakePeer::answer(const Request& request, const google::protobuf::MessageLite& message) {
  answer_pieces(request, {protocol::serialize(message)});
}

void FakePeer::answer_pieces(const Request& request, std::vector<Buffer> body) {
  for (Buffer& piece : protocol::encode_response(request.id, std::move(body)))
    send_bytes(request.connection, std::move(piece));
}

void FakePeer::refuse(const Request& request, protocol::ErrorCode code,
                      const std::string& message) {
  for (Buffer& piece : protocol::encode_error(request.id, {code, message}))
    send_bytes(request.connection, std::move(piece));
}

void FakePeer::send_bytes(ConnectionId connection, Buffer bytes) {
  const auto found = peers_.find(connection);
  if (found == peers_.end() || bytes.empty()) return;
  found->second.to_client.push_back(std::move(bytes));
  loop_.post([this, connection] { deliver(connection); });
}

void FakePeer::hang_up(ConnectionId connection) { end(connection, "closed by the peer"); }

void FakePeer::close(ConnectionId connection, bool) {
  if (!peers_.contains(connection)) return;
  closed_by_client[connection] = to_string(peers_.at(connection).server);
  end(connection, "closed here");
}

void FakePeer::end(ConnectionId connection, const std::string& reason) {
  const auto found = peers_.find(connection);
  if (found == peers_.end()) return;
  loop_.post([sink = found->second.sink, connection, reason] { sink(Closed{connection, reason}); });
  peers_.erase(found);
}

}  // namespace millrace::client
