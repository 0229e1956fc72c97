#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/callback.hpp"
#include "protocol/api.hpp"
#include "protocol/frame.hpp"
#include "runtime/transport/port/event_loop.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::client {

/// What SASL/PLAIN shows the server. It crosses the network as it stands here.
struct PlainLogin {
  std::string username;
  std::string password;
};

struct ConnectionOptions {
  /// How long the server may take to answer the handshake.
  Duration handshake_time_max = 15s;
  /// Bound of one answer. Larger than what a fetch asks for: its first batch always comes whole.
  std::size_t answer_bytes_max = std::size_t{128} << 20;
  /// Requests that wait for an answer. One more fails at once.
  std::size_t in_flight_max = 1024;
  std::string software_name = "millrace";
  std::string software_version = "0.1.0";
  /// Set: the client authenticates before anything else is sent. Fluss: client.security.protocol.
  std::optional<PlainLogin> login = {};
};

/// A successful answer: its protobuf body and what the whole frame took on the wire.
struct Answer {
  Buffer body;
  std::size_t wire_bytes = 0;
};

/// One connection to one server: handshake, request ids, answers matched by id in any order, a
/// deadline per request. Speaks version 0 of every API; an API that the server does not list at
/// that version fails here with unsupported_version. A connection that has broken stays broken.
///
/// It is shared by whoever asks and by its own timers, hence the shared_ptr; all on one thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Starts to connect. Requests made meanwhile wait for the handshake.
  [[nodiscard]] static std::shared_ptr<Connection> open(Transport& transport, EventLoop& loop,
                                                        const Endpoint& to,
                                                        ConnectionOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends one request. On a connection whose authentication was refused it fails with
  /// authenticate_exception. After `time_max` without an answer it fails with request_time_out; if
  /// the server has sent nothing at all since the request, the connection is given up as well.
  void ask(protocol::ApiKey api, std::vector<Buffer> body, Duration time_max,
           Callback<Answer> done);

  /// Fails what is in flight with network_exception.
  void close(const std::string& reason);

  [[nodiscard]] bool is_closed() const { return closed_; }
  /// True once the handshake is done: only then has any request been sent.
  [[nodiscard]] bool was_ready() const { return ready_; }
  [[nodiscard]] const Endpoint& endpoint() const { return to_; }

 private:
  struct Waiting {
    protocol::ApiKey api;
    std::vector<Buffer> body;  // Until it is sent.
    Callback<Answer> done;
    TimerId deadline;
    Instant asked_at;
  };

  Connection(Transport& transport, EventLoop& loop, Endpoint to, ConnectionOptions options);

  void start();
  void start_authentication();
  void on_event(TransportEvent event);
  void on_received(Buffer bytes);
  [[nodiscard]] Status on_frame(const Buffer& payload);
  [[nodiscard]] Status on_handshake(const protocol::ResponseFrame& answer);
  [[nodiscard]] Status on_authentication(const protocol::ResponseFrame& answer);
  void become_ready();
  void give_up(protocol::ErrorCode code, const std::string& reason);
  void on_deadline(std::int32_t request_id, Duration time_max);
  void send_waiting(std::int32_t request_id, Waiting& waiting);
  void answer(const Waiting& waiting, Outcome<Answer> outcome);
  void answer_later(Callback<Answer> done, ProtocolError error);

  Transport& transport_;
  EventLoop& loop_;
  const Endpoint to_;
  const ConnectionOptions options_;
  ConnectionId id_;
  protocol::FrameSplitter frames_;
  bool ready_ = false;
  bool closed_ = false;
  ProtocolError why_closed_;
  std::int32_t authentication_id_ = 0;  // Zero: AUTHENTICATE was not sent.
  int authentications_ = 0;
  TimerId handshake_deadline_;
  Instant heard_at_;
  std::int32_t next_request_id_ = 1;         // 0 is the handshake.
  std::map<std::int32_t, Waiting> waiting_;  // By request id, so in the order of asking.
  std::set<std::int16_t> served_;            // API keys, from the handshake.
};

}  // namespace millrace::client
