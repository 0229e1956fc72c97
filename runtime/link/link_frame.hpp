#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/buffer.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "runtime/envelope.hpp"

namespace millrace {

// Frames of a link:
//   u32 LE length of what follows | u32 LE CRC-32C of the body | u32 LE words of the head |
//   u32 LE CRC-32C of these three | body: head (LinkFrame) | message words | attachments
// Every byte is under a checksum: a flipped bit costs the connection, never a message. The prefix
// has its own, since a wrong length would have the reader wait for a frame that nobody has sent,
// and take all that comes for a part of it.

/// 2: the prefix has a checksum.
inline constexpr std::uint32_t link_protocol_version = 2;
/// Larger frames are refused: the sender must cut its batches, the receiver closes the connection.
inline constexpr std::size_t link_frame_bytes_max = std::size_t{128} << 20;

struct LinkHello {
  std::uint32_t protocol_version = link_protocol_version;
  std::string cluster_id;
  NodeId node;
  Incarnation incarnation;
  Lane lane = Lane::control;
  std::uint64_t credit_bytes = 0;
  friend bool operator==(const LinkHello&, const LinkHello&) = default;
};
struct LinkCredit {
  std::uint64_t bytes = 0;
  friend bool operator==(const LinkCredit&, const LinkCredit&) = default;
};
/// A message as it arrived: `to` names the actor, `from` and `incarnation` are as the peer claims.
struct LinkMessage {
  Envelope envelope;
};
using LinkFrameContent = std::variant<LinkHello, LinkCredit, LinkMessage>;

/// A decoded frame and how many bytes it took on the wire.
struct LinkFrameIn {
  LinkFrameContent content;
  std::size_t wire_bytes = 0;
};

[[nodiscard]] std::vector<Buffer> encode(const LinkHello& hello);
[[nodiscard]] std::vector<Buffer> encode(const LinkCredit& credit);
/// The words and attachments are not copied. Errors: overloaded (above link_frame_bytes_max).
[[nodiscard]] Result<std::vector<Buffer>> encode_message(const Envelope& envelope);

[[nodiscard]] std::size_t total_size(const std::vector<Buffer>& pieces);

/// Cuts a byte stream into frames. Memory grows with what has arrived, not with what is announced.
class LinkFrameReader {
 public:
  /// Frames larger than `frame_bytes_max` are refused as soon as they are announced.
  explicit LinkFrameReader(std::size_t frame_bytes_max = link_frame_bytes_max)
      : frame_bytes_max_(frame_bytes_max) {}

  void push(Buffer bytes);
  /// The next whole frame, or nothing yet: more of it has been announced, and that announcement is
  /// sound. Errors: malformed, corrupt, overloaded; the stream is unusable afterwards.
  [[nodiscard]] Result<std::optional<LinkFrameIn>> next();
  /// Whether every byte that was pushed has been read.
  [[nodiscard]] bool empty() const { return buffered_ == 0; }

 private:
  /// Requires that so many bytes are there. One piece is passed on, several are joined.
  [[nodiscard]] Buffer take(std::size_t size);
  /// Requires that so many bytes are there.
  void peek(std::span<std::byte> into) const;

  std::size_t frame_bytes_max_;
  std::deque<Buffer> pieces_;
  std::size_t buffered_ = 0;
};

/// Whether a peer's hello is acceptable. Errors: malformed (version, cluster, lane), stale_epoch
/// (an incarnation older than the one we know).
[[nodiscard]] Status check_hello(const LinkHello& own, const LinkHello& theirs,
                                 Incarnation newest_known);

}  // namespace millrace
