#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"

namespace millrace {

/// Where a stream connection leads. Port 0 in listen() means: the kernel chooses.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

[[nodiscard]] inline std::string to_string(const Endpoint& endpoint) {
  return endpoint.host + ":" + std::to_string(endpoint.port);
}

/// One stream connection of this process. Never reused within a process.
using ConnectionId = Id<struct ConnectionTag, std::uint64_t>;

/// The connection is up: bytes may be sent, receive() may be called.
struct Opened {
  ConnectionId connection;
  Endpoint peer;
};
/// The answer to one receive(): 1 to `receive_bytes_max` bytes, in stream order.
struct Received {
  ConnectionId connection;
  Buffer bytes;
};
/// `bytes` more bytes have left this process's buffers.
struct Sent {
  ConnectionId connection;
  std::size_t bytes = 0;
};
/// The connection is gone, or connect() failed: the last event of a connection.
struct Closed {
  ConnectionId connection;
  std::string reason;
};
using TransportEvent = std::variant<Opened, Received, Sent, Closed>;

/// Called on the engine's thread, one event at a time per connection, never after Closed.
using TransportSink = std::function<void(TransportEvent)>;
/// Called on the engine's thread for each connection that arrives; it must be attached or closed.
using AcceptSink = std::function<void(ConnectionId connection, const Endpoint& peer)>;

/// Stream connections as a port: Asio in production, a seeded network model in simulation.
/// Every method may be called from any thread and returns at once. Calls about a connection that is
/// already gone are ignored.
class Transport {
 public:
  static constexpr std::size_t receive_bytes_max = std::size_t{256} << 10;

  virtual ~Transport() = default;

  /// Listens and returns the endpoint with its real port. Where this transport listens already, the
  /// new sink takes over: an actor that starts again finds its listener as it left it. Errors:
  /// unavailable (address in use).
  [[nodiscard]] virtual Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) = 0;
  /// Takes over a connection: one that on_accept announced, or one that another sink had and no
  /// receive() is pending on. Opened is the first event, or Closed if it is gone already.
  virtual void attach(ConnectionId connection, TransportSink sink) = 0;
  /// Starts to connect; Opened or Closed follows within the engine's connect time-out.
  [[nodiscard]] virtual ConnectionId connect(const Endpoint& to, TransportSink sink) = 0;
  /// Asks for the next bytes: exactly one Received (or Closed) answers. Not asking is
  /// back-pressure.
  virtual void receive(ConnectionId connection) = 0;
  /// Queues the pieces behind what was queued before. The caller bounds what is unsent by Sent.
  virtual void send(ConnectionId connection, std::vector<Buffer> pieces) = 0;
  /// Closes after what was queued has been sent, or at once with `discard_unsent`. Closed follows.
  virtual void close(ConnectionId connection, bool discard_unsent) = 0;
};

}  // namespace millrace
