#include "apps/agent/agent_channel.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/agent/channel_end.hpp"
#include "base/endian.hpp"
#include "base/random.hpp"

namespace millrace {
namespace {

Member member(int node, std::uint64_t incarnation = 1) {
  return {NodeId(node),
          "host-" + std::to_string(node),
          Incarnation(incarnation),
          "FLUSS://127.0.0.1:41001",
          "127.0.0.1:41002",
          "127.0.0.1:41003",
          true};
}

std::vector<AgentMessage> one_of_each() {
  return {NodeSpawned{NodeId(1), Incarnation(7), 4711},
          NodeReady{member(1, 7)},
          NodeExited{NodeId(1), Incarnation(7), 0, 9, false, std::chrono::milliseconds(200)},
          ClusterMap{Revision(3), {member(0), member(1), member(5)}},
          Drain{std::chrono::milliseconds(1500)},
          StopNow{}};
}

std::vector<std::byte> frames_of(const std::vector<AgentMessage>& messages) {
  std::vector<std::byte> bytes;
  for (const AgentMessage& message : messages) {
    const auto frame = encode_agent_frame(message).value();
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  return bytes;
}

struct SocketPair {
  SocketPair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    left = FileDescriptor(ends[0]);
    right = FileDescriptor(ends[1]);
  }
  FileDescriptor left;
  FileDescriptor right;
};

TEST(AgentCodec, EveryMessageComesBack) {
  for (const AgentMessage& message : one_of_each()) {
    SCOPED_TRACE(message.index());
    const auto payload = encode_agent_message(message);
    ASSERT_TRUE(payload);
    EXPECT_EQ(decode_agent_message(*payload), message);
  }
}

TEST(AgentCodec, BoundsHoldOnBothSides) {
  ClusterMap crowded{Revision(1), {}};
  for (int i = 0; i <= static_cast<int>(agent_member_count_max); ++i) {
    crowded.members.push_back(member(i));
  }
  EXPECT_EQ(encode_agent_message(crowded).error().code, Errc::overloaded);
  NodeReady wordy{member(0)};
  wordy.member.http_listener = std::string(agent_text_size_max + 1, 'x');
  EXPECT_EQ(encode_agent_message(wordy).error().code, Errc::overloaded);
  ClusterMap large{Revision(1), {}};
  for (int i = 0; i < 200; ++i) {
    large.members.push_back(member(i));
    large.members.back().host = std::string(agent_text_size_max, 'x');
  }
  EXPECT_EQ(encode_agent_message(large).error().code, Errc::overloaded);
  const std::vector<std::byte> too_large(agent_message_size_max + 8);
  EXPECT_EQ(decode_agent_message(too_large).error().code, Errc::malformed);
}

TEST(AgentCodec, RefusesWhatNobodyWouldSend) {
  EXPECT_FALSE(decode_agent_message({})) << "unset";
  for (const AgentMessage& message : std::vector<AgentMessage>{
           NodeReady{member(0, 0)}, NodeReady{member(-1)}, ClusterMap{Revision(0), {}},
           ClusterMap{Revision(1), {member(1), member(1)}},
           ClusterMap{Revision(1), {member(2), member(1)}},
           NodeSpawned{NodeId(0), Incarnation(1), 0},
           Drain{std::chrono::milliseconds(std::chrono::hours(48))}}) {
    SCOPED_TRACE(message.index());
    EXPECT_FALSE(decode_agent_message(encode_agent_message(message).value()));
  }
}

TEST(AgentCodec, MutatedBytesGiveAMessageOrAnError) {
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto messages = one_of_each();
    auto payload = encode_agent_message(messages[random.below(messages.size())]).value();
    for (std::uint64_t edit = random.below(4); edit < 4; ++edit) {
      payload[random.below(payload.size())] = static_cast<std::byte>(random.below(256));
    }
    if (random.chance(1, 4)) payload.resize(random.below(payload.size() + 1));
    const auto decoded = decode_agent_message(payload);
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, Errc::malformed);
      continue;
    }
    // What was accepted can be passed on.
    const auto again = encode_agent_message(*decoded);
    ASSERT_TRUE(again);
    EXPECT_EQ(decode_agent_message(*again), *decoded);
  }
}

TEST(AgentDecoder, CutsAStreamWhereverItIsSplit) {
  const auto messages = one_of_each();
  const auto stream = frames_of(messages);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    AgentDecoder decoder;
    std::vector<AgentMessage> got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = std::min<std::size_t>(1 + random.below(40), stream.size() - at);
      decoder.feed(Bytes(stream).subspan(at, size));
      at += size;
      for (auto next = decoder.next(); next && next->has_value(); next = decoder.next()) {
        got.push_back(**next);
      }
    }
    EXPECT_EQ(got, messages);
    EXPECT_FALSE(decoder.is_mid_frame());
  }
}

