#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

/// What bounds the console's connections: how many there are, how long one may go without a
/// complete request, how much of its answers may be unsent. One rule covers the idle, the slow and
/// the deaf: from each complete request a client has `request_time_max` to take the answer and to
/// send the next request. Requires `now` never to go back.
class HttpConnections {
 public:
  static constexpr std::size_t connections_max = 64;
  static constexpr Duration request_time_max = 60s;
  /// More answers wait until the client has taken some.
  static constexpr std::size_t unsent_bytes_max = std::size_t{1} << 20;
  /// What is read and thrown away behind a refused request: closing on unread bytes would reset
  /// the connection, and the client would never see why.
  static constexpr std::size_t discard_bytes_max = std::size_t{1} << 20;
  static constexpr Duration discard_time_max = 2s;

  /// False: there are too many; close it.
  [[nodiscard]] bool admit(ConnectionId connection, Instant now);
  /// A complete request has come.
  void on_request(ConnectionId connection, Instant now);
  void on_queued(ConnectionId connection, std::size_t bytes);
  void on_sent(ConnectionId connection, std::size_t bytes);
  /// Whether the next request may be answered now.
  [[nodiscard]] bool may_answer(ConnectionId connection) const;

  /// From now on nothing is answered and what comes is thrown away.
  void start_discarding(ConnectionId connection, Instant now);
  /// Bytes came. Whether they are to be thrown away.
  [[nodiscard]] bool discards(ConnectionId connection) const;
  /// Whether more may be thrown away; if not, close it.
  [[nodiscard]] bool discard(ConnectionId connection, std::size_t bytes);

  /// It was closed here. It still counts until it is gone.
  void start_closing(ConnectionId connection);
  void on_gone(ConnectionId connection);

  /// Whether it was admitted and not closed since.
  [[nodiscard]] bool is_open(ConnectionId connection) const;
  [[nodiscard]] std::vector<ConnectionId> all() const;
  /// Those whose time is up: close them.
  [[nodiscard]] std::vector<ConnectionId> overdue(Instant now) const;
  /// When the next time will be up. Nothing to wait for while nobody is connected.
  [[nodiscard]] std::optional<Instant> next_deadline() const;

 private:
  enum class Phase { serving, discarding, closing };
  struct Connection {
    Instant deadline;
    Phase phase = Phase::serving;
    std::size_t unsent_bytes = 0;
    std::size_t discarded_bytes = 0;
  };

  std::map<ConnectionId, Connection> connections_;
};

}  // namespace millrace
