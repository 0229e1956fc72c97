#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "runtime/simulator/event_queue.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

/// A simulated process, for the network: one node, or one client.
using ProcessId = Id<struct ProcessTag, std::uint64_t>;

struct NetworkWeather {
  Duration delay_min = 50us;
  Duration delay_max = 500us;
  /// One chunk in a thousand takes up to this long instead.
  Duration delay_tail = 20ms;
  /// Chunks are cut to at most this many bytes, so that frames arrive in pieces.
  std::size_t chunk_bytes_max = 64 << 10;
  /// So many bytes that nobody has taken lie at a receiver before its sender is held back.
  std::size_t window_bytes = 256 << 10;
};

/// What becomes of a chunk on a wire that is not as it should be.
struct ChunkFate {
  enum class Stream {
    goes_on,
    breaks,       ///< Both ends hear that the connection is gone, after these bytes.
    half_closes,  ///< The receiver hears it; the sender, when it sends the next time.
  };
  Buffer bytes;  ///< As they arrive.
  Stream stream = Stream::goes_on;
};
using Wire = std::function<ChunkFate(const Buffer& chunk)>;

/// The network of a simulation: per direction in order, delays and chunk sizes drawn from the seed,
/// cut links stall (as TCP does), a process that ends breaks its connections. Single-threaded.
class SimulatedNetwork {
 public:
  SimulatedNetwork(EventQueue& queue, Random random, NetworkWeather weather = {});

  /// A process's way into the network. The network must outlive it.
  [[nodiscard]] std::unique_ptr<Transport> transport_of(ProcessId process);

  /// Stops what flows from one process to another until heal().
  void cut(ProcessId from, ProcessId to);
  void heal(ProcessId from, ProcessId to);
  /// Everything that is sent from one process to another passes through `wire` from now on; nothing
  /// instead of it: the wire is sound again.
  void set_wire(ProcessId from, ProcessId to, Wire wire);
  /// The process is gone: its listeners and connections with it. Peers hear of it after a delay;
  /// what it had sent them is lost or still arrives first, as the seed decides for each connection.
  /// The process itself hears nothing.
  void end_process(ProcessId process);

  // For the transport.
  [[nodiscard]] Result<Endpoint> listen(ProcessId process, const Endpoint& at,
                                        AcceptSink on_accept);
  [[nodiscard]] ConnectionId connect(ProcessId process, const Endpoint& to, TransportSink sink);
  void attach(ConnectionId connection, TransportSink sink);
  void receive(ConnectionId connection);
  void send(ConnectionId connection, const std::vector<Buffer>& pieces);
  void close(ConnectionId connection, bool discard_unsent);

 private:
  /// One end of a stream.
  struct End {
    ProcessId process;
    ConnectionId other;
    Endpoint peer;
    TransportSink sink;
    std::deque<Buffer> arrived{};
    std::size_t arrived_bytes = 0;
    std::deque<std::size_t> held_back{};  // Chunks of the other end that found no room.
    bool half_closed = false;             // The other end has heard that we are gone.
    std::size_t receives_wanted = 0;
    Instant last_arrival{};  // Of what this end has sent so far.
    bool finished = false;   // The other end has closed; Closed follows what arrived.
    std::string finish_reason{};
  };
  struct Listener {
    ProcessId process;
    AcceptSink on_accept;
  };

  [[nodiscard]] Duration draw_delay();
  /// Runs `action` when something sent now by `from` arrives, in order, cuts considered.
  void travel(ConnectionId from, std::function<void()> action);
  void arrive(ProcessId from, ProcessId to, std::function<void()> action);
  void deliver(ConnectionId to);
  void take_in(ConnectionId from, ConnectionId to, const ChunkFate& chunk, std::size_t sent_bytes);
  /// Tells the sender of what there is room for.
  void release(End& receiver);
  void tell(ConnectionId to, TransportEvent event);
  void finish(ConnectionId end, const std::string& reason);
  [[nodiscard]] End* find(ConnectionId connection);

  EventQueue& queue_;
  Random random_;
  const NetworkWeather weather_;
  std::uint64_t ids_ = 0;
  std::uint16_t ports_ = 10000;
  std::map<ConnectionId, End> ends_;
  std::set<ConnectionId> outliving_;  // Ended with their process; what they sent still arrives.
  std::map<Endpoint, Listener> listeners_;
  std::set<std::pair<ProcessId, ProcessId>> cuts_;
  std::map<std::pair<ProcessId, ProcessId>, Wire> wires_;
  std::map<std::pair<ProcessId, ProcessId>, std::deque<std::function<void()>>> stalled_;
};

}  // namespace millrace
