#include "tests/e2e/node/blocking_client.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace millrace {
namespace {

constexpr int wait_millis_max = 30'000;

}  // namespace

BlockingClient::BlockingClient(const Endpoint& to)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(to.port);
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 0);
  const int one = 1;
  (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

bool BlockingClient::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool BlockingClient::request(protocol::ApiKey key, std::int32_t id, std::string_view body) {
  return write(request_frame(key, id, body));
}

std::optional<Buffer> BlockingClient::read_some() {
  pollfd ready{socket_.get(), POLLIN, 0};
  if (::poll(&ready, 1, wait_millis_max) <= 0) {
    ADD_FAILURE() << "the node said nothing for half a minute";
    return std::nullopt;
  }
  std::array<std::byte, 65536> bytes;
  const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return std::nullopt;
  return Buffer::copy_of(Bytes(bytes).first(static_cast<std::size_t>(got)));
}

std::optional<protocol::ResponseFrame> BlockingClient::next() {
  for (;;) {
    auto payload = frames_.next();
    if (!payload) return std::nullopt;
    if (*payload) return protocol::parse_response(**payload).value();
    auto bytes = read_some();
    if (!bytes) return std::nullopt;
    frames_.push(std::move(*bytes));
  }
}

bool BlockingClient::ends() {
  while (read_some()) {
  }
  return !testing::Test::HasFailure();
}

Buffer BlockingClient::ask_body(protocol::ApiKey key, std::string_view body) {
  const std::int32_t id = ids_++;
  EXPECT_TRUE(request(key, id, body));
  const auto answer = next();
  EXPECT_TRUE(answer.has_value()) << "connection lost";
  if (!answer) return {};
  EXPECT_EQ(answer->request_id, id);
  EXPECT_FALSE(answer->is_error) << answer->body.text();
  return answer->body;
}

bool BlockingClient::is_served() {
  const std::int32_t id = ids_++;
  if (!request(protocol::ApiKey::api_versions, id, handshake_body())) return false;
  const auto answer = next();
  return answer && answer->request_id == id && !answer->is_error;
}

std::string request_frame(protocol::ApiKey key, std::int32_t id, std::string_view body) {
  std::string frame;
  for (const Buffer& piece :
       protocol::encode_request(key, 0, id, {Buffer::from(std::string(body))})) {
    frame += piece.text();
  }
  return frame;
}

std::string handshake_body() {
  wire::ApiVersionsRequest request;
  request.set_client_software_name("fluss");
  request.set_client_software_version("0.1.0");
  return std::string(protocol::serialize(request).text());
}

}  // namespace millrace
