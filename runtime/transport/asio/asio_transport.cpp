// Everything below runs on the loop's thread, except where a function says otherwise. A
// connection's asynchronous operations hold it by shared_ptr; once its phase is `closed` their
// completions do nothing, which is how "never a sink call after Closed" holds.
#include "runtime/transport/asio/asio_transport.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.hpp"

namespace millrace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Failure = boost::system::error_code;

namespace {

/// As many pieces as one writev takes; Asio sends no more than 64 at once.
constexpr std::size_t gather_pieces_max = 64;
/// How long a peer may take to close after all was sent to it.
constexpr Duration linger_time_max = 1s;

Endpoint endpoint_of(const tcp::endpoint& address) {
  return {address.address().to_string(), address.port()};
}

/// Sets what every socket has. Failures matter to nobody: the next operation reports a dead socket.
void prepare(tcp::socket& socket) {
  Failure ignored;
  (void)::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  socket.non_blocking(true, ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

/// One stream. Phases only move forward; `waiting` is before connect succeeded or attach came.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Gone = std::function<void(ConnectionId)>;

  Connection(ConnectionId id, asio::io_context& context, tcp::socket socket, Gone gone)
      : id_(id),
        context_(context),
        socket_(std::move(socket)),
        resolver_(context),
        timer_(context),
        gone_(std::move(gone)) {}

  void connect(const Endpoint& to, Duration time_max, TransportSink sink) {
    sink_ = std::move(sink);
    name_ = "connect to " + to_string(to);
    timer_.expires_after(time_max);
    timer_.async_wait([self = shared_from_this()](const Failure& failure) {
      if (failure != asio::error::operation_aborted && self->phase_ == Phase::waiting)
        self->finish(self->name_ + ": timed out");
    });
    Failure not_an_address;
    const auto address = asio::ip::make_address(to.host, not_an_address);
    if (!not_an_address) {
      const std::array<tcp::endpoint, 1> only{tcp::endpoint(address, to.port)};
      return connect_to_any(only);
    }
    resolver_.async_resolve(to.host, std::to_string(to.port), tcp::resolver::numeric_service,
                            [self = shared_from_this()](const Failure& failure,
                                                        const tcp::resolver::results_type& found) {
                              if (self->phase_ != Phase::waiting) return;
                              if (failure)
                                return self->finish(self->name_ + ": " + failure.message());
                              self->connect_to_any(found);
                            });
  }

  void attach(TransportSink sink) {
    CHECK(receives_wanted_ == 0);
    sink_ = std::move(sink);
    if (phase_ == Phase::waiting) phase_ = Phase::open;
    asio::post(context_, [self = shared_from_this()] {
      if (self->phase_ == Phase::closed) return;
      self->deliver(Opened{self->id_, self->peer()});
    });
  }

  void receive() {
    if (phase_ != Phase::open) return;
    ++receives_wanted_;
    wait_readable();
  }

  void send(std::vector<Buffer> pieces) {
    if (phase_ != Phase::open) return;
    for (Buffer& piece : pieces) {
      if (!piece.empty()) unsent_.push_back(std::move(piece));
    }
    write();
  }

  void close(bool discard_unsent, Duration drain_time_max) {
    if (phase_ == Phase::closed) return;
    if (discard_unsent || phase_ == Phase::waiting) return finish("closed here");
    if (phase_ == Phase::draining) return;
    phase_ = Phase::draining;
    end_draining_after(drain_time_max, "closed here, unsent bytes were dropped");
    if (unsent_.empty()) linger();
  }

  [[nodiscard]] bool is_draining() const { return phase_ == Phase::draining; }

  /// Ends without an event: the transport itself is going away.
  void abandon() {
    phase_ = Phase::closed;
    sink_ = nullptr;
    release();
  }

  [[nodiscard]] Endpoint peer() const {
    Failure unknown;
    return endpoint_of(socket_.remote_endpoint(unknown));
  }

 private:
  enum class Phase { waiting, open, draining, closed };

  void connect_to_any(const auto& endpoints) {
    asio::async_connect(socket_, endpoints,
                        [self = shared_from_this()](const Failure& failure, const auto&) {
                          if (self->phase_ != Phase::waiting) return;
                          if (failure) return self->finish(self->name_ + ": " + failure.message());
                          self->opened();
                        });
  }

  void opened() {
    timer_.cancel();
    prepare(socket_);
    phase_ = Phase::open;
    deliver(Opened{id_, peer()});
  }

  void end_draining_after(Duration time, const char* reason) {
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this(), reason](const Failure& failure) {
      if (failure != asio::error::operation_aborted && self->phase_ == Phase::draining)
        self->finish(reason);
    });
  }

