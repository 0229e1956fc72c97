#include "apps/agent/agent_channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/endian.hpp"

namespace millrace {
namespace {

constexpr std::size_t length_size = sizeof(std::uint32_t);

tl::unexpected<Error> channel_failed(std::string_view doing) {
  return fail(Errc::unavailable, fmt::format("{}: {}", doing, std::strerror(errno)));
}

// Waits until a descriptor that was made non-blocking is ready; a blocking one is at once.
void wait_until_ready(int channel, short events) {
  pollfd ready{channel, events, 0};
  (void)::poll(&ready, 1, -1);
}

}  // namespace

Result<std::vector<std::byte>> encode_agent_frame(const AgentMessage& message) {
  auto payload = encode_agent_message(message);
  if (!payload) return payload;
  std::vector<std::byte> frame;
  frame.reserve(length_size + payload->size());
  append_le(frame, static_cast<std::uint32_t>(payload->size()));
  frame.insert(frame.end(), payload->begin(), payload->end());
  return frame;
}

void AgentDecoder::feed(Bytes bytes) { buffer_.insert(buffer_.end(), bytes.begin(), bytes.end()); }

Result<std::optional<AgentMessage>> AgentDecoder::next() {
  if (buffer_.size() < length_size) return std::nullopt;
  const auto length = load_le<std::uint32_t>(buffer_, 0);
  if (length > agent_message_size_max) {
    return fail(Errc::malformed, fmt::format("agent message is too large: {}", length));
  }
  if (buffer_.size() - length_size < length) return std::nullopt;
  auto message = decode_agent_message(Bytes(buffer_).subspan(length_size, length));
  buffer_.erase(buffer_.begin(),
                buffer_.begin() + static_cast<std::ptrdiff_t>(length_size + length));
  if (!message) return tl::unexpected(message.error());
  return std::optional<AgentMessage>(*std::move(message));
}

Status write_message(int channel, const AgentMessage& message) {
  const auto frame = encode_agent_frame(message);
  if (!frame) return tl::unexpected(frame.error());
  Bytes rest = *frame;
  while (!rest.empty()) {
    const ssize_t sent = ::send(channel, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest = rest.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      wait_until_ready(channel, POLLOUT);
    } else if (errno != EINTR) {
      return channel_failed("write to the channel");
    }
  }
  return {};
}

Result<std::optional<AgentMessage>> read_message(int channel, AgentDecoder& decoder) {
  for (;;) {
    auto message = decoder.next();
    if (!message || message->has_value()) return message;
    std::array<std::byte, 4096> chunk;
    const ssize_t got = ::recv(channel, chunk.data(), chunk.size(), 0);
    if (got > 0) {
      decoder.feed(Bytes(chunk).first(static_cast<std::size_t>(got)));
    } else if (got == 0) {
      if (decoder.is_mid_frame()) return fail(Errc::malformed, "channel ended within a message");
      return std::nullopt;
    } else if (errno == EAGAIN) {
      wait_until_ready(channel, POLLIN);
    } else if (errno != EINTR) {
      return channel_failed("read from the channel");
    }
  }
}

Result<FileDescriptor> take_inherited_channel(const char* variable) {
  const char* found = std::getenv(variable);
  if (found == nullptr) return FileDescriptor();
  const std::string text = found;
  ::unsetenv(variable);
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  struct stat status {};
  if (error != std::errc{} || end != text.data() + text.size() || ::fstat(number, &status) != 0 ||
      !S_ISSOCK(status.st_mode)) {
    return fail(Errc::malformed, fmt::format("{} names no inherited socket: {}", variable, text));
  }
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  return FileDescriptor(number);
}

}  // namespace millrace
