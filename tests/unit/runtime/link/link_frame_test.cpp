#include "runtime/link/link_frame.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "base/random.hpp"
#include "tests/unit/runtime/recorder.hpp"

namespace millrace {
namespace {

Buffer join(const std::vector<Buffer>& pieces) {
  std::string all;
  for (const Buffer& piece : pieces) all += piece.text();
  return Buffer::from(std::move(all));
}

LinkHello sample_hello() {
  return {.cluster_id = "millrace-1",
          .node = NodeId{3},
          .incarnation = Incarnation{0x1122334455667788},
          .lane = Lane::data,
          .credit_bytes = 16 << 20};
}

Envelope sample_message() {
  Envelope envelope = text_message(
      "golden", {Buffer::from(std::string("rows")), {}, Buffer::from(std::string("!"))});
  envelope.from = {NodeId{3}, "replica/7/0"};
  envelope.to = {NodeId{1}, "coordinator"};
  envelope.incarnation = Incarnation{5};
  envelope.correlation = 99;
  return envelope;
}

Result<std::optional<LinkFrameIn>> read(Buffer bytes) {
  LinkFrameReader reader;
  reader.push(std::move(bytes));
  return reader.next();
}

/// What a receiver can tell of a message, to compare two.
std::string facts_of(const Envelope& envelope) {
  std::string facts =
      to_string(envelope.from) + ">" + envelope.to.actor + "/" + to_string(envelope.incarnation) +
      "/" + std::to_string(envelope.correlation) + "/" + std::to_string(envelope.schema) + "/" +
      std::string(envelope.words->asChars().begin(), envelope.words->asChars().end());
  for (const Buffer& attachment : envelope.attachments)
    facts += "|" + std::string(attachment.text());
  return facts;
}

std::string facts_of(const LinkFrameContent& content) {
  if (const auto* message = std::get_if<LinkMessage>(&content)) return facts_of(message->envelope);
  if (const auto* credit = std::get_if<LinkCredit>(&content)) return std::to_string(credit->bytes);
  return std::get<LinkHello>(content) == sample_hello() ? "the hello" : "another hello";
}

/// One frame of each kind, as bytes, with its name.
std::vector<std::pair<std::string, Buffer>> samples() {
  return {{"hello", join(encode(sample_hello()))},
          {"credit", join(encode(LinkCredit{123456789}))},
          {"message", join(encode_message(sample_message()).value())}};
}

TEST(LinkFrame, EveryKindComesBackAsItWasWritten) {
  for (const auto& [name, bytes] : samples()) {
    SCOPED_TRACE(name);
    auto frame = read(bytes);
    ASSERT_TRUE(frame);
    ASSERT_TRUE(*frame);
    EXPECT_EQ((*frame)->wire_bytes, bytes.size());
    if (name == "hello") {
      EXPECT_EQ(std::get<LinkHello>((*frame)->content), sample_hello());
    }
    if (name == "credit") {
      EXPECT_EQ(std::get<LinkCredit>((*frame)->content).bytes, 123456789U);
    }
    if (name == "message") {
      EXPECT_EQ(facts_of((*frame)->content), facts_of(sample_message()));
    }
  }
}

TEST(LinkFrame, AMessageOfAnyShapeComesBack) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Envelope envelope = text_message(std::string(random.below(3000), 't'));
    for (std::uint64_t i = random.below(6); i > 0; --i) {
      envelope.attachments.push_back(Buffer::from(std::string(random.below(2000), 'a')));
    }
    envelope.from = {NodeId{static_cast<std::int32_t>(random.below(1000))}, "from"};
    envelope.to.actor = std::string(random.below(40), 'n');
    envelope.incarnation = Incarnation{random.next()};
    envelope.correlation = random.next();
    auto frame = read(join(encode_message(envelope).value()));
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ(facts_of((*frame)->content), facts_of(envelope));
  }
}

