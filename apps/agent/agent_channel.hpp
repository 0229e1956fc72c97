// The channel between a host agent and its node, and between a launcher and its agents.
//
// A node inherits one end of a socket pair; its number stands in the environment variable below.
// It writes one NodeReady as soon as all its listeners are bound, then reads: a ClusterMap comes
// once all nodes are ready and again at each change. The end of the stream means that the agent is
// gone; the node then lives on alone. A node that was started by hand has no such variable.
//
//   4 bytes length, little-endian | that many bytes: one AgentMessage (schemas/agent.capnp)
#pragma once
#include <optional>
#include <vector>

#include "apps/agent/agent_codec.hpp"
#include "apps/agent/file_descriptor.hpp"

namespace millrace {

/// Holds the number of the inherited descriptor: of a node towards its agent, of an agent towards
/// its launcher.
inline constexpr const char* agent_channel_variable = "MILLRACE_AGENT_FD";
inline constexpr const char* launcher_channel_variable = "MILLRACE_LAUNCHER_FD";

/// The frame of one message. Errors: as encode_agent_message.
[[nodiscard]] Result<std::vector<std::byte>> encode_agent_frame(const AgentMessage& message);

/// Cuts a stream of bytes into messages. Holds at most one frame and what was fed beyond it.
class AgentDecoder {
 public:
  void feed(Bytes bytes);

  /// The next whole message, or nothing yet. After an error the stream cannot be read on.
  [[nodiscard]] Result<std::optional<AgentMessage>> next();

  /// True when a frame has begun: the end of the stream would cut it.
  [[nodiscard]] bool is_mid_frame() const { return !buffer_.empty(); }

 private:
  std::vector<std::byte> buffer_;
};

/// Writes one message and waits until the kernel has taken all of it. Never raises SIGPIPE.
/// Errors: unavailable when the other end is gone.
[[nodiscard]] Status write_message(int channel, const AgentMessage& message);

/// Waits for one message. Nothing means that the other end closed. Pass the same decoder each time.
/// Errors: malformed for bytes that are no message, unavailable for a socket that failed.
[[nodiscard]] Result<std::optional<AgentMessage>> read_message(int channel, AgentDecoder& decoder);

/// The inherited channel that `variable` names, and removes the variable. Empty when it is not set;
/// the descriptor will not be inherited any further. Errors: malformed for a number that is no
/// socket.
[[nodiscard]] Result<FileDescriptor> take_inherited_channel(const char* variable);

}  // namespace millrace
