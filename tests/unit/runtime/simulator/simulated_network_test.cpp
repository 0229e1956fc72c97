#include "runtime/transport/simulated/simulated_network.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace millrace {
namespace {

/// What one side of a connection has seen. Asks for bytes as long as `reads`.
struct Side {
  explicit Side(Transport& of) : transport(of) {}

  Transport& transport;
  ConnectionId id;
  bool reads = true;
  bool opened = false;
  std::string received;
  std::size_t receives = 0;
  std::size_t sent = 0;
  std::optional<std::string> closed;
  bool spoke_after_closed = false;

  TransportSink sink() {
    return [this](const TransportEvent& event) {
      if (closed) spoke_after_closed = true;
      if (const auto* up = std::get_if<Opened>(&event)) {
        opened = true;
        id = up->connection;
        if (reads) transport.receive(id);
      } else if (const auto* got = std::get_if<Received>(&event)) {
        ++receives;
        received += got->bytes.text();
        if (reads) transport.receive(id);
      } else if (const auto* left = std::get_if<Sent>(&event)) {
        sent += left->bytes;
      } else {
        closed = std::get<Closed>(event).reason;
      }
    };
  }
};

class SimulatedNetworkTest : public testing::Test {
 protected:
  void listen() {
    auto at = server_side->listen({"server", 0}, [this](ConnectionId id, const Endpoint&) {
      server_side->attach(id, server.sink());
    });
    ASSERT_TRUE(at);
    endpoint = *at;
  }
  void connect_pair() {
    listen();
    client.id = client_side->connect(endpoint, client.sink());
    run();
    ASSERT_TRUE(client.opened);
    ASSERT_TRUE(server.opened);
  }
  void run() {
    while (!queue.empty()) queue.run_next();
  }
  std::vector<Buffer> text(std::string words) { return {Buffer::from(std::move(words))}; }

  static constexpr ProcessId one{1};
  static constexpr ProcessId two{2};
  EventQueue queue{Random(3)};
  SimulatedNetwork network{queue, Random(4)};
  std::unique_ptr<Transport> client_side = network.transport_of(one);
  std::unique_ptr<Transport> server_side = network.transport_of(two);
  Side client{*client_side};
  Side server{*server_side};
  Endpoint endpoint;
};

TEST_F(SimulatedNetworkTest, BytesArriveWholeAndInOrderInPieces) {
  connect_pair();
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(static_cast<std::size_t>(i) * 997 % 5000,
                            static_cast<char>('a' + i % 26));
    expected += piece;
    client_side->send(client.id, text(piece));
    server_side->send(server.id, text("x"));
  }
  client_side->send(client.id, text(std::string(300'000, 'z')));
  expected += std::string(300'000, 'z');
  run();
  EXPECT_EQ(server.received, expected);
  EXPECT_EQ(client.sent, expected.size());
  EXPECT_EQ(client.received, std::string(200, 'x'));
}

TEST_F(SimulatedNetworkTest, OneReceiveGetsOneAnswer) {
  server.reads = false;
  connect_pair();
  client_side->send(client.id, text("a"));
  client_side->send(client.id, text("b"));
  run();
  EXPECT_EQ(server.received, "");
  server_side->receive(server.id);
  run();
  EXPECT_EQ(server.received, "a");
  server_side->receive(server.id);
  server_side->receive(server.id);
  run();
  EXPECT_EQ(server.received, "ab");
  client_side->send(client.id, text("c"));
  run();
  EXPECT_EQ(server.received, "abc");
}

TEST_F(SimulatedNetworkTest, AGracefulCloseDeliversWhatWasSentFirst) {
  connect_pair();
  client_side->send(client.id, text("last words"));
  client_side->close(client.id, false);
  client_side->send(client.id, text("too late"));
  run();
  EXPECT_EQ(server.received, "last words");
  EXPECT_EQ(server.closed, "closed by the peer");
  EXPECT_EQ(client.closed, "closed here");
  EXPECT_FALSE(client.spoke_after_closed);
  server_side->close(server.id, true);
  run();
  EXPECT_FALSE(server.spoke_after_closed);
}

TEST_F(SimulatedNetworkTest, ClosingTwiceAndFromBothSidesTellsEachSideOnce) {
  connect_pair();
  client_side->close(client.id, true);
  client_side->close(client.id, true);
  server_side->close(server.id, false);
  run();
  EXPECT_TRUE(client.closed);
  EXPECT_TRUE(server.closed);
  EXPECT_FALSE(client.spoke_after_closed);
  EXPECT_FALSE(server.spoke_after_closed);
}

TEST_F(SimulatedNetworkTest, NobodyListensMeansRefused) {
  client.id = client_side->connect({"server", 7}, client.sink());
  run();
  EXPECT_EQ(client.closed, "connection refused");
  listen();
  EXPECT_EQ(client_side->listen(endpoint, [](ConnectionId, const Endpoint&) {}).error().code,
            Errc::unavailable);
}

TEST_F(SimulatedNetworkTest, ACutHoldsBytesBackAndHealingDeliversThemInOrder) {
  connect_pair();
  network.cut(one, two);
  for (const char* word : {"a", "b", "c"}) client_side->send(client.id, text(word));
  server_side->send(server.id, text("the other way is open"));
  run();
  EXPECT_EQ(server.received, "");
  EXPECT_EQ(client.received, "the other way is open");
  network.heal(one, two);
  client_side->send(client.id, text("d"));
  run();
  EXPECT_EQ(server.received, "abcd");
  EXPECT_FALSE(server.closed);
}

TEST_F(SimulatedNetworkTest, AConnectionThatIsMadeAcrossACutOpensWhenItHeals) {
  listen();
  network.cut(one, two);
  client.id = client_side->connect(endpoint, client.sink());
  run();
  EXPECT_FALSE(client.opened);
  EXPECT_FALSE(client.closed);
  network.heal(one, two);
  run();
  EXPECT_TRUE(client.opened);
}

TEST_F(SimulatedNetworkTest, AProcessThatEndsBreaksItsConnectionsAndFreesItsAddress) {
  connect_pair();
  network.end_process(two);
  run();
  EXPECT_EQ(client.closed, "connection reset by peer");
  EXPECT_FALSE(server.closed);  // The dead hear nothing.
  Side again{*client_side};
  again.id = client_side->connect(endpoint, again.sink());
  run();
  EXPECT_EQ(again.closed, "connection refused");
  listen();
}

TEST_F(SimulatedNetworkTest, WhatADyingProcessHadSentArrivesWholeOrNotAtAllAsTheSeedDecides) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    EventQueue events(Random(seed).fork("queue"));
    SimulatedNetwork other_network(events, Random(seed).fork("network"));
    const auto near = other_network.transport_of(one);
    const auto far = other_network.transport_of(two);
    Side dying{*far};
    Side peer{*near};
    const auto at = far->listen({"server", 0}, [&](ConnectionId id, const Endpoint&) {
      dying.id = id;
      far->attach(id, dying.sink());
    });
    ASSERT_TRUE(at);
    peer.id = near->connect(*at, peer.sink());
    while (!events.empty()) events.run_next();
    far->send(dying.id, text("last "));
    far->send(dying.id, text("words"));
    other_network.end_process(two);
    while (!events.empty()) events.run_next();
    EXPECT_EQ(peer.closed, "connection reset by peer");
    outcomes.insert(peer.received);
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "last words"}));
}

