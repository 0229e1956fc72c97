#include "runtime/link/link_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "schemas/link.capnp.h"

namespace millrace {
namespace {

constexpr std::size_t prefix_checksum_at = 12;  // Behind length, checksum, words of the head.
constexpr std::size_t prefix_size = 16;
constexpr std::size_t attachments_max = 4096;

schemas::Lane to_wire(Lane lane) {
  return lane == Lane::control ? schemas::Lane::CONTROL : schemas::Lane::DATA;
}

/// Puts length, checksum and head in front of the rest.
std::vector<Buffer> frame(capnp::MessageBuilder& head, std::vector<Buffer> rest) {
  const auto words = capnp::messageToFlatArray(head);
  const auto head_bytes = words.asBytes();
  std::vector<std::byte> first(prefix_size + head_bytes.size());
  std::memcpy(first.data() + prefix_size, head_bytes.begin(), head_bytes.size());
  store_le(first.data() + 8, static_cast<std::uint32_t>(words.size()));
  std::uint32_t checksum = crc32c_of(Bytes(first).subspan(prefix_size));
  std::size_t length = first.size() - 4;
  for (const Buffer& piece : rest) {
    checksum = crc32c_of(piece.bytes(), checksum);
    length += piece.size();
  }
  store_le(first.data(), static_cast<std::uint32_t>(length));
  store_le(first.data() + 4, checksum);
  store_le(first.data() + prefix_checksum_at, crc32c_of(Bytes(first).first(prefix_checksum_at)));
  rest.insert(rest.begin(), Buffer::from(std::move(first)));
  return rest;
}

Buffer words_as_buffer(const Words& words) {
  const auto bytes = words->asBytes();
  return {words, Bytes(reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size())};
}

Words words_of(Bytes bytes) {
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  if (!bytes.empty()) std::memcpy(static_cast<void*>(words.begin()), bytes.data(), bytes.size());
  return std::make_shared<const kj::Array<capnp::word>>(kj::mv(words));
}

Result<LinkFrameContent> read_hello(schemas::Hello::Reader hello) {
  LinkHello read;
  read.protocol_version = hello.getProtocolVersion();
  read.cluster_id = hello.getClusterId().cStr();
  read.node = NodeId{hello.getNodeId()};
  read.incarnation = Incarnation{hello.getIncarnation()};
  read.credit_bytes = hello.getCreditBytes();
  if (hello.getLane() == schemas::Lane::DATA) {
    read.lane = Lane::data;
  } else if (hello.getLane() != schemas::Lane::CONTROL) {
    return fail(Errc::malformed, "hello without a lane");
  }
  return read;
}

Result<LinkFrameContent> read_message(schemas::Message::Reader message, const Buffer& rest) {
  const auto header = message.getEnvelope();
  const std::size_t words_size = std::size_t{message.getWords()} * sizeof(capnp::word);
  const auto sizes = header.getAttachmentBytes();
  if (sizes.size() > attachments_max) return fail(Errc::malformed, "too many attachments");
  if (words_size > rest.size()) return fail(Errc::malformed, "message longer than its frame");
  Envelope envelope;
  envelope.schema = header.getSchemaId();
  envelope.from = {NodeId{header.getFromNode()}, header.getFromActor().cStr()};
  envelope.to.actor = header.getToActor().cStr();
  envelope.incarnation = Incarnation{header.getIncarnation()};
  envelope.correlation = header.getCorrelation();
  envelope.words = words_of(rest.bytes().first(words_size));
  std::size_t at = words_size;
  for (const std::uint32_t size : sizes) {
    if (size > rest.size() - at) return fail(Errc::malformed, "attachment longer than its frame");
    envelope.attachments.push_back(rest.slice(at, size));
    at += size;
  }
  if (at != rest.size()) return fail(Errc::malformed, "bytes left behind the attachments");
  if (envelope.schema == 0) return fail(Errc::malformed, "message without a schema id");
  return LinkMessage{std::move(envelope)};
}

Result<LinkFrameContent> read_head(Bytes head_bytes, const Buffer& rest) {
  const Words head = words_of(head_bytes);
  try {
    capnp::FlatArrayMessageReader reader(head->asPtr(), detail::reader_options(head->size()));
    const auto content = reader.getRoot<schemas::LinkFrame>();
    switch (content.which()) {
      case schemas::LinkFrame::HELLO:
        return read_hello(content.getHello());
      case schemas::LinkFrame::MESSAGE:
        return read_message(content.getMessage(), rest);
      case schemas::LinkFrame::CREDIT_BYTES:
        return LinkCredit{content.getCreditBytes()};
      default:
        return fail(Errc::malformed, "frame of an unknown kind");
    }
  } catch (const kj::Exception& damage) {
    return fail(Errc::malformed, std::string("damaged frame: ") + damage.getDescription().cStr());
  }
}

}  // namespace

std::vector<Buffer> encode(const LinkHello& hello) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schemas::LinkFrame>().initHello();
  out.setProtocolVersion(hello.protocol_version);
  out.setClusterId(hello.cluster_id);
  out.setNodeId(hello.node.value());
  out.setIncarnation(hello.incarnation.value());
  out.setLane(to_wire(hello.lane));
  out.setCreditBytes(hello.credit_bytes);
  return frame(message, {});
}

std::vector<Buffer> encode(const LinkCredit& credit) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schemas::LinkFrame>().setCreditBytes(credit.bytes);
  return frame(message, {});
}

