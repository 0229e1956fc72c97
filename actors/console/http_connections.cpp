#include "actors/console/http_connections.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {

bool HttpConnections::admit(ConnectionId connection, Instant now) {
  if (connections_.size() >= connections_max) return false;
  const bool is_new = connections_.emplace(connection, Connection{now + request_time_max}).second;
  CHECK(is_new);
  return true;
}

void HttpConnections::on_request(ConnectionId connection, Instant now) {
  connections_.at(connection).deadline = now + request_time_max;
}

void HttpConnections::on_queued(ConnectionId connection, std::size_t bytes) {
  connections_.at(connection).unsent_bytes += bytes;
}

void HttpConnections::on_sent(ConnectionId connection, std::size_t bytes) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  CHECK(bytes <= found->second.unsent_bytes);
  found->second.unsent_bytes -= bytes;
}

bool HttpConnections::may_answer(ConnectionId connection) const {
  const auto found = connections_.find(connection);
  return found != connections_.end() && found->second.phase == Phase::serving &&
         found->second.unsent_bytes < unsent_bytes_max;
}

void HttpConnections::start_discarding(ConnectionId connection, Instant now) {
  Connection& state = connections_.at(connection);
  state.phase = Phase::discarding;
  state.deadline = now + discard_time_max;
}

bool HttpConnections::discards(ConnectionId connection) const {
  const auto found = connections_.find(connection);
  return found != connections_.end() && found->second.phase == Phase::discarding;
}

bool HttpConnections::discard(ConnectionId connection, std::size_t bytes) {
  Connection& state = connections_.at(connection);
  state.discarded_bytes += bytes;
  return state.discarded_bytes <= discard_bytes_max;
}

void HttpConnections::start_closing(ConnectionId connection) {
  connections_.at(connection).phase = Phase::closing;
}

void HttpConnections::on_gone(ConnectionId connection) { connections_.erase(connection); }

bool HttpConnections::is_open(ConnectionId connection) const {
  const auto found = connections_.find(connection);
  return found != connections_.end() && found->second.phase != Phase::closing;
}

std::vector<ConnectionId> HttpConnections::all() const {
  std::vector<ConnectionId> ids;
  ids.reserve(connections_.size());
  for (const auto& [id, state] : connections_) ids.push_back(id);
  return ids;
}

std::vector<ConnectionId> HttpConnections::overdue(Instant now) const {
  std::vector<ConnectionId> late;
  for (const auto& [id, state] : connections_) {
    if (state.phase != Phase::closing && state.deadline <= now) late.push_back(id);
  }
  return late;
}

std::optional<Instant> HttpConnections::next_deadline() const {
  std::optional<Instant> first;
  for (const auto& [id, state] : connections_) {
    if (state.phase == Phase::closing) continue;
    first = std::min(first.value_or(state.deadline), state.deadline);
  }
  return first;
}

}  // namespace millrace