  /// All is sent. A socket that is closed with unread input resets the stream, which may cost the
  /// peer what it has not read yet; so what still comes is thrown away until the peer closes, too.
  void linger() {
    Failure failure;
    socket_.shutdown(tcp::socket::shutdown_send, failure);
    if (failure) return finish("closed here");
    end_draining_after(linger_time_max, "closed here");
    discard();
  }

  void discard() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const Failure& failure) {
      if (self->phase_ != Phase::draining) return;
      Failure ended = failure;
      while (!ended) (void)self->socket_.read_some(asio::buffer(self->thrown_away_), ended);
      if (ended != asio::error::would_block && ended != asio::error::try_again)
        return self->finish("closed here");
      self->discard();
    });
  }

  void wait_readable() {
    if (waits_readable_ || receives_wanted_ == 0) return;
    waits_readable_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const Failure& failure) {
      self->waits_readable_ = false;
      if (self->phase_ != Phase::open) return;
      if (failure) return self->finish("receive: " + failure.message());
      self->read();
    });
  }

  void read() {
    Failure failure;
    const std::size_t arrived = socket_.available(failure);
    const std::size_t room = std::clamp<std::size_t>(arrived, 1, Transport::receive_bytes_max);
    auto memory = std::make_shared_for_overwrite<std::byte[]>(room);
    const std::size_t size = socket_.read_some(asio::buffer(memory.get(), room), failure);
    if (failure == asio::error::would_block || failure == asio::error::try_again)
      return wait_readable();
    if (failure == asio::error::eof) return finish("closed by the peer");
    if (failure) return finish("receive: " + failure.message());
    --receives_wanted_;
    wait_readable();
    const Bytes bytes{memory.get(), size};
    deliver(Received{id_, Buffer(std::move(memory), bytes)});
  }

  void write() {
    if (writing_ || unsent_.empty()) return;
    const std::size_t count = std::min(unsent_.size(), gather_pieces_max);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t skip = i == 0 ? sent_of_first_ : 0;
      gathered_[i] = asio::const_buffer(unsent_[i].data() + skip, unsent_[i].size() - skip);
    }
    writing_ = true;
    socket_.async_write_some(std::span<const asio::const_buffer>(gathered_.data(), count),
                             [self = shared_from_this()](const Failure& failure, std::size_t size) {
                               self->writing_ = false;
                               if (self->phase_ == Phase::closed) return;
                               if (failure) return self->finish("send: " + failure.message());
                               self->wrote(size);
                             });
  }

  void wrote(std::size_t size) {
    sent_of_first_ += size;
    while (!unsent_.empty() && sent_of_first_ >= unsent_.front().size()) {
      sent_of_first_ -= unsent_.front().size();
      unsent_.pop_front();
    }
    write();
    deliver(Sent{id_, size});
    if (phase_ == Phase::draining && unsent_.empty()) linger();
  }

  void deliver(TransportEvent event) { sink_(std::move(event)); }

  /// The sink is called from the loop, not from here: close() may be running inside a sink.
  void finish(std::string reason) {
    CHECK(phase_ != Phase::closed);
    phase_ = Phase::closed;
    release();
    gone_(id_);
    asio::post(context_, [self = shared_from_this(), reason = std::move(reason)]() mutable {
      const TransportSink sink = std::exchange(self->sink_, nullptr);
      if (sink) sink(Closed{self->id_, std::move(reason)});
    });
  }

  void release() {
    Failure ignored;
    timer_.cancel();
    resolver_.cancel();
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    // A write in flight was cancelled by close() and no longer reads these.
    unsent_.clear();
  }

  const ConnectionId id_;
  asio::io_context& context_;
  tcp::socket socket_;
  tcp::resolver resolver_;
  asio::steady_timer timer_;
  Gone gone_;
  TransportSink sink_;
  std::string name_;
  Phase phase_ = Phase::waiting;
  std::size_t receives_wanted_ = 0;
  bool waits_readable_ = false;
  bool writing_ = false;
  std::deque<Buffer> unsent_;
  std::size_t sent_of_first_ = 0;
  std::array<asio::const_buffer, gather_pieces_max> gathered_;
  std::array<std::byte, 4096> thrown_away_;
};

