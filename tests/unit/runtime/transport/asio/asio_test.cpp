#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <future>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "base/random.hpp"
#include "runtime/transport/asio/asio_event_loop.hpp"
#include "runtime/transport/asio/asio_transport.hpp"

namespace millrace {
namespace {

constexpr Duration patience = 20s;

Buffer text(std::string_view words) { return Buffer::from(std::string(words)); }

Buffer noise(Random& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return Buffer::from(std::move(bytes));
}

/// What one side of a connection has seen.
struct Side {
  ConnectionId id;
  bool opened = false;
  std::string received;
  std::size_t receives = 0;
  std::size_t sent = 0;
  std::optional<std::string> closed;
  bool spoke_after_closed = false;
  std::function<void(const TransportEvent&)> then;

  TransportSink sink() {
    return [this](TransportEvent event) {
      if (closed) spoke_after_closed = true;
      if (const auto* up = std::get_if<Opened>(&event)) {
        opened = true;
        id = up->connection;
      } else if (const auto* got = std::get_if<Received>(&event)) {
        ++receives;
        received += got->bytes.text();
      } else if (const auto* left = std::get_if<Sent>(&event)) {
        sent += left->bytes;
      } else {
        closed = std::get<Closed>(event).reason;
      }
      if (then) then(event);
    };
  }
};

/// A listener with one accepted connection and the connection that reached it, run by the test.
class AsioTransportTest : public testing::Test {
 protected:
  void connect_pair() {
    auto at = transport.listen({"127.0.0.1", 0}, [this](ConnectionId id, const Endpoint&) {
      transport.attach(id, server.sink());
    });
    ASSERT_TRUE(at);
    client.id = transport.connect(*at, client.sink());
    ASSERT_TRUE(run([&] { return client.opened && server.opened; }));
  }

  bool run(const std::function<bool()>& done) { return loop.run_until(done, patience); }

  /// Lets everything that is ready happen: a posted action runs after what was queued before it.
  void settle() {
    for (int i = 0; i < 5; ++i) {
      bool reached = false;
      loop.after(1ms, [&] { reached = true; });
      ASSERT_TRUE(run([&] { return reached; }));
    }
  }

