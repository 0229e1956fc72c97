#pragma once
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "runtime/actor.hpp"
#include "runtime/link/link_frame.hpp"
#include "runtime/link/link_lane.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

struct LinkOptions {
  Duration reconnect_min = 50ms;
  Duration reconnect_max = 1s;
  /// A connection whose hello does not come within this time is closed.
  Duration hello_time_max = 2s;
  LinkLaneCredit::Limits lane;
  /// Actors that are told when a peer comes and goes.
  std::vector<std::string> watchers;
};

/// The link to one peer node: two connections, reconnected for ever by the node with the higher id.
/// What other actors send to that node arrives here and leaves as frames; what arrives as frames
/// goes to the actor it names. The envelope says which lane it takes.
class LinkActor final : public Actor {
 public:
  LinkActor(caf::actor_config& config, ActorSetup setup, Transport& transport, NodeId peer,
            LinkOptions options);

 protected:
  void on_envelope(const Envelope& envelope) override;
  void on_timer(std::uint64_t id) override;
  void on_stop() override;
  void on_failure(const caf::error& reason) override;

 private:
  enum class Phase { idle, connecting, greeting, up };
  struct Line {
    Line(const BudgetBook& book, LinkLaneCredit::Limits limits)
        : credit(limits), queue(book, {"queue_of_link", "bytes", limits.queue_bytes_max}) {}
    Phase phase = Phase::idle;
    ConnectionId connection;
    LinkFrameReader reader;
    LinkLaneCredit credit;
    BudgetAccount queue;
    Duration back_off{};
    std::uint64_t attempt = 0;
  };

  [[nodiscard]] bool dials() const;
  [[nodiscard]] LinkHello own_hello(Lane lane) const;
  [[nodiscard]] Line& line(Lane lane) { return lines_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] Lane lane_of(const Line& which) const;
  [[nodiscard]] Line* line_of(ConnectionId connection);

  void transmit(const Envelope& envelope);
  void flush(Line& which);
  void dial(Lane lane);
  void dial_later(Line& which);
  void hang_up(Line& which, const std::string& why);
  void lost(Line& which, const std::string& why);
  void up(Line& which, Incarnation incarnation, std::uint64_t credit);
  void take_order(const Envelope& envelope);
  /// The launcher's word on where the peer is, and which start of it is the newest.
  void take_address(Endpoint endpoint, Incarnation newest);
  void take_bytes(Line& which, const Buffer& bytes);
  [[nodiscard]] Status take_frame(Line& which, LinkFrameIn frame);
  [[nodiscard]] Status deliver(Envelope envelope);
  void tell_watchers(bool connected);

  Transport& transport_;
  const NodeId peer_;
  const LinkOptions options_;
  Random random_;
  Endpoint endpoint_;
  Incarnation incarnation_;  // Newest known of the peer.
  std::deque<Line> lines_;   // Indexed by Lane.
  std::uint64_t lost_frames_ = 0;
};

}  // namespace millrace
