#include "runtime/transport_inbox.hpp"

#include <utility>

#include "schemas/transport.capnp.h"

namespace millrace {
namespace {

constexpr auto engine_name = "transport";

void fill(schemas::TransportMessage::Builder message, const Opened& event) {
  message.setConnection(event.connection.value());
  auto peer = message.initOpened();
  peer.setHost(event.peer.host);
  peer.setPort(event.peer.port);
}

void fill(schemas::TransportMessage::Builder message, const Received& event) {
  message.setConnection(event.connection.value());
  message.setReceived();
}

void fill(schemas::TransportMessage::Builder message, const Sent& event) {
  message.setConnection(event.connection.value());
  message.setSentBytes(event.bytes);
}

void fill(schemas::TransportMessage::Builder message, const Closed& event) {
  message.setConnection(event.connection.value());
  message.setClosed(event.reason);
}

Envelope seal_event(const TransportEvent& event) {
  std::vector<Buffer> attachments;
  if (const auto* received = std::get_if<Received>(&event)) attachments.push_back(received->bytes);
  return seal<schemas::TransportMessage>(
      [&](schemas::TransportMessage::Builder message) {
        std::visit([&](const auto& one) { fill(message, one); }, event);
      },
      std::move(attachments));
}

}  // namespace

TransportSink sink_to(NodeContext& context, std::string actor) {
  return [&context, actor = std::move(actor)](const TransportEvent& event) {
    context.post(actor, engine_name, seal_event(event));
  };
}

AcceptSink accept_to(NodeContext& context, Transport& transport, std::string actor,
                     std::uint32_t listener) {
  return [&context, &transport, actor = std::move(actor), listener](ConnectionId connection,
                                                                    const Endpoint& peer) {
    Envelope news =
        seal<schemas::TransportMessage>([&](schemas::TransportMessage::Builder message) {
          message.setConnection(connection.value());
          message.setListener(listener);
          auto accepted = message.initAccepted();
          accepted.setHost(peer.host);
          accepted.setPort(peer.port);
        });
    if (!context.post(actor, engine_name, std::move(news))) transport.close(connection, true);
  };
}

Result<TransportNews> decode_transport(const Envelope& envelope) {
  using Message = schemas::TransportMessage;
  return open<Message>(envelope, [&](Message::Reader message) -> Result<TransportNews> {
    const ConnectionId connection{message.getConnection()};
    const auto endpoint = [](schemas::Peer::Reader peer) {
      return Endpoint{peer.getHost().cStr(), peer.getPort()};
    };
    switch (message.which()) {
      case Message::ACCEPTED:
        return Accepted{connection, endpoint(message.getAccepted()), message.getListener()};
      case Message::OPENED:
        return Opened{connection, endpoint(message.getOpened())};
      case Message::RECEIVED:
        if (envelope.attachments.size() != 1) break;
        return Received{connection, envelope.attachments.front()};
      case Message::SENT_BYTES:
        return Sent{connection, message.getSentBytes()};
      case Message::CLOSED:
        return Closed{connection, message.getClosed().cStr()};
      default:
        break;
    }
    return fail(Errc::malformed, "unusable transport event");
  });
}

}  // namespace millrace
