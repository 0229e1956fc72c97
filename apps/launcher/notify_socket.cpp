#include "apps/launcher/notify_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace millrace {
namespace {

constexpr const char* socket_variable = "NOTIFY_SOCKET";
constexpr timeval send_timeout{1, 0};

}  // namespace

Result<NotifySocket> NotifySocket::take_from_environment() {
  const char* value = std::getenv(socket_variable);
  if (value == nullptr) return NotifySocket();
  const std::string address = value;
  ::unsetenv(socket_variable);
  return open(address);
}

Result<NotifySocket> NotifySocket::open(std::string_view address) {
  if (address.size() < 2 || (address.front() != '/' && address.front() != '@')) {
    return fail(Errc::malformed, fmt::format("address of no local socket: {}", address));
  }
  if (address.size() >= sizeof(sockaddr_un::sun_path)) {
    return fail(Errc::malformed, fmt::format("address is too long: {}", address));
  }
  NotifySocket notify;
  notify.address_ = address;
  if (address.front() == '@') notify.address_.front() = '\0';
  notify.socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!notify.socket_.is_open() || ::setsockopt(notify.socket_.get(), SOL_SOCKET, SO_SNDTIMEO,
                                                &send_timeout, sizeof(send_timeout)) != 0) {
    return fail(Errc::unavailable, fmt::format("create socket: {}", std::strerror(errno)));
  }
  return notify;
}

Status NotifySocket::tell_ready(std::string_view status) const {
  return send(fmt::format("READY=1\nSTATUS={}", status));
}

Status NotifySocket::tell_stopping() const { return send("STOPPING=1\nSTATUS=draining"); }

Status NotifySocket::send(std::string_view text) const {
  if (!socket_.is_open()) return {};
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  std::ranges::copy(address_, peer.sun_path);
  // The length ends an abstract name; zero bytes after it would belong to it.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const ssize_t sent = ::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&peer), length);
  if (sent >= 0) return {};
  return fail(Errc::unavailable, fmt::format("tell the service manager: {}", std::strerror(errno)));
}

}  // namespace millrace