  AsioEventLoop loop;
  AsioTransport transport{loop};
  Side client;
  Side server;
};

TEST_F(AsioTransportTest, ManyPiecesArriveWholeAndInOrder) {
  connect_pair();
  server.then = [&](const TransportEvent& event) {
    if (std::holds_alternative<Received>(event)) transport.receive(server.id);
  };
  transport.receive(server.id);
  Random random(7);
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    std::vector<Buffer> pieces;
    for (int i = 0; i < 100; ++i) {
      pieces.push_back(noise(random, random.chance(1, 10) ? 40000 : random.below(30)));
      expected += pieces.back().text();
    }
    transport.send(client.id, std::move(pieces));
  }
  ASSERT_TRUE(run([&] { return server.received.size() >= expected.size(); }));
  EXPECT_EQ(server.received, expected);
  ASSERT_TRUE(run([&] { return client.sent >= expected.size(); }));
  EXPECT_EQ(client.sent, expected.size());
}

TEST_F(AsioTransportTest, OneReceiveGetsOneAnswer) {
  connect_pair();
  transport.send(client.id, {text("a")});
  settle();
  EXPECT_EQ(server.receives, 0U);
  transport.receive(server.id);
  ASSERT_TRUE(run([&] { return server.receives == 1; }));
  transport.send(client.id, {text("b")});
  settle();
  EXPECT_EQ(server.receives, 1U);
  transport.receive(server.id);
  transport.receive(server.id);
  ASSERT_TRUE(run([&] { return server.receives == 2; }));
  transport.send(client.id, {text("c")});
  ASSERT_TRUE(run([&] { return server.receives == 3; }));
  EXPECT_EQ(server.received, "abc");
}

TEST_F(AsioTransportTest, AReaderThatDoesNotAskHoldsTheWriterBack) {
  connect_pair();
  constexpr std::size_t total = std::size_t{64} << 20;
  const Buffer megabyte = Buffer::from(std::string(1 << 20, 'x'));
  transport.send(client.id, std::vector<Buffer>(64, megabyte));
  settle();
  EXPECT_LT(client.sent, total);
  server.then = [&](const TransportEvent& event) {
    if (const auto* got = std::get_if<Received>(&event)) {
      EXPECT_LE(got->bytes.size(), Transport::receive_bytes_max);
      transport.receive(server.id);
    }
  };
  transport.receive(server.id);
  ASSERT_TRUE(run([&] { return server.received.size() == total && client.sent == total; }));
}

TEST_F(AsioTransportTest, AGracefulCloseSendsWhatWasQueued) {
  connect_pair();
  constexpr std::size_t total = std::size_t{32} << 20;
  transport.send(client.id, {Buffer::from(std::string(total, 'y'))});
  transport.close(client.id, false);
  transport.send(client.id, {text("too late")});
  server.then = [&](const TransportEvent& event) {
    if (std::holds_alternative<Received>(event)) transport.receive(server.id);
  };
  transport.receive(server.id);
  ASSERT_TRUE(run([&] { return client.closed && server.closed; }));
  EXPECT_EQ(server.received.size(), total);
  EXPECT_EQ(client.sent, total);
  EXPECT_EQ(*server.closed, "closed by the peer");
}

TEST(AsioTransportDrain, TheLastBytesLeaveBeforeTheLoopStops) {
  constexpr std::size_t total = std::size_t{16} << 20;
  AsioEventLoop server_loop;
  AsioEventLoop client_loop;
  std::promise<std::size_t> got;
  std::promise<void> closing;
  {
    AsioTransport server(server_loop);
    AsioTransport reader(client_loop);
    const auto at = server.listen({"127.0.0.1", 0}, [&](ConnectionId id, const Endpoint&) {
      server.attach(id, [](const TransportEvent&) {});
      server.send(id, {Buffer::from(std::string(total, 'w'))});
      server.close(id, false);
      closing.set_value();
    });
    server_loop.start();
    ASSERT_TRUE(at);
    std::size_t received = 0;
    ConnectionId id;
    id = reader.connect(*at, [&](const TransportEvent& event) {
      if (const auto* more = std::get_if<Received>(&event)) received += more->bytes.size();
      if (std::holds_alternative<Closed>(event)) return got.set_value(received);
      reader.receive(id);
    });
    client_loop.start();
    closing.get_future().wait();
    EXPECT_TRUE(server.await_drained(10s));
    server_loop.stop();
    EXPECT_EQ(got.get_future().get(), total);
    client_loop.stop();
  }
}

TEST_F(AsioTransportTest, AGracefulCloseWithUnreadInputLosesNothing) {
  connect_pair();
  transport.send(client.id, {Buffer::from(std::string(200'000, 'q'))});
  settle();  // The server never asks for it.
  transport.send(server.id, {text("the last answer")});
  transport.close(server.id, false);
  client.then = [&](const TransportEvent& event) {
    if (std::holds_alternative<Received>(event)) transport.receive(client.id);
  };
  settle();
  transport.receive(client.id);
  ASSERT_TRUE(run([&] { return client.closed && server.closed; }));
  EXPECT_EQ(client.received, "the last answer");
  EXPECT_EQ(*client.closed, "closed by the peer");
}

TEST(AsioTransportDrain, APeerThatReadsNothingIsNotWaitedForLongerThanAllowed) {
  AsioEventLoop server_loop;
  AsioEventLoop client_loop;
  {
    AsioTransport server(server_loop);
    AsioTransport reader(client_loop);
    std::promise<void> closing;
    const auto at = server.listen({"127.0.0.1", 0}, [&](ConnectionId id, const Endpoint&) {
      server.attach(id, [](const TransportEvent&) {});
      server.send(id, {Buffer::from(std::string(std::size_t{32} << 20, 'w'))});
      server.close(id, false);
      closing.set_value();
    });
    server_loop.start();
    client_loop.start();
    ASSERT_TRUE(at);
    (void)reader.connect(*at, [](const TransportEvent&) {});
    closing.get_future().wait();
    EXPECT_FALSE(server.await_drained(50ms));
    server_loop.stop();
    client_loop.stop();
  }
}

TEST_F(AsioTransportTest, ADiscardingCloseEndsAtOnce) {
  connect_pair();
  transport.receive(client.id);
  transport.send(client.id, {Buffer::from(std::string(32 << 20, 'z'))});
  transport.close(client.id, true);
  ASSERT_TRUE(run([&] { return client.closed.has_value(); }));
  EXPECT_LT(client.sent, std::size_t{32} << 20);
  EXPECT_EQ(client.receives, 0U);
  transport.send(client.id, {text("ignored")});
  transport.receive(client.id);
  transport.close(client.id, false);
  transport.close(ConnectionId{999}, true);
  settle();
  EXPECT_FALSE(client.spoke_after_closed);
}

TEST_F(AsioTransportTest, ClosingInsideASinkIsTheLastThingTheSinkHears) {
  connect_pair();
  int depth = 0;
  server.then = [&](const TransportEvent& event) {
    EXPECT_EQ(++depth, 1) << "a sink was called inside itself";
    if (std::holds_alternative<Received>(event)) transport.close(server.id, true);
    --depth;
  };
  transport.receive(server.id);
  transport.receive(server.id);
  transport.send(client.id, {text("x")});
  ASSERT_TRUE(run([&] { return server.closed.has_value(); }));
  transport.send(client.id, {text("y")});
  settle();
  EXPECT_FALSE(server.spoke_after_closed);
  EXPECT_EQ(server.received, "x");
}

TEST_F(AsioTransportTest, ARefusedConnectionIsClosedWithTheReason) {
  std::uint16_t unused = 0;
  {
    AsioTransport other(loop);
    unused = other.listen({"127.0.0.1", 0}, [](ConnectionId, const Endpoint&) {})->port;
  }
  client.id = transport.connect({"127.0.0.1", unused}, client.sink());
  ASSERT_TRUE(run([&] { return client.closed.has_value(); }));
  EXPECT_FALSE(client.opened);
  EXPECT_NE(client.closed->find("refused"), std::string::npos) << *client.closed;
  EXPECT_NE(client.closed->find(std::to_string(unused)), std::string::npos) << *client.closed;
}

TEST_F(AsioTransportTest, AConnectionThatNobodyAcceptsTimesOut) {
  // A full backlog drops handshakes, so connecting neither succeeds nor fails.
  const int full = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  ASSERT_EQ(::getsockname(full, reinterpret_cast<sockaddr*>(&address), &size), 0);
  AsioTransport hasty(loop, {.connect_time_max = 200ms, .drain_time_max = 1s});
  std::array<Side, 4> sides;
  for (Side& side : sides)
    side.id = hasty.connect({"localhost", ntohs(address.sin_port)}, side.sink());
  ASSERT_TRUE(run([&] { return sides.back().closed.has_value(); }));
  EXPECT_NE(sides.back().closed->find("timed out"), std::string::npos) << *sides.back().closed;
  ::close(full);
}

TEST_F(AsioTransportTest, ABadHostNameFailsWithoutCrashing) {
  client.id = transport.connect({"no such host!", 1}, client.sink());
  ASSERT_TRUE(run([&] { return client.closed.has_value(); }));
  EXPECT_FALSE(transport.listen({"no such host!", 0}, [](ConnectionId, const Endpoint&) {}));
}

TEST_F(AsioTransportTest, ATakenPortIsUnavailable) {
  const auto first = transport.listen({"127.0.0.1", 0}, [](ConnectionId, const Endpoint&) {});
  ASSERT_TRUE(first);
  EXPECT_NE(first->port, 0);
  AsioTransport other(loop);
  const auto second = other.listen(*first, [](ConnectionId, const Endpoint&) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
}

TEST_F(AsioTransportTest, ListeningAgainTakesOverTheListener) {
  int old_accepts = 0;
  int new_accepts = 0;
  const auto at = transport.listen({"127.0.0.1", 0}, [&](ConnectionId id, const Endpoint&) {
    ++old_accepts;
    transport.close(id, true);
  });
  ASSERT_TRUE(at);
  const auto again = transport.listen(*at, [&](ConnectionId id, const Endpoint&) {
    ++new_accepts;
    transport.close(id, true);
  });
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *at);
  client.id = transport.connect(*at, client.sink());
  ASSERT_TRUE(run([&] { return new_accepts == 1; }));
  EXPECT_EQ(old_accepts, 0);
}

TEST_F(AsioTransportTest, AnAcceptedConnectionMayBeClosedUnattached) {
  const auto at = transport.listen(
      {"127.0.0.1", 0}, [&](ConnectionId id, const Endpoint&) { transport.close(id, true); });
  client.id = transport.connect(*at, client.sink());
  client.then = [&](const TransportEvent& event) {
    if (std::holds_alternative<Opened>(event)) transport.receive(client.id);
  };
  ASSERT_TRUE(run([&] { return client.closed.has_value(); }));
}

TEST(AsioEventLoop, TimersFireInOrderAndACancelledOneNever) {
  AsioEventLoop loop;
  std::string fired;
  loop.after(3ms, [&] { fired += "c"; });
  loop.after(1ms, [&] { fired += "a"; });
  const TimerId dead = loop.after(2ms, [&] { fired += "b"; });
  loop.cancel(dead);
  loop.cancel(dead);
  ASSERT_TRUE(loop.run_until([&] { return fired.size() == 2; }, patience));
  EXPECT_EQ(fired, "ac");
}

TEST(AsioEventLoop, AnExpiredTimerCanStillBeCancelled) {
  AsioEventLoop loop;
  bool second_fired = false;
  bool end = false;
  TimerId second;
  loop.after(Duration::zero(), [&] { loop.cancel(second); });
  second = loop.after(Duration::zero(), [&] { second_fired = true; });
  loop.after(2ms, [&] { end = true; });
  ASSERT_TRUE(loop.run_until([&] { return end; }, patience));
  EXPECT_FALSE(second_fired);
}

TEST(AsioEventLoop, RunUntilGivesUpInTime) {
  AsioEventLoop loop;
  EXPECT_FALSE(loop.run_until([] { return false; }, 5ms));
  EXPECT_TRUE(loop.run_until([] { return true; }, Duration::zero()));
}

TEST(AsioEventLoop, WantOfMemoryCostsAnActionAndNotTheProcess) {
  AsioEventLoop loop;
  std::promise<void> later;
  loop.post([] { throw std::bad_alloc(); });
  loop.post([&] { later.set_value(); });
  loop.start();
  later.get_future().wait();
  loop.stop();
}

TEST(AsioEventLoop, ManyThreadsSendThroughABackgroundLoop) {
  AsioEventLoop loop;
  AsioTransport transport(loop);
  constexpr std::size_t threads_count = 4;
  constexpr std::size_t sends_count = 500;
  std::promise<std::size_t> all;
  std::size_t received = 0;
  const auto at = transport.listen({"127.0.0.1", 0}, [&](ConnectionId id, const Endpoint&) {
    transport.attach(id, [&, id](TransportEvent event) {
      if (const auto* got = std::get_if<Received>(&event)) {
        received += got->bytes.size();
        if (received == threads_count * sends_count * 10) all.set_value(received);
      }
      if (!std::holds_alternative<Closed>(event)) transport.receive(id);
    });
  });
  ASSERT_TRUE(at);
  loop.start();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      const auto opened = std::make_shared<std::promise<void>>();
      const ConnectionId id = transport.connect(*at, [opened](TransportEvent event) {
        if (std::holds_alternative<Opened>(event)) opened->set_value();
      });
      opened->get_future().wait();
      for (std::size_t n = 0; n < sends_count; ++n)
        transport.send(id, {text("12345"), text("67890")});
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto whole = all.get_future();
  EXPECT_EQ(whole.wait_for(patience), std::future_status::ready);
  loop.stop();
}

}  // namespace
}  // namespace millrace
