#include <gtest/gtest.h>

#include <set>

#include "base/buffer.hpp"
#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace millrace {
namespace {

TEST(Crc32c, MatchesThePublishedCheckValue) {
  EXPECT_EQ(crc32c_of(bytes_of("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c_of({}), 0U);
}

TEST(Crc32c, PiecesGiveTheSameSumAsTheWhole) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::uint32_t head = crc32c_of(bytes_of(text).first(cut));
    EXPECT_EQ(crc32c_of(bytes_of(text).subspan(cut), head), crc32c_of(bytes_of(text))) << cut;
  }
}

TEST(Endian, LittleAndBigAreMirrorImages) {
  std::vector<std::byte> out;
  append_le<std::uint32_t>(out, 0x01020304U);
  append_be<std::uint32_t>(out, 0x01020304U);
  append_be<std::int16_t>(out, -2);
  EXPECT_EQ(out[0], std::byte{4});
  EXPECT_EQ(out[4], std::byte{1});
  EXPECT_EQ(load_le<std::uint32_t>(out, 0), 0x01020304U);
  EXPECT_EQ(load_be<std::uint32_t>(out, 4), 0x01020304U);
  EXPECT_EQ(load_be<std::int16_t>(out, 8), -2);
}

TEST(Buffer, SlicesShareTheBytesAndKeepThemAlive) {
  Buffer tail;
  {
    const Buffer whole = Buffer::from(std::string("abcdef"));
    tail = whole.slice(3, 3);
    EXPECT_EQ(tail.data(), whole.data() + 3);
  }
  EXPECT_EQ(tail.text(), "def");
}

TEST(Random, ForksDoNotDependOnWhatWasDrawnBefore) {
  Random one(7);
  const Random two(7);
  (void)one.next();
  EXPECT_EQ(one.fork("disk").next(), two.fork("disk").next());
  EXPECT_NE(two.fork("disk").next(), two.fork("link").next());
}

TEST(Random, DrawsStayInTheirRangeAndReachItsEnds) {
  Random random(1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 2));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
}

TEST(Result, WrapPutsTheContextInFront) {
  const Error inner{Errc::corrupt, "bad magic: 9"};
  const Status outer = wrap(inner, "open bucket 7");
  EXPECT_EQ(outer.error(), (Error{Errc::corrupt, "open bucket 7: bad magic: 9"}));
}

}  // namespace
}  // namespace millrace
