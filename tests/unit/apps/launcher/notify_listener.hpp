#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "apps/agent/file_descriptor.hpp"

namespace millrace {

/// What a service manager listens on, under a name that no file has.
class NotifyListener {
 public:
  NotifyListener() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string name = fmt::format("millrace-notify-{}", ::getpid());
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::ranges::copy(name, own.sun_path + 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), length), 0);
    address_ = "@" + name;
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  /// The next datagram, or `nothing`. It is there as soon as its sender has gone on.
  [[nodiscard]] std::string next() const {
    std::array<char, 512> text;
    const ssize_t got = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return got >= 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : "nothing";
  }

 private:
  FileDescriptor socket_;
  std::string address_;
};

}  // namespace millrace