TEST(LinkFrame, BytesOfVersionTwoAreStillReadAndWritten) {
  for (const auto& [name, bytes] : samples()) {
    SCOPED_TRACE(name);
    std::ifstream file(std::string(MILLRACE_GOLDEN_DIR) + "/link/v2/" + name + ".bin",
                       std::ios::binary);
    ASSERT_TRUE(file.is_open());
    const Buffer golden = Buffer::from(std::string(std::istreambuf_iterator<char>(file), {}));
    EXPECT_EQ(bytes.text(), golden.text());
    auto frame = read(golden);
    ASSERT_TRUE(frame && *frame);
    EXPECT_EQ(facts_of((*frame)->content), facts_of((*read(bytes))->content));
  }
}

TEST(LinkFrame, AStreamOfFramesIsCutWhereverItsPiecesEnd) {
  std::string stream;
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    for (const auto& [name, bytes] : samples()) {
      stream += bytes.text();
      expected.push_back(facts_of((*read(bytes))->content));
    }
  }
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    LinkFrameReader reader;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < stream.size();) {
      // Seed 0 drips: one byte at a time.
      const std::size_t size = seed == 0 ? 1 : std::min(stream.size() - at, 1 + random.below(700));
      reader.push(Buffer::from(stream.substr(at, size)));
      at += size;
      for (;;) {
        auto frame = reader.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        found.push_back(facts_of((*frame)->content));
      }
    }
    EXPECT_EQ(found, expected);
    EXPECT_TRUE(reader.empty());
  }
}

/// A frame that waits for what nobody has sent takes all that follows, and its link is dead for
/// good.
TEST(LinkFrame, AFlippedBitIsNoticedByTheEndOfItsFrame) {
  for (const auto& [name, bytes] : samples()) {
    SCOPED_TRACE(name);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      SCOPED_TRACE(bit);
      std::string flipped(bytes.text());
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ static_cast<char>(1U << bit % 8));
      const auto frame = read(Buffer::from(std::move(flipped)));
      ASSERT_FALSE(frame);
      EXPECT_EQ(frame.error().code, Errc::corrupt);
    }
  }
}

TEST(LinkFrame, AMutatedFrameIsRefusedOrCutShortButIsNeverAnotherMessage) {
  for (const auto& [name, bytes] : samples()) {
    SCOPED_TRACE(name);
    const std::string original = facts_of((*read(bytes))->content);
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
      SCOPED_TRACE(seed);
      Random random(seed);
      std::string mutated(bytes.text());
      for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
        char& byte = mutated[random.below(random.chance(1, 2) ? 16 : mutated.size())];
        byte = static_cast<char>(byte ^ static_cast<char>(1 + random.below(255)));
      }
      if (random.chance(1, 5)) mutated.resize(random.below(mutated.size() + 1));
      if (random.chance(1, 5)) mutated += std::string(random.below(5000), 'y');
      const bool is_whole = mutated.size() >= bytes.size();
      const auto frame = read(Buffer::from(std::move(mutated)));
      if (frame && *frame) {
        EXPECT_EQ(facts_of((*frame)->content), original);
      }
      EXPECT_FALSE(is_whole && frame && !*frame);
    }
  }
}

constexpr std::size_t prefix_size = 16;

/// Makes both checksums right.
Buffer sealed(std::vector<std::byte> bytes) {
  store_le(bytes.data() + 4, crc32c_of(Bytes(bytes).subspan(prefix_size)));
  store_le(bytes.data() + 12, crc32c_of(Bytes(bytes).first(12)));
  return Buffer::from(std::move(bytes));
}

/// A frame with right checksums around a head that is garbage.
Buffer sealed_garbage(Random& random) {
  std::vector<std::byte> bytes(prefix_size + 8 * random.below(40) + random.below(9));
  for (std::byte& byte : bytes)
    byte = static_cast<std::byte>(random.chance(2, 3) ? 0 : random.next());
  store_le(bytes.data(), static_cast<std::uint32_t>(bytes.size() - 4));
  store_le(bytes.data() + 8,
           static_cast<std::uint32_t>(random.below((bytes.size() - prefix_size) / 8 + 2)));
  return sealed(std::move(bytes));
}

