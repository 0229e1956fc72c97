#include "runtime/transport/simulated/simulated_network.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace millrace {
namespace {

class SimulatedTransport final : public Transport {
 public:
  SimulatedTransport(SimulatedNetwork& network, ProcessId process)
      : network_(network), process_(process) {}

  Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) override {
    return network_.listen(process_, at, std::move(on_accept));
  }
  void attach(ConnectionId connection, TransportSink sink) override {
    network_.attach(connection, std::move(sink));
  }
  ConnectionId connect(const Endpoint& to, TransportSink sink) override {
    return network_.connect(process_, to, std::move(sink));
  }
  void receive(ConnectionId connection) override { network_.receive(connection); }
  void send(ConnectionId connection, std::vector<Buffer> pieces) override {
    network_.send(connection, pieces);
  }
  void close(ConnectionId connection, bool discard_unsent) override {
    network_.close(connection, discard_unsent);
  }

 private:
  SimulatedNetwork& network_;
  const ProcessId process_;
};

}  // namespace

SimulatedNetwork::SimulatedNetwork(EventQueue& queue, Random random, NetworkWeather weather)
    : queue_(queue), random_(random), weather_(weather) {}

std::unique_ptr<Transport> SimulatedNetwork::transport_of(ProcessId process) {
  return std::make_unique<SimulatedTransport>(*this, process);
}

void SimulatedNetwork::cut(ProcessId from, ProcessId to) { cuts_.insert({from, to}); }

void SimulatedNetwork::heal(ProcessId from, ProcessId to) {
  cuts_.erase({from, to});
  auto held = stalled_.extract({from, to});
  if (held.empty()) return;
  for (auto& action : held.mapped()) action();
}

void SimulatedNetwork::set_wire(ProcessId from, ProcessId to, Wire wire) {
  wires_.erase({from, to});
  if (wire) wires_.emplace(std::pair(from, to), std::move(wire));
}

void SimulatedNetwork::end_process(ProcessId process) {
  std::erase_if(listeners_, [&](const auto& entry) { return entry.second.process == process; });
  std::vector<ConnectionId> own;
  for (const auto& [id, end] : ends_) {
    if (end.process == process) own.push_back(id);
  }
  for (const ConnectionId id : own) {
    const ConnectionId other = ends_.at(id).other;
    // What the kernel had taken over may still arrive, although nobody is left who sent it.
    if (random_.chance(1, 2)) outliving_.insert(id);
    travel(id, [this, other] { finish(other, "connection reset by peer"); });
    ends_.erase(id);
  }
}

SimulatedNetwork::End* SimulatedNetwork::find(ConnectionId connection) {
  const auto found = ends_.find(connection);
  return found == ends_.end() ? nullptr : &found->second;
}

Duration SimulatedNetwork::draw_delay() {
  const Duration longest = random_.chance(1, 1000) ? weather_.delay_tail : weather_.delay_max;
  return Duration(random_.between(weather_.delay_min.count(), longest.count()));
}

void SimulatedNetwork::arrive(ProcessId from, ProcessId to, std::function<void()> action) {
  // Behind what is stalled already, or it would overtake.
  if (cuts_.contains({from, to})) {
    stalled_[{from, to}].push_back(std::move(action));
  } else {
    action();
  }
}

void SimulatedNetwork::travel(ConnectionId from, std::function<void()> action) {
  End& end = ends_.at(from);
  const End* other = find(end.other);
  const ProcessId to = other != nullptr ? other->process : end.process;
  const Instant at = std::max(queue_.now() + draw_delay(), end.last_arrival + 1ns);
  end.last_arrival = at;
  (void)queue_.after(at - queue_.now(),
                     [this, process = end.process, to, action = std::move(action)] {
                       arrive(process, to, action);
                     });
}

Result<Endpoint> SimulatedNetwork::listen(ProcessId process, const Endpoint& at,
                                          AcceptSink on_accept) {
  Endpoint real = at;
  if (real.port == 0) real.port = ports_++;
  const auto taken = listeners_.find(real);
  if (taken != listeners_.end() && taken->second.process != process) {
    return fail(Errc::unavailable, "address in use: " + to_string(real));
  }
  listeners_.insert_or_assign(real, Listener{process, std::move(on_accept)});
  return real;
}

ConnectionId SimulatedNetwork::connect(ProcessId process, const Endpoint& to, TransportSink sink) {
  const ConnectionId near{++ids_};
  const ConnectionId far{++ids_};
  ends_.emplace(near, End{.process = process, .other = far, .peer = to, .sink = std::move(sink)});
  const auto listener = listeners_.find(to);
  if (listener == listeners_.end()) {
    (void)queue_.after(draw_delay(), [this, near] { finish(near, "connection refused"); });
    return near;
  }
  const ProcessId server = listener->second.process;
  const Endpoint from{"client", static_cast<std::uint16_t>(process.value())};
  ends_.emplace(far, End{.process = server, .other = near, .peer = from, .sink = nullptr});
  travel(near, [this, near, far, to, from] {
    const auto still = listeners_.find(to);
    if (still == listeners_.end() || find(far) == nullptr) {
      finish(near, "connection refused");
      return;
    }
    travel(far, [this, near, to] { tell(near, Opened{near, to}); });
    still->second.on_accept(far, from);
  });
  return near;
}