Result<std::vector<Buffer>> encode_message(const Envelope& envelope) {
  const auto too_large = [&] {
    return fail(Errc::overloaded,
                fmt::format("message too large: {} bytes", envelope.size_bytes()));
  };
  if (envelope.size_bytes() > link_frame_bytes_max) return too_large();
  if (envelope.attachments.size() > attachments_max) {
    return fail(Errc::overloaded, "too many attachments");
  }
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schemas::LinkFrame>().initMessage();
  out.setWords(static_cast<std::uint32_t>(envelope.size_words()));
  auto header = out.initEnvelope();
  header.setSchemaId(envelope.schema);
  header.setFromNode(envelope.from.node.value());
  header.setFromActor(envelope.from.actor);
  header.setToActor(envelope.to.actor);
  header.setIncarnation(envelope.incarnation.value());
  header.setCorrelation(envelope.correlation);
  auto sizes = header.initAttachmentBytes(static_cast<unsigned>(envelope.attachments.size()));
  std::vector<Buffer> rest;
  if (envelope.size_words() > 0) rest.push_back(words_as_buffer(envelope.words));
  for (unsigned i = 0; i < sizes.size(); ++i) {
    sizes.set(i, static_cast<std::uint32_t>(envelope.attachments[i].size()));
    if (!envelope.attachments[i].empty()) rest.push_back(envelope.attachments[i]);
  }
  // The head grows with the names and with the number of attachments.
  const std::size_t head_size = message.sizeInWords() * sizeof(capnp::word);
  if (prefix_size + head_size + envelope.size_bytes() > link_frame_bytes_max) return too_large();
  return frame(message, std::move(rest));
}

std::size_t total_size(const std::vector<Buffer>& pieces) {
  std::size_t size = 0;
  for (const Buffer& piece : pieces) size += piece.size();
  return size;
}

void LinkFrameReader::push(Buffer bytes) {
  if (bytes.empty()) return;
  buffered_ += bytes.size();
  pieces_.push_back(std::move(bytes));
}

void LinkFrameReader::peek(std::span<std::byte> into) const {
  std::size_t copied = 0;
  for (auto piece = pieces_.begin(); copied < into.size(); ++piece) {
    const std::size_t part = std::min(piece->size(), into.size() - copied);
    std::memcpy(into.data() + copied, piece->bytes().data(), part);
    copied += part;
  }
}

Buffer LinkFrameReader::take(std::size_t size) {
  CHECK(size <= buffered_);
  buffered_ -= size;
  if (!pieces_.empty() && pieces_.front().size() >= size) {
    Buffer taken = pieces_.front().slice(0, size);
    pieces_.front() = pieces_.front().slice(size, pieces_.front().size() - size);
    if (pieces_.front().empty()) pieces_.pop_front();
    return taken;
  }
  std::vector<std::byte> joined;
  joined.reserve(size);
  while (joined.size() < size) {
    Buffer& front = pieces_.front();
    const std::size_t part = std::min(front.size(), size - joined.size());
    const Bytes bytes = front.bytes().first(part);
    joined.insert(joined.end(), bytes.begin(), bytes.end());
    front = front.slice(part, front.size() - part);
    if (front.empty()) pieces_.pop_front();
  }
  return Buffer::from(std::move(joined));
}

Result<std::optional<LinkFrameIn>> LinkFrameReader::next() {
  if (buffered_ < prefix_size) return std::nullopt;
  std::array<std::byte, prefix_size> prefix{};
  peek(prefix);
  const Bytes announced = Bytes(prefix).first(prefix_checksum_at);
  if (crc32c_of(announced) != load_le<std::uint32_t>(prefix, prefix_checksum_at)) {
    return fail(Errc::corrupt, "checksum of a frame's prefix does not match");
  }
  const std::size_t length = load_le<std::uint32_t>(prefix, 0);
  if (length > frame_bytes_max_) {
    return fail(Errc::overloaded, fmt::format("frame too large: {} bytes", length));
  }
  const std::size_t head_size =
      std::size_t{load_le<std::uint32_t>(prefix, 8)} * sizeof(capnp::word);
  if (length < prefix_size - 4 + head_size) {
    return fail(Errc::malformed, fmt::format("frame too short: {} bytes", length));
  }
  if (buffered_ < 4 + length) return std::nullopt;
  const Buffer bytes = take(4 + length);
  if (crc32c_of(bytes.bytes().subspan(prefix_size)) != load_le<std::uint32_t>(prefix, 4)) {
    return fail(Errc::corrupt, "frame checksum does not match");
  }
  const std::size_t rest_at = prefix_size + head_size;
  auto content = read_head(bytes.bytes().subspan(prefix_size, head_size),
                           bytes.slice(rest_at, bytes.size() - rest_at));
  if (!content) return tl::unexpected<Error>(content.error());
  return LinkFrameIn{std::move(*content), bytes.size()};
}

Status check_hello(const LinkHello& own, const LinkHello& theirs, Incarnation newest_known) {
  if (theirs.protocol_version != own.protocol_version) {
    return fail(Errc::malformed, fmt::format("link protocol version: ours {}, theirs {}",
                                             own.protocol_version, theirs.protocol_version));
  }
  if (theirs.cluster_id != own.cluster_id) {
    return fail(Errc::malformed, fmt::format("foreign cluster: ours {}, theirs {}", own.cluster_id,
                                             theirs.cluster_id));
  }
  if (theirs.lane != own.lane) return fail(Errc::malformed, "hello for the other lane");
  if (theirs.node == own.node) return fail(Errc::malformed, "peer claims our own node id");
  if (theirs.incarnation.value() == 0) return fail(Errc::malformed, "hello without incarnation");
  if (theirs.incarnation < newest_known) {
    return fail(Errc::stale_epoch,
                fmt::format("old incarnation of node {}: {} after {}", theirs.node.value(),
                            theirs.incarnation.value(), newest_known.value()));
  }
  return {};
}

}  // namespace millrace
