#pragma once
#include <google/protobuf/message_lite.h>

#include <optional>
#include <string>
#include <string_view>

#include "apps/agent/file_descriptor.hpp"
#include "protocol/fluss.pb.h"
#include "protocol/frame.hpp"
#include "protocol/message_codec.hpp"
#include "runtime/transport/port/transport.hpp"

namespace millrace {

namespace wire = protocol::wire;

/// A client connection that knows no manners: it writes what it is told, byte by byte if need be.
/// Everything that waits gives up after a bound that no healthy run comes near, and fails the test.
class BlockingClient {
 public:
  explicit BlockingClient(const Endpoint& to);

  /// False when the connection is gone.
  bool write(std::string_view bytes);
  bool request(protocol::ApiKey key, std::int32_t id, std::string_view body);
  /// The next answer; nothing when the connection ended instead.
  [[nodiscard]] std::optional<protocol::ResponseFrame> next();
  /// Waits for the end of the connection; answers before it are skipped.
  [[nodiscard]] bool ends();
  void hang_up() { socket_ = FileDescriptor(); }

  /// Asks and waits: the answer's body, which must not be an error.
  template <class Answer>
  [[nodiscard]] Answer ask(protocol::ApiKey key, const google::protobuf::MessageLite& message) {
    return parsed<Answer>(ask_body(key, protocol::serialize(message).text()));
  }
  template <class Answer>
  [[nodiscard]] static Answer parsed(const Buffer& body) {
    return protocol::parse_message<Answer>(body.bytes()).value();
  }
  [[nodiscard]] Buffer ask_body(protocol::ApiKey key, std::string_view body);
  /// Whether the connection is served: the handshake is answered.
  [[nodiscard]] bool is_served();

 private:
  /// Nothing at the end of the connection.
  [[nodiscard]] std::optional<Buffer> read_some();

  FileDescriptor socket_;
  protocol::FrameSplitter frames_{std::size_t{1} << 30};
  std::int32_t ids_ = 1000;
};

/// A whole request frame.
[[nodiscard]] std::string request_frame(protocol::ApiKey key, std::int32_t id,
                                        std::string_view body);
/// A handshake that is in order.
[[nodiscard]] std::string handshake_body();

}  // namespace millrace
