#include "apps/agent/agent_channel.hpp"
#include "base/check.hpp"
#include "base/endian.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_reader.hpp"

// The channel between an agent and its node: frames however they are cut, and their messages.

namespace millrace::fuzz {
namespace {

Member member(int node) {
  return {NodeId(node),      "host-1", Incarnation(7), "FLUSS://127.0.0.1:41001", "127.0.0.1:41002",
          "127.0.0.1:41003", true};
}

}  // namespace

void decode(const Buffer& input) {
  InputReader reader(input);
  const std::size_t piece_size = 1 + reader.byte();
  const Buffer stream = reader.rest();
  AgentDecoder decoder;
  for (std::size_t at = 0; at < stream.size(); at += piece_size) {
    decoder.feed(stream.slice(at, std::min(piece_size, stream.size() - at)).bytes());
    for (;;) {
      const auto message = decoder.next();
      if (!message) return;
      if (!*message) break;
      const auto frame = encode_agent_frame(**message);
      CHECK(frame.has_value());
      AgentDecoder other;
      other.feed(*frame);
      CHECK(other.next() == message);
    }
  }
}

std::vector<Buffer> seeds() {
  std::vector<Buffer> made;
  const std::vector<AgentMessage> messages = {
      NodeSpawned{NodeId(1), Incarnation(7), 4711},
      NodeReady{member(1)},
      NodeExited{NodeId(1), Incarnation(7), 0, 9, false, std::chrono::milliseconds(200)},
      ClusterMap{Revision(3), {member(0), member(1)}},
      Drain{std::chrono::milliseconds(1500)},
      StopNow{}};
  for (const AgentMessage& message : messages) {
    const auto frame = encode_agent_frame(message).value();
    made.push_back(InputWriter().byte(40).rest(text_of(frame)).done());
  }
  return made;
}

}  // namespace millrace::fuzz