TEST(AgentDecoder, RefusesALengthBeyondTheBoundBeforeItsBytesCome) {
  std::vector<std::byte> bytes;
  append_le(bytes, static_cast<std::uint32_t>(agent_message_size_max + 1));
  AgentDecoder decoder;
  decoder.feed(bytes);
  EXPECT_FALSE(decoder.next());
}

TEST(AgentChannel, BlockingEndsUnderstandEachOther) {
  SocketPair pair;
  for (const AgentMessage& message : one_of_each()) {
    ASSERT_TRUE(write_message(pair.left.get(), message));
  }
  pair.left.close();
  AgentDecoder decoder;
  for (const AgentMessage& message : one_of_each()) {
    const auto got = read_message(pair.right.get(), decoder);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, message);
  }
  EXPECT_EQ(read_message(pair.right.get(), decoder).value(), std::nullopt);
  EXPECT_EQ(write_message(pair.right.get(), StopNow{}).error().code, Errc::unavailable);
}

TEST(AgentChannel, AnEndWithinAMessageIsAnError) {
  SocketPair pair;
  const auto frame = encode_agent_frame(StopNow{}).value();
  ASSERT_EQ(::write(pair.left.get(), frame.data(), frame.size() - 1),
            static_cast<ssize_t>(frame.size() - 1));
  pair.left.close();
  AgentDecoder decoder;
  EXPECT_EQ(read_message(pair.right.get(), decoder).error().code, Errc::malformed);
}

TEST(ChannelEnd, NeverBlocksAndKeepsTheNewestMapOnly) {
  SocketPair pair;
  ChannelEnd end(std::move(pair.left));
  ClusterMap map{Revision(0), {}};
  for (int i = 0; i < 100; ++i) map.members.push_back(member(i));
  // Far more than a socket takes while nobody reads.
  for (std::uint64_t revision = 1; revision <= 2000; ++revision) {
    map.revision = Revision(revision);
    ASSERT_TRUE(end.send(map));
  }
  EXPECT_NE(end.wanted_events() & 4, 0) << "still has something to write";
  ChannelEnd reader(std::move(pair.right));
  std::uint64_t newest = 0;
  std::size_t count = 0;
  for (int i = 0; i < 1000 && newest < 2000; ++i) {
    for (const AgentMessage& message : reader.receive()) {
      const auto revision = std::get<ClusterMap>(message).revision.value();
      EXPECT_GT(revision, newest);
      newest = revision;
      ++count;
    }
    ASSERT_TRUE(end.flush());
  }
  EXPECT_EQ(newest, 2000U);
  EXPECT_LT(count, 2000U);
}

TEST(ChannelEnd, RefusesMoreThanItMayHold) {
  SocketPair pair;
  ChannelEnd end(std::move(pair.left));
  Status status;
  for (int i = 0; i < 100'000 && status; ++i) status = end.send(NodeReady{member(1)});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::overloaded);
  EXPECT_TRUE(end.is_open());
}

TEST(ChannelEnd, ClosesOnGarbageAfterTheMessagesBeforeIt) {
  SocketPair pair;
  ASSERT_TRUE(write_message(pair.right.get(), StopNow{}));
  const std::uint64_t garbage = ~std::uint64_t{0};
  ASSERT_EQ(::write(pair.right.get(), &garbage, sizeof(garbage)), 8);
  ChannelEnd end(std::move(pair.left));
  EXPECT_EQ(end.receive().size(), 1U);
  EXPECT_FALSE(end.is_open());
}

TEST(InheritedChannel, TakesOnlyASocketAndOnce) {
  SocketPair pair;
  constexpr const char* variable = "MILLRACE_TEST_CHANNEL";
  const int number = ::dup(pair.left.get());
  ASSERT_EQ(::setenv(variable, std::to_string(number).c_str(), 1), 0);
  auto taken = take_inherited_channel(variable);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->get(), number);
  EXPECT_FALSE(take_inherited_channel(variable).value().is_open());
  for (const char* text : {"0x", "", "-1", "9999", "1e"}) {
    SCOPED_TRACE(text);
    ASSERT_EQ(::setenv(variable, text, 1), 0);
    EXPECT_FALSE(take_inherited_channel(variable));
  }
}

}  // namespace
}  // namespace millrace
