#pragma once
#include <memory>

#include "base/time.hpp"
#include "runtime/transport/asio/asio_event_loop.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

struct AsioTransportOptions {
  /// From connect() to Opened, name lookup included; then Closed.
  Duration connect_time_max = 15s;
  /// How long close() waits for unsent bytes to leave before it drops them; then the peer has one
  /// more second to close its side.
  Duration drain_time_max = 10s;
};

/// TCP through Boost.Asio, on the thread of one AsioEventLoop: every sink is called there, from the
/// loop itself, never from inside a call of this class. No locks but around the list of listeners:
/// calls from other threads are posted to the loop. Received buffers are as large as what had
/// arrived, so an idle connection with a pending receive() holds no buffer. A peer that shuts down
/// its sending side counts as gone.
class AsioTransport final : public Transport {
 public:
  explicit AsioTransport(AsioEventLoop& loop, AsioTransportOptions options = {});
  /// Closes everything without further events. Requires that no other thread runs the loop.
  ~AsioTransport() override;
  AsioTransport(const AsioTransport&) = delete;
  AsioTransport& operator=(const AsioTransport&) = delete;

  [[nodiscard]] Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) override;
  void attach(ConnectionId connection, TransportSink sink) override;
  [[nodiscard]] ConnectionId connect(const Endpoint& to, TransportSink sink) override;
  void receive(ConnectionId connection) override;
  void send(ConnectionId connection, std::vector<Buffer> pieces) override;
  void close(ConnectionId connection, bool discard_unsent) override;

  /// Waits until every connection that was told to close has sent what it had and is gone. False
  /// if some are left after `time_max`. Requires that the loop runs on another thread.
  [[nodiscard]] bool await_drained(Duration time_max);

 private:
  class Core;
  AsioEventLoop& loop_;
  std::shared_ptr<Core> core_;
};

}  // namespace millrace
