#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/fluss.pb.h"
#include "protocol/frame.hpp"
#include "protocol/message_codec.hpp"
#include "runtime/transport/port/event_loop.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace::client {

/// Time that moves only when the test runs it.
class VirtualLoop final : public EventLoop {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] EpochMillis wall_clock() const override { return 1'700'000'000'000; }
  TimerId after(Duration delay, std::function<void()> action) override {
    const TimerId id{++timers_made_};
    timers_[{now_ + delay, id}] = std::move(action);
    return id;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  void post(std::function<void()> action) override { posted_.push_back(std::move(action)); }

  /// Runs everything that is due by `now() + span`, in order of time.
  void run_for(Duration span);
  /// run_for() until `done`; false if it never is. Stops at the first moment that it is.
  [[nodiscard]] bool run_until(const std::function<bool()>& done, Duration time_max);

 private:
  [[nodiscard]] bool step(Instant until);

  Instant now_{};
  std::uint64_t timers_made_ = 0;
  std::deque<std::function<void()>> posted_;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
};

/// A request as a server gets it.
struct Request {
  ConnectionId connection;
  Endpoint server;
  protocol::ApiKey api{};
  std::int32_t id = 0;
  Buffer body;

  template <class Message>
  [[nodiscard]] Message as() const {
    return protocol::parse_message<Message>(body.bytes()).value();
  }
};

/// A transport whose other end is a script. Requests go to `on_request`, or wait in `unanswered`
/// when it is not set or returns false; answers are what the test says. Handshakes are answered by
/// themselves unless switched off. Nothing happens inside a call: all comes through the loop.
class FakePeer final : public Transport {
 public:
  explicit FakePeer(VirtualLoop& loop) : loop_(loop) {}

  /// Which addresses accept connections.
  std::set<Endpoint> listening;
  bool answers_handshakes = true;
  std::set<protocol::ApiKey> unserved;
  std::function<bool(const Request&)> on_request;
  std::vector<Request> unanswered;
  std::vector<Endpoint> connected;  ///< In order, one entry per connection that was made.
  std::map<ConnectionId, std::string> closed_by_client;

  void answer(const Request& request, const google::protobuf::MessageLite& message);
  void answer_pieces(const Request& request, std::vector<Buffer> body);
  void refuse(const Request& request, protocol::ErrorCode code, const std::string& message);
  void send_bytes(ConnectionId connection, Buffer bytes);
  void hang_up(ConnectionId connection);
  [[nodiscard]] std::size_t open_connections() const { return peers_.size(); }

  [[nodiscard]] Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) override;
  void attach(ConnectionId connection, TransportSink sink) override;
  [[nodiscard]] ConnectionId connect(const Endpoint& to, TransportSink sink) override;
  void receive(ConnectionId connection) override;
  void send(ConnectionId connection, std::vector<Buffer> pieces) override;
  void close(ConnectionId connection, bool discard_unsent) override;

 private:
  struct Peer {
    Endpoint server;
    TransportSink sink;
    protocol::FrameSplitter requests{std::size_t{64} << 20};
    std::deque<Buffer> to_client;
    bool client_wants_bytes = false;
  };

  void deliver(ConnectionId connection);
  void on_frame(ConnectionId connection, const Buffer& payload);
  void end(ConnectionId connection, const std::string& reason);

  VirtualLoop& loop_;
  std::uint64_t connections_made_ = 0;
  std::map<ConnectionId, Peer> peers_;
};

}  // namespace millrace::client