/// One listening socket that accepts until it is destroyed.
struct Listener {
  explicit Listener(asio::io_context& context) : acceptor(context), pause(context) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  AcceptSink on_accept;
};

}  // namespace

class AsioTransport::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& context, AsioTransportOptions options)
      : context_(context), options_(options) {}

  /// From any thread: opens the listening socket at once; accepting starts on the loop.
  Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) {
    if (const auto mine = listener_at(at)) {
      on_loop([mine, on_accept = std::move(on_accept)]() mutable {
        mine->on_accept = std::move(on_accept);
      });
      return at;
    }
    auto address = address_of(at);
    if (!address) return tl::unexpected(address.error());
    auto listener = std::make_shared<Listener>(context_);
    listener->on_accept = std::move(on_accept);
    tcp::acceptor& acceptor = listener->acceptor;
    Failure failure;
    acceptor.open(address->protocol(), failure);
    if (!failure) (void)::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
    if (!failure) acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
    if (!failure) acceptor.bind(*address, failure);
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure)
      return fail(Errc::unavailable, "listen on " + to_string(at) + ": " + failure.message());
    Endpoint real{at.host, acceptor.local_endpoint(failure).port()};
    {
      const std::lock_guard lock(listeners_mutex_);
      listeners_[real] = listener;
    }
    on_loop([this, listener] { accept(listener); });
    return real;
  }

  /// From any thread.
  ConnectionId connect(const Endpoint& to, TransportSink sink) {
    const ConnectionId id = next_id();
    on_loop([this, id, to, sink = std::move(sink)]() mutable {
      add(id, tcp::socket(context_))->connect(to, options_.connect_time_max, std::move(sink));
    });
    return id;
  }

  /// From any thread: applies `action` to the connection, if it is still there.
  template <class Action>
  void with(ConnectionId id, Action action) {
    on_loop([this, id, action = std::move(action)]() mutable {
      const auto found = connections_.find(id);
      if (found == connections_.end()) return;
      const std::shared_ptr<Connection> connection = found->second;
      action(*connection);
    });
  }

  /// From any thread.
  void attach(ConnectionId id, TransportSink sink) {
    on_loop([this, id, sink = std::move(sink)]() mutable {
      const auto found = connections_.find(id);
      if (found != connections_.end()) return found->second->attach(std::move(sink));
      asio::post(context_, [id, sink = std::move(sink)] {
        sink(Closed{id, "gone before attach"});
      });
    });
  }

  /// From any thread: answers on the loop.
  [[nodiscard]] std::future<bool> is_drained() {
    auto answer = std::make_shared<std::promise<bool>>();
    auto answered = answer->get_future();
    on_loop([this, answer] {
      answer->set_value(std::none_of(connections_.begin(), connections_.end(),
                                     [](const auto& one) { return one.second->is_draining(); }));
    });
    return answered;
  }

  [[nodiscard]] Duration drain_time_max() const { return options_.drain_time_max; }

  void shut_down() {
    stopped_ = true;
    for (auto& [id, connection] : connections_) connection->abandon();
    connections_.clear();
    const std::lock_guard lock(listeners_mutex_);
    for (auto& [at, listener] : listeners_) {
      Failure ignored;
      listener->acceptor.close(ignored);
      listener->pause.cancel();
    }
    listeners_.clear();
  }

 private:
  ConnectionId next_id() { return ConnectionId{++ids_}; }

  /// Runs at once on the loop's own thread, else soon. Calls of one thread keep their order.
  template <class Action>
  void on_loop(Action action) {
    asio::dispatch(context_, [self = shared_from_this(), action = std::move(action)]() mutable {
      if (!self->stopped_) action();
    });
  }

  std::shared_ptr<Listener> listener_at(const Endpoint& at) {
    const std::lock_guard lock(listeners_mutex_);
    const auto found = listeners_.find(at);
    return found == listeners_.end() ? nullptr : found->second;
  }

  Result<tcp::endpoint> address_of(const Endpoint& at) {
    Failure failure;
    tcp::resolver resolver(context_);
    const auto found =
        resolver.resolve(at.host, std::to_string(at.port),
                         tcp::resolver::numeric_service | tcp::resolver::passive, failure);
    if (failure)
      return fail(Errc::unavailable, "listen on " + to_string(at) + ": " + failure.message());
    return found.begin()->endpoint();
  }

  const std::shared_ptr<Connection>& add(ConnectionId id, tcp::socket socket) {
    auto connection = std::make_shared<Connection>(
        id, context_, std::move(socket), [this](ConnectionId gone) { connections_.erase(gone); });
    return connections_.emplace(id, std::move(connection)).first->second;
  }

  void accept(const std::shared_ptr<Listener>& listener) {
    listener->acceptor.async_accept(
        [self = shared_from_this(), listener](const Failure& failure, tcp::socket socket) {
          if (self->stopped_) return;
          if (failure) return self->accept_later(listener);
          prepare(socket);
          const ConnectionId id = self->next_id();
          std::optional<Endpoint> peer;
          try {
            peer = self->add(id, std::move(socket))->peer();
          } catch (const std::bad_alloc&) {
            return self->accept_later(listener);  // This one is closed; the listener goes on.
          }
          self->accept(listener);
          const AcceptSink on_accept = listener->on_accept;  // The call may listen anew.
          on_accept(id, *peer);
        });
  }

  /// Out of descriptors, most likely. Accepting again at once would spin.
  void accept_later(const std::shared_ptr<Listener>& listener) {
    listener->pause.expires_after(100ms);
    listener->pause.async_wait([self = shared_from_this(), listener](const Failure&) {
      if (!self->stopped_) self->accept(listener);
    });
  }

  asio::io_context& context_;
  const AsioTransportOptions options_;
  std::atomic<std::uint64_t> ids_{0};
  bool stopped_ = false;
  std::unordered_map<ConnectionId, std::shared_ptr<Connection>> connections_;
  std::mutex listeners_mutex_;
  std::map<Endpoint, std::shared_ptr<Listener>> listeners_;
};