TEST_F(SimulatedNetworkTest, AConnectionThatIsGoneIsClosedOnAttach) {
  ConnectionId waiting;
  auto at =
      server_side->listen({"server", 0}, [&](ConnectionId id, const Endpoint&) { waiting = id; });
  ASSERT_TRUE(at);
  client.id = client_side->connect(*at, client.sink());
  run();
  client_side->close(client.id, true);
  run();
  server_side->attach(waiting, server.sink());
  run();
  EXPECT_TRUE(server.closed);
  EXPECT_FALSE(server.spoke_after_closed);
}

TEST_F(SimulatedNetworkTest, AWireMaySpoilWhatPassesIt) {
  connect_pair();
  network.set_wire(one, two, [](const Buffer& chunk) {
    return ChunkFate{Buffer::from(std::string(chunk.size(), '?'))};
  });
  client_side->send(client.id, text("abc"));
  server_side->send(server.id, text("abc"));
  run();
  EXPECT_EQ(server.received, "???");
  EXPECT_EQ(client.received, "abc");
  network.set_wire(one, two, nullptr);
  client_side->send(client.id, text("abc"));
  run();
  EXPECT_EQ(server.received, "???abc");
}

TEST_F(SimulatedNetworkTest, AFrameThatIsCutShortEndsTheConnectionForBoth) {
  connect_pair();
  network.set_wire(one, two, [](const Buffer& chunk) {
    return ChunkFate{chunk.slice(0, 1), ChunkFate::Stream::breaks};
  });
  client_side->send(client.id, text("abc"));
  client_side->send(client.id, text("def"));
  run();
  EXPECT_EQ(server.received, "a");
  EXPECT_TRUE(server.closed);
  EXPECT_TRUE(client.closed);
}

TEST_F(SimulatedNetworkTest, AHalfClosedConnectionShowsWhenItIsUsed) {
  connect_pair();
  network.set_wire(one, two, [](const Buffer& chunk) {
    return ChunkFate{chunk.slice(0, 0), ChunkFate::Stream::half_closes};
  });
  client_side->send(client.id, text("abc"));
  run();
  EXPECT_TRUE(server.closed);
  EXPECT_FALSE(client.closed);
  client_side->send(client.id, text("def"));
  run();
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(server.received, "");
}

TEST_F(SimulatedNetworkTest, WhoTakesNothingHoldsItsSenderBack) {
  connect_pair();
  server.reads = false;  // One receive is pending still.
  const std::size_t bytes = 4 * NetworkWeather{}.window_bytes;
  client_side->send(client.id, text(std::string(bytes, 'x')));
  run();
  EXPECT_LT(client.sent, bytes / 2);
  server.reads = true;
  server_side->receive(server.id);
  run();
  EXPECT_EQ(server.received.size(), bytes);
  EXPECT_EQ(client.sent, bytes);
}

}  // namespace
}  // namespace millrace
