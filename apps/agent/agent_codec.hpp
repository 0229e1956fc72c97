#pragma once
#include <vector>

#include "apps/agent/agent_message.hpp"
#include "base/buffer.hpp"
#include "base/result.hpp"

namespace millrace {

/// The most bytes of one message, and what its parts may have.
inline constexpr std::size_t agent_message_size_max = std::size_t{64} * 1024;
inline constexpr std::size_t agent_member_count_max = 256;
inline constexpr std::size_t agent_text_size_max = 1024;

/// The bytes of one message without its length. Errors: overloaded when it exceeds a bound.
[[nodiscard]] Result<std::vector<std::byte>> encode_agent_message(const AgentMessage& message);

/// Errors: malformed for anything that encode_agent_message would not write.
[[nodiscard]] Result<AgentMessage> decode_agent_message(Bytes payload);

}  // namespace millrace