void SimulatedNetwork::attach(ConnectionId connection, TransportSink sink) {
  End* end = find(connection);
  if (end == nullptr) {
    (void)queue_.after(0ns, [sink, connection] { sink(Closed{connection, "gone before attach"}); });
    return;
  }
  CHECK(end->receives_wanted == 0);
  end->sink = std::move(sink);
  (void)queue_.after(0ns, [this, connection] {
    if (const End* open = find(connection)) tell(connection, Opened{connection, open->peer});
  });
}

void SimulatedNetwork::receive(ConnectionId connection) {
  End* end = find(connection);
  if (end == nullptr) return;
  ++end->receives_wanted;
  (void)queue_.after(0ns, [this, connection] { deliver(connection); });
}

void SimulatedNetwork::deliver(ConnectionId to) {
  End* end = find(to);
  if (end == nullptr || !end->sink) return;
  if (end->receives_wanted > 0 && !end->arrived.empty()) {
    Buffer bytes = std::move(end->arrived.front());
    end->arrived.pop_front();
    end->arrived_bytes -= bytes.size();
    --end->receives_wanted;
    release(*end);
    tell(to, Received{to, std::move(bytes)});
    end = find(to);
    if (end == nullptr) return;
  }
  if (end->finished && end->arrived.empty()) {
    const TransportSink sink = end->sink;
    const std::string reason = end->finish_reason;
    ends_.erase(to);
    sink(Closed{to, reason});
  }
}

void SimulatedNetwork::tell(ConnectionId to, TransportEvent event) {
  End* end = find(to);
  if (end == nullptr || !end->sink) return;
  const TransportSink sink = end->sink;  // The call may close the connection.
  sink(std::move(event));
}

void SimulatedNetwork::send(ConnectionId connection, const std::vector<Buffer>& pieces) {
  End* end = find(connection);
  if (end == nullptr || end->finished) return;
  const ConnectionId other = end->other;
  if (end->half_closed) {
    return travel(connection,
                  [this, connection] { finish(connection, "connection reset by peer"); });
  }
  const End* receiver = find(other);
  const auto wire =
      receiver == nullptr ? wires_.end() : wires_.find({end->process, receiver->process});
  for (const Buffer& piece : pieces) {
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t left = piece.size() - at;
      const std::size_t limit = std::min(left, weather_.chunk_bytes_max);
      const auto size =
          static_cast<std::size_t>(random_.between(1, static_cast<std::int64_t>(limit)));
      const std::size_t taken = random_.chance(1, 4) ? size : limit;
      const Buffer chunk = piece.slice(at, taken);
      at += taken;
      ChunkFate fate = wire == wires_.end() ? ChunkFate{chunk} : wire->second(chunk);
      travel(connection, [this, connection, other, fate = std::move(fate), taken] {
        take_in(connection, other, fate, taken);
      });
    }
  }
}

void SimulatedNetwork::take_in(ConnectionId from, ConnectionId to, const ChunkFate& chunk,
                               std::size_t sent_bytes) {
  if (find(from) == nullptr && !outliving_.contains(from)) return;
  End* receiver = find(to);
  const bool is_there = receiver != nullptr && !receiver->finished;
  if (is_there && !chunk.bytes.empty()) {
    receiver->arrived.push_back(chunk.bytes);
    receiver->arrived_bytes += chunk.bytes.size();
  }
  if (is_there && receiver->arrived_bytes > weather_.window_bytes) {
    receiver->held_back.push_back(sent_bytes);
  } else {
    tell(from, Sent{from, sent_bytes});
  }
  deliver(to);
  if (!is_there || chunk.stream == ChunkFate::Stream::goes_on) return;
  finish(to, "connection reset by peer");
  if (chunk.stream == ChunkFate::Stream::breaks) return finish(from, "connection reset by peer");
  if (End* sender = find(from)) sender->half_closed = true;
}

void SimulatedNetwork::release(End& receiver) {
  const ConnectionId sender = receiver.other;
  std::size_t bytes = 0;
  while (!receiver.held_back.empty() && receiver.arrived_bytes <= weather_.window_bytes) {
    bytes += receiver.held_back.front();
    receiver.held_back.pop_front();
  }
  if (bytes == 0) return;
  (void)queue_.after(draw_delay(), [this, sender, bytes] { tell(sender, Sent{sender, bytes}); });
}

void SimulatedNetwork::finish(ConnectionId id, const std::string& reason) {
  End* end = find(id);
  if (end == nullptr || end->finished) return;
  end->finished = true;
  end->finish_reason = reason;
  // A reader that does not ask still learns that the peer is gone once it has read what came.
  deliver(id);
}

void SimulatedNetwork::close(ConnectionId connection, bool discard_unsent) {
  End* end = find(connection);
  if (end == nullptr) return;
  const ConnectionId other = end->other;
  const TransportSink sink = end->sink;
  if (discard_unsent) end->last_arrival = queue_.now();
  travel(connection, [this, connection, other] {
    finish(other, "closed by the peer");
    ends_.erase(connection);
  });
  end = find(connection);
  end->finished = true;
  end->sink = nullptr;
  end->arrived.clear();
  (void)queue_.after(0ns, [sink, connection] {
    if (sink) sink(Closed{connection, "closed here"});
  });
}

}  // namespace millrace
