#include "apps/launcher/console_client.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

#include "apps/agent/file_descriptor.hpp"

namespace millrace {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{4} << 20;

using Clock = std::chrono::steady_clock;

tl::unexpected<Error> fail_call(int error, const char* call) {
  return fail(Errc::unavailable,
              fmt::format("{}: {}", call, std::generic_category().message(error)));
}

/// Waits until the socket is ready for what the call before could not do.
Status wait_for(int socket, short events, Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd source{socket, events, 0};
  const int ready = left <= 0 ? 0 : ::poll(&source, 1, static_cast<int>(left));
  if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
  return fail(Errc::unavailable, "no answer in time");
}

Result<FileDescriptor> connect_to(const Listener& console, Clock::time_point deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(console.host.c_str(), std::to_string(console.port).c_str(), &hints, &found);
  if (failed != 0) return fail(Errc::unavailable, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  FileDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return fail_call(errno, "socket");
  if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return fail_call(errno, "connect");
  if (auto ready = wait_for(socket.get(), POLLOUT, deadline); !ready) {
    return tl::unexpected(ready.error());
  }
  int error = 0;
  socklen_t size = sizeof error;
  (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_call(error, "connect");
  return socket;
}

Status send_all(int socket, std::string_view text, Clock::time_point deadline) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ready = wait_for(socket, POLLOUT, deadline); !ready) return ready;
    } else {
      return fail_call(errno, "send");
    }
  }
  return {};
}

/// Until the console closes, as it was asked to.
Result<std::string> receive_all(int socket, Clock::time_point deadline) {
  std::string text;
  char part[4096];
  while (text.size() < answer_bytes_max) {
    const ssize_t got = ::recv(socket, part, sizeof part, 0);
    if (got == 0) return text;
    if (got > 0) {
      text.append(part, static_cast<std::size_t>(got));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ready = wait_for(socket, POLLIN, deadline); !ready) {
        return tl::unexpected(ready.error());
      }
    } else {
      return fail_call(errno, "receive");
    }
  }
  return fail(Errc::unavailable, "the answer is too long");
}

}  // namespace

Result<std::string> read_console_page(const Listener& console, const std::string& path,
                                      const std::string& token, Duration time_max) {
  const auto deadline = Clock::now() + time_max;
  auto socket = connect_to(console, deadline);
  if (!socket) return tl::unexpected(socket.error());
  std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", path,
                                    address_text(console));
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  if (auto sent = send_all(socket->get(), request + "\r\n", deadline); !sent) {
    return tl::unexpected(sent.error());
  }
  auto answer = receive_all(socket->get(), deadline);
  if (!answer) return answer;
  const std::size_t head = answer->find("\r\n\r\n");
  const std::string first = answer->substr(0, std::min(answer->find("\r\n"), answer->size()));
  if (head == std::string::npos || !first.starts_with("HTTP/1.1 ")) {
    return fail(Errc::unavailable, "that is no console");
  }
  if (!first.starts_with("HTTP/1.1 200")) return fail(Errc::unavailable, first.substr(9));
  return answer->substr(head + 4);
}

}  // namespace millrace