AsioTransport::AsioTransport(AsioEventLoop& loop, AsioTransportOptions options)
    : loop_(loop), core_(std::make_shared<Core>(loop.context(), options)) {}

AsioTransport::~AsioTransport() {
  CHECK(!loop_.runs_elsewhere());
  core_->shut_down();
}

Result<Endpoint> AsioTransport::listen(const Endpoint& at, AcceptSink on_accept) {
  return core_->listen(at, std::move(on_accept));
}

void AsioTransport::attach(ConnectionId connection, TransportSink sink) {
  core_->attach(connection, std::move(sink));
}

ConnectionId AsioTransport::connect(const Endpoint& to, TransportSink sink) {
  return core_->connect(to, std::move(sink));
}

void AsioTransport::receive(ConnectionId connection) {
  core_->with(connection, [](Connection& from) { from.receive(); });
}

void AsioTransport::send(ConnectionId connection, std::vector<Buffer> pieces) {
  core_->with(connection,
              [pieces = std::move(pieces)](Connection& to) mutable { to.send(std::move(pieces)); });
}

bool AsioTransport::await_drained(Duration time_max) {
  CHECK(loop_.runs_elsewhere());
  const Instant deadline = loop_.now() + time_max;
  while (!core_->is_drained().get()) {
    if (loop_.now() >= deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

void AsioTransport::close(ConnectionId connection, bool discard_unsent) {
  core_->with(connection, [discard_unsent, time_max = core_->drain_time_max()](Connection& which) {
    which.close(discard_unsent, time_max);
  });
}

}  // namespace millrace
