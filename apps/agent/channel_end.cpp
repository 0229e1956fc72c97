#include "apps/agent/channel_end.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace millrace {
namespace {

constexpr std::size_t waiting_count_max = 256;
constexpr int read_count_max = 64;  // Per call, so that one busy end does not hold up the rest.

}  // namespace

ChannelEnd::ChannelEnd(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {
  if (!is_open()) return;
  const int flags = ::fcntl(descriptor_.get(), F_GETFL);
  (void)::fcntl(descriptor_.get(), F_SETFL, flags | O_NONBLOCK);
}

short ChannelEnd::wanted_events() const {
  return static_cast<short>(waiting_.empty() ? POLLIN : POLLIN | POLLOUT);
}

Status ChannelEnd::send(const AgentMessage& message) {
  if (!is_open()) return fail(Errc::unavailable, "channel is closed");
  auto frame = encode_agent_frame(message);
  if (!frame) return tl::unexpected(frame.error());
  const bool is_map = std::holds_alternative<ClusterMap>(message);
  if (is_map) {
    const auto keep = waiting_.begin() + (sent_of_first_ > 0 ? 1 : 0);
    waiting_.erase(std::remove_if(keep, waiting_.end(), [](const Waiting& w) { return w.is_map; }),
                   waiting_.end());
  }
  if (waiting_.size() >= waiting_count_max) {
    return fail(Errc::overloaded, "channel has too many unread messages");
  }
  waiting_.push_back({*std::move(frame), is_map});
  return flush();
}

Status ChannelEnd::flush() {
  while (!waiting_.empty() && is_open()) {
    const Bytes rest = Bytes(waiting_.front().frame).subspan(sent_of_first_);
    const ssize_t sent = ::send(descriptor_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) return {};
      if (errno == EINTR) continue;
      descriptor_.close();
      return fail(Errc::unavailable, std::strerror(errno));
    }
    sent_of_first_ += static_cast<std::size_t>(sent);
    if (sent_of_first_ < waiting_.front().frame.size()) continue;
    waiting_.pop_front();
    sent_of_first_ = 0;
  }
  return {};
}

std::vector<AgentMessage> ChannelEnd::receive() {
  std::vector<AgentMessage> messages;
  std::array<std::byte, 4096> chunk;
  for (int i = 0; i < read_count_max && is_open(); ++i) {
    const ssize_t got = ::recv(descriptor_.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      descriptor_.close();
      break;
    }
    decoder_.feed(Bytes(chunk).first(static_cast<std::size_t>(got)));
    for (;;) {
      auto message = decoder_.next();
      if (message && !message->has_value()) break;
      if (!message) {
        descriptor_.close();
        break;
      }
      messages.push_back(**std::move(message));
    }
  }
  return messages;
}

}  // namespace millrace
