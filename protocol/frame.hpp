#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "protocol/api.hpp"
#include "protocol/error_code.hpp"

// A connection carries frames: a big-endian int32 length and that many bytes, the payload. A
// request payload is api key, api version, request id, body; a response payload is a type byte,
// request id, body. Bodies are protobuf messages. Source: Fluss framing.

namespace millrace::protocol {

struct RequestFrame {
  std::int16_t api_key = 0;  ///< As sent: it may be no ApiKey.
  std::int16_t api_version = 0;
  std::int32_t request_id = 0;
  Buffer body;
};

struct ResponseFrame {
  std::int32_t request_id = 0;
  bool is_error = false;  ///< The body is an ErrorResponse.
  Buffer body;
};

/// What a server accepts as one request. Source: Fluss netty.server.max-request-size.
inline constexpr std::size_t request_frame_bytes_max = std::size_t{100} << 20;

/// Cuts a byte stream into frame payloads. It never holds more memory than twice the bytes that
/// have arrived, whatever length a frame announces. A frame that lies within one pushed piece comes
/// out as a slice of it; only a frame that spans pieces is copied, once.
class FrameSplitter {
 public:
  /// `frame_bytes_max` bounds the announced payload length.
  explicit FrameSplitter(std::size_t frame_bytes_max);

  void push(Buffer piece);

  /// The next complete payload, or nothing until more is pushed. Call it until it gives nothing, so
  /// that pushed pieces are let go. Errors: malformed for a length below 1, overloaded for one
  /// above the bound; after an error the stream is lost and every call repeats it.
  [[nodiscard]] Result<std::optional<Buffer>> next();

  /// Bytes pushed and not yet given out.
  [[nodiscard]] std::size_t buffered() const { return buffered_; }

 private:
  [[nodiscard]] std::optional<Buffer> take_whole(std::size_t frame_size);
  void move_to_partial(std::size_t target_size);
  [[nodiscard]] Result<std::size_t> frame_size_from(Bytes prefix);

  std::size_t frame_bytes_max_;
  std::deque<Buffer> pieces_;
  std::vector<std::byte> partial_;  // The start of a frame that spans pieces, length included.
  std::size_t buffered_ = 0;
  std::optional<Error> lost_;
};

/// Reads what FrameSplitter gave on a server. Errors: malformed.
[[nodiscard]] Result<RequestFrame> parse_request(const Buffer& payload);

/// Reads what FrameSplitter gave on a client. Errors: unavailable when the server gave up the
/// connection (frame type 2), malformed.
[[nodiscard]] Result<ResponseFrame> parse_response(const Buffer& payload);

/// A whole frame as pieces to write one after the other; the body's bytes are not copied.
/// Requires bodies below 2 GiB.
[[nodiscard]] std::vector<Buffer> encode_request(ApiKey key, std::int16_t version,
                                                 std::int32_t request_id,
                                                 std::vector<Buffer> body_pieces);
[[nodiscard]] std::vector<Buffer> encode_response(std::int32_t request_id,
                                                  std::vector<Buffer> body_pieces);
[[nodiscard]] std::vector<Buffer> encode_error(std::int32_t request_id, const ProtocolError& error);

}  // namespace millrace::protocol
