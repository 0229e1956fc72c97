#pragma once
#include <cstdint>
#include <string>

#include "runtime/node_context.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

// A stream engine calls sinks on its own thread; these turn each event into a TransportMessage in
// an actor's mailbox. Received bytes travel as the envelope's attachment, without a copy.

/// Events of one connection go to `actor` on this node. The context must outlive the connection.
[[nodiscard]] TransportSink sink_to(NodeContext& context, std::string actor);
/// New connections are announced to `actor` on this node; while it is not there they are closed.
/// `listener` tells several listeners of one actor apart.
[[nodiscard]] AcceptSink accept_to(NodeContext& context, Transport& transport, std::string actor,
                                   std::uint32_t listener = 0);

/// A listener's news, as the owner reads it.
struct Accepted {
  ConnectionId connection;
  Endpoint peer;
  std::uint32_t listener = 0;
};
using TransportNews = std::variant<Accepted, Opened, Received, Sent, Closed>;

/// Reads what sink_to and accept_to wrote.
[[nodiscard]] Result<TransportNews> decode_transport(const Envelope& envelope);

}  // namespace millrace
