#include "apps/config/listener.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace millrace {
namespace {

TEST(Listener, ReadsFlussListeners) {
  const auto listeners = parse_listeners("FLUSS://127.0.0.1:9123, CLIENT://host-1.example:9124");
  ASSERT_TRUE(listeners);
  ASSERT_EQ(listeners->size(), 2U);
  EXPECT_EQ((*listeners)[0], (Listener{"FLUSS", "127.0.0.1", 9123}));
  EXPECT_EQ((*listeners)[1], (Listener{"CLIENT", "host-1.example", 9124}));
  EXPECT_EQ(to_string(*listeners), "FLUSS://127.0.0.1:9123,CLIENT://host-1.example:9124");
}

TEST(Listener, KeepsBracketsAroundIpv6) {
  const auto listener = parse_listener("[::1]:0");
  ASSERT_TRUE(listener);
  EXPECT_EQ(*listener, (Listener{"", "::1", 0}));
  EXPECT_EQ(to_string(*listener), "[::1]:0");
}

TEST(Listener, RefusesWhatIsNone) {
  for (const char* text : {"127.0.0.1", "127.0.0.1:", ":9123", "://a:1", "A B://a:1", "a:65536",
                           "a:-1", "a:1x", "::1:9", "FLUSS://a b:1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_listener(text));
  }
  EXPECT_FALSE(parse_listeners("A://a:1,A://b:2"));
}

TEST(Listener, KnowsLoopback) {
  for (const char* text : {"localhost:1", "127.0.0.1:1", "127.255.0.9:1", "[::1]:1"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(is_loopback(*parse_listener(text)));
  }
  for (const char* text : {"0.0.0.0:1", "127.example.org:1", "127.0.0.1.nip.io:1", "127.0.1:1",
                           "10.0.0.1:1", "[::]:1", "128.0.0.1:1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(is_loopback(*parse_listener(text)));
  }
}

TEST(Listener, SurvivesMutatedText) {
  constexpr std::string_view alphabet = ":/[]., 19aF\xff";
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::string text = "FLUSS://127.0.0.1:9123,[::1]:1";
    for (std::uint64_t edit = random.below(5); edit < 5; ++edit) {
      text[random.below(text.size())] = alphabet[random.below(alphabet.size())];
    }
    const auto listeners = parse_listeners(text);
    if (!listeners) continue;
    EXPECT_EQ(parse_listeners(to_string(*listeners)), *listeners);
  }
}

}  // namespace
}  // namespace millrace
