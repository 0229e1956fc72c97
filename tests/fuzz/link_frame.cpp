#include "runtime/link/link_frame.hpp"

#include "base/check.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "schemas/replica.capnp.h"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"
#include "tests/unit/protocol/mutation.hpp"

// The stream between two nodes. Checksums are put right first: what a damaged frame costs is tested
// elsewhere, what matters here lies behind them.

namespace millrace::fuzz {
namespace {

using protocol::joined;

constexpr std::size_t words_at = 8;
constexpr std::size_t prefix_size = 16;

/// Frame after frame, each with length and checksums in order; of a piece the first four bytes are
/// the words of the head, and the rest is the body.
Buffer sealed(InputReader& reader) {
  std::vector<std::byte> stream;
  while (!reader.empty()) {
    const Buffer piece = reader.piece();
    if (piece.size() < 4) break;
    const Bytes body = piece.bytes().subspan(4);
    const std::size_t start = stream.size();
    append_le(stream, static_cast<std::uint32_t>(prefix_size - 4 + body.size()));
    append_le(stream, crc32c_of(body));
    stream.insert(stream.end(), piece.bytes().begin(), piece.bytes().begin() + 4);
    append_le(stream, crc32c_of(Bytes(stream).subspan(start)));
    stream.insert(stream.end(), body.begin(), body.end());
    CHECK(stream.size() == start + prefix_size + body.size());
  }
  return Buffer::from(std::move(stream));
}

Buffer again(const LinkFrameContent& content) {
  if (const auto* hello = std::get_if<LinkHello>(&content)) return joined(encode(*hello));
  if (const auto* credit = std::get_if<LinkCredit>(&content)) return joined(encode(*credit));
  return joined(encode_message(std::get<LinkMessage>(content).envelope).value());
}

void check_same(const LinkFrameContent& a, const LinkFrameContent& b) {
  CHECK(a.index() == b.index());
  if (const auto* hello = std::get_if<LinkHello>(&a)) CHECK(*hello == std::get<LinkHello>(b));
  if (const auto* credit = std::get_if<LinkCredit>(&a)) CHECK(*credit == std::get<LinkCredit>(b));
  const auto* message = std::get_if<LinkMessage>(&a);
  if (message == nullptr) return;
  const Envelope& left = message->envelope;
  const Envelope& right = std::get<LinkMessage>(b).envelope;
  CHECK(left.schema == right.schema);
  CHECK(left.from == right.from);
  CHECK(left.to.actor == right.to.actor);
  CHECK(left.correlation == right.correlation);
  CHECK(left.size_bytes() == right.size_bytes());
  CHECK(left.attachments.size() == right.attachments.size());
}

void read(const Buffer& stream, std::size_t piece_size) {
  LinkFrameReader reader(1 << 16);
  for (std::size_t at = 0; at < stream.size(); at += piece_size) {
    reader.push(stream.slice(at, std::min(piece_size, stream.size() - at)));
    for (;;) {
      const auto frame = reader.next();
      if (!frame) return;
      if (!*frame) break;
      LinkFrameReader other;
      other.push(again((*frame)->content));
      const auto second = other.next();
      CHECK(second.has_value());
      CHECK(second->has_value());
      check_same((*frame)->content, (*second)->content);
    }
  }
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t choice = reader.byte();
  const bool raw = choice >= 128;
  read(raw ? reader.rest() : sealed(reader), 1 + choice % 64);
}

std::vector<Buffer> seeds() {
  const LinkHello hello{.cluster_id = "millrace-1",
                        .node = NodeId{3},
                        .incarnation = Incarnation{7},
                        .lane = Lane::data,
                        .credit_bytes = 16 << 20};
  Envelope message = seal<schemas::ReplicaReply>([](auto reply) { reply.setAdvanced(4); },
                                                 {Buffer::from(std::string("rows")), {}});
  message.from = {NodeId{3}, "replica/7/0"};
  message.to = {NodeId{1}, "gateway"};
  InputWriter writer;
  writer.byte(63);
  for (const Buffer& frame : {joined(encode(hello)), joined(encode_message(message).value()),
                              joined(encode(LinkCredit{5}))}) {
    std::string piece(frame.text().substr(words_at, 4));
    writer.piece(piece += frame.text().substr(prefix_size));
  }
  return {writer.done(), InputWriter().byte(129).rest(joined(encode(hello)).text()).done()};
}

}  // namespace millrace::fuzz