/// The prefix of a frame, with no byte behind it.
Buffer prefix(std::uint32_t length, std::uint32_t head_words = 0) {
  std::vector<std::byte> bytes(prefix_size);
  store_le(bytes.data(), length);
  store_le(bytes.data() + 8, head_words);
  return sealed(std::move(bytes));
}

TEST(LinkFrame, GarbageUnderARightChecksumNeverCrashes) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto frame = read(sealed_garbage(random));
    if (!frame) {
      EXPECT_EQ(frame.error().code, Errc::malformed);
    }
  }
}

/// The sample message's frame with bytes of its head changed and its checksums made right again.
TEST(LinkFrame, ADamagedHeadUnderARightChecksumNeverCrashes) {
  const Buffer bytes = samples().back().second;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<std::byte> mutated(bytes.bytes().begin(), bytes.bytes().end());
    for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
      mutated[8 + random.below(mutated.size() - 8)] ^=
          static_cast<std::byte>(1 + random.below(255));
    }
    const auto frame = read(sealed(std::move(mutated)));
    if (!frame) {
      EXPECT_EQ(frame.error().code, Errc::malformed);
    }
    if (frame && *frame) {
      EXPECT_EQ((*frame)->wire_bytes, bytes.size());
    }
  }
}

TEST(LinkFrame, AFrameThatAnnouncesTooMuchIsRefusedAtItsPrefix) {
  constexpr auto most = static_cast<std::uint32_t>(link_frame_bytes_max);
  EXPECT_EQ(read(prefix(most + 1)).error().code, Errc::overloaded);
  EXPECT_TRUE(read(prefix(most)));
  LinkFrameReader narrow(100);
  narrow.push(prefix(101));
  EXPECT_EQ(narrow.next().error().code, Errc::overloaded);
}

TEST(LinkFrame, AFrameShorterThanItsHeadIsRefused) {
  EXPECT_EQ(read(prefix(3)).error().code, Errc::malformed);
  EXPECT_EQ(read(prefix(20, 0xffffffff)).error().code, Errc::malformed);
}

TEST(LinkFrame, TheSenderRefusesWhatTheReceiverWould) {
  Envelope envelope = sample_message();
  const Buffer piece = Buffer::from(std::string((link_frame_bytes_max - 8192) / 4096, 'x'));
  envelope.attachments.assign(4096, piece);
  // Together with 4096 sizes in the head this is a little more than a frame may hold.
  envelope.attachments.back() = Buffer::from(std::string(piece.size() + 3000, 'x'));
  const auto frame = encode_message(envelope);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::overloaded);
  envelope.attachments.assign(4097, {});
  EXPECT_EQ(encode_message(envelope).error().code, Errc::overloaded);
}

TEST(LinkHello, IsCheckedFieldByField) {
  LinkHello own = sample_hello();
  own.node = NodeId{1};
  const LinkHello theirs = sample_hello();
  EXPECT_TRUE(check_hello(own, theirs, theirs.incarnation));
  LinkHello other = theirs;
  other.protocol_version = 1;
  EXPECT_EQ(check_hello(own, other, {}).error().code, Errc::malformed);
  other = theirs;
  other.cluster_id = "somebody else's";
  EXPECT_EQ(check_hello(own, other, {}).error().code, Errc::malformed);
  other = theirs;
  other.node = own.node;
  EXPECT_EQ(check_hello(own, other, {}).error().code, Errc::malformed);
  other = theirs;
  other.incarnation = {};
  EXPECT_EQ(check_hello(own, other, {}).error().code, Errc::malformed);
  other = theirs;
  other.lane = Lane::control;
  EXPECT_EQ(check_hello(own, other, {}).error().code, Errc::malformed);
  EXPECT_EQ(check_hello(own, theirs, Incarnation{theirs.incarnation.value() + 1}).error().code,
            Errc::stale_epoch);
}

}  // namespace
}  // namespace millrace
