// What a node's links do when the other end is not one of ours, or misbehaves: the test speaks the
// link's frames by hand.
#include <gtest/gtest.h>

#include <deque>

#include "base/crc32c.hpp"
#include "base/endian.hpp"
#include "tests/unit/runtime/link/link_cluster.hpp"

namespace millrace {
namespace {

/// One connection to a node, or from it, with everything that was said on it.
struct Stranger {
  explicit Stranger(LinkCluster& in, std::uint64_t process = 100)
      : cluster(in), transport(in.simulation.network().transport_of(ProcessId{process})) {}

  TransportSink sink() {
    return [this](const TransportEvent& event) {
      if (const auto* up = std::get_if<Opened>(&event)) {
        connection = up->connection;
        transport->receive(connection);
      } else if (const auto* got = std::get_if<Received>(&event)) {
        take(got->bytes);
        transport->receive(connection);
      } else if (const auto* gone = std::get_if<Closed>(&event)) {
        closed = gone->reason;
      }
    };
  }
  void take(const Buffer& bytes) {
    reader.push(bytes);
    for (;;) {
      auto frame = reader.next();
      ASSERT_TRUE(frame);
      if (!*frame) return;
      frames.push_back((*frame)->content);
    }
  }

  void dial(const LinkedNode& node) { connection = transport->connect(node.endpoint, sink()); }
  void send(std::vector<Buffer> pieces) { transport->send(connection, std::move(pieces)); }
  void send(const std::string& bytes) { send({Buffer::from(bytes)}); }
  bool run_until_closed() {
    return cluster.run_until([this] { return closed.has_value(); });
  }
  [[nodiscard]] std::size_t messages() const {
    return static_cast<std::size_t>(std::count_if(
        frames.begin(), frames.end(),
        [](const LinkFrameContent& frame) { return std::holds_alternative<LinkMessage>(frame); }));
  }

  LinkCluster& cluster;
  std::unique_ptr<Transport> transport;
  ConnectionId connection;
  LinkFrameReader reader;
  std::vector<LinkFrameContent> frames;
  std::optional<std::string> closed;
};

/// Node 1 under test; node 2 exists in its list only and is played by strangers.
class LinkStrangerTest : public testing::Test {
 protected:
  LinkStrangerTest() {
    node.context.post("links", "launcher",
                      seal<schemas::LinkOrder>([](schemas::LinkOrder::Builder order) {
                        auto list = order.initMembers(1);
                        list[0].setNodeId(2);
                        list[0].setLinkHost("node");
                        list[0].setLinkPort(9);
                        list[0].setIncarnation(5);
                      }));
    cluster.simulation.run_for(10ms);
  }

  static LinkHello hello() {
    return {.cluster_id = "cluster",
            .node = NodeId{2},
            .incarnation = Incarnation{5},
            .lane = Lane::control,
            .credit_bytes = 1 << 20};
  }
  static Envelope message(const std::string& text) {
    Envelope envelope = text_message(text);
    envelope.from = {NodeId{2}, "inbox"};
    envelope.to = {NodeId{1}, "inbox"};
    envelope.incarnation = Incarnation{5};
    return envelope;
  }
  /// Connects as node 2 and is taken for it.
  void be_accepted(Stranger& stranger, const LinkHello& as) {
    stranger.dial(node);
    stranger.send(encode(as));
    ASSERT_TRUE(cluster.run_until([&] { return !stranger.frames.empty(); }));
    ASSERT_EQ(std::get<LinkHello>(stranger.frames.front()).node, NodeId{1});
    ASSERT_EQ(std::get<LinkHello>(stranger.frames.front()).lane, as.lane);
  }
  void expect_refused(const LinkHello& as, const std::string& reason) {
    Stranger stranger(cluster);
    stranger.dial(node);
    stranger.send(encode(as));
    ASSERT_TRUE(stranger.run_until_closed());
    EXPECT_TRUE(stranger.frames.empty());
    EXPECT_NE(node.stats_of("links").last_error.find(reason), std::string::npos)
        << node.stats_of("links").last_error;
  }

  LinkCluster cluster{1};
  LinkedNode& node = cluster.start(1, 3);
};

TEST_F(LinkStrangerTest, AWellBehavedPeerIsAnswered) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  stranger.send(encode_message(message("hello")).value());
  ASSERT_TRUE(cluster.run_until([&] { return node.inbox.has("hello"); }));
  node.say(NodeId{2}, "and you");
  ASSERT_TRUE(cluster.run_until([&] { return stranger.messages() == 1; }));
  const Envelope& answer = std::get<LinkMessage>(stranger.frames.back()).envelope;
  EXPECT_EQ(text_in(answer), "and you");
  EXPECT_EQ(answer.from, (ActorAddress{NodeId{1}, "inbox"}));
  EXPECT_EQ(answer.incarnation, Incarnation{3});
  EXPECT_EQ(node.watcher.take(), "up 2/5");
}

TEST_F(LinkStrangerTest, HellosThatDoNotFitAreRefused) {
  LinkHello other = hello();
  other.cluster_id = "another cluster";
  expect_refused(other, "foreign cluster");
  other = hello();
  other.protocol_version = 1;
  expect_refused(other, "link protocol version");
  other = hello();
  other.node = NodeId{1};
  expect_refused(other, "our own node id");
  other = hello();
  other.node = NodeId{17};
  expect_refused(other, "unknown node");
  other = hello();
  other.incarnation = {};
  expect_refused(other, "without incarnation");
  EXPECT_EQ(node.watcher.count(), 0U);
}

TEST_F(LinkStrangerTest, AnOldIncarnationIsRefusedAndTheNewOneStays) {
  Stranger current(cluster);
  be_accepted(current, hello());
  Stranger zombie(cluster, 101);
  LinkHello old = hello();
  old.incarnation = Incarnation{4};
  zombie.dial(node);
  zombie.send(encode(old));
  ASSERT_TRUE(zombie.run_until_closed());
  EXPECT_TRUE(zombie.frames.empty());
  EXPECT_FALSE(current.closed);
  EXPECT_EQ(node.watcher.take(), "up 2/5");
}

TEST_F(LinkStrangerTest, ANewIncarnationReplacesTheOldOne) {
  Stranger old(cluster);
  be_accepted(old, hello());
  Stranger current(cluster, 101);
  LinkHello newer = hello();
  newer.incarnation = Incarnation{6};
  be_accepted(current, newer);
  ASSERT_TRUE(old.run_until_closed());
  EXPECT_EQ(node.watcher.take(), "up 2/5, down 2/5, up 2/6");
}

TEST_F(LinkStrangerTest, RowsForANewIncarnationDoNotGoToTheOldOne) {
  Stranger old(cluster);
  LinkHello data = hello();
  data.lane = Lane::data;
  be_accepted(old, data);
  Stranger current(cluster, 101);
  LinkHello newer = hello();
  newer.incarnation = Incarnation{6};
  be_accepted(current, newer);
  node.say(NodeId{2}, "rows", 10);
  ASSERT_TRUE(old.run_until_closed());
  EXPECT_EQ(old.messages(), 0U);
}

TEST_F(LinkStrangerTest, AMessageInAnothersNameClosesTheConnection) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  Envelope forged = message("trust me");
  forged.from.node = NodeId{3};
  stranger.send(encode_message(forged).value());
  ASSERT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.inbox.count(), 0U);
  EXPECT_NE(node.stats_of("link/2").last_error.find("another's name"), std::string::npos);
  EXPECT_EQ(node.watcher.take(), "up 2/5, down 2/5");
}

TEST_F(LinkStrangerTest, AMessageOfAnotherIncarnationClosesTheConnection) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  Envelope stale = message("from the past");
  stale.incarnation = Incarnation{4};
  stranger.send(encode_message(stale).value());
  ASSERT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.inbox.count(), 0U);
}

TEST_F(LinkStrangerTest, ASecondHelloClosesTheConnection) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  stranger.send(encode(hello()));
  EXPECT_TRUE(stranger.run_until_closed());
}

TEST_F(LinkStrangerTest, BytesBehindAHelloThatWasNotAnsweredAreRefused) {
  Stranger stranger(cluster);
  stranger.dial(node);
  // One piece, so that it arrives as one.
  std::string all(encode(hello()).front().text());
  const std::vector<Buffer> early = encode_message(message("too early")).value();
  for (const Buffer& piece : early) all += piece.text();
  stranger.send(all);
  EXPECT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.inbox.count(), 0U);
  EXPECT_NE(node.stats_of("links").last_error.find("behind a hello"), std::string::npos);
}

TEST_F(LinkStrangerTest, GarbageCostsThatConnectionOnly) {
  Stranger good(cluster);
  be_accepted(good, hello());
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Stranger bad(cluster, 200 + seed);
    bad.dial(node);
    std::string noise(20 + random.below(2000), ' ');
    for (char& byte : noise) byte = static_cast<char>(random.next());
    bad.send(noise);
    ASSERT_TRUE(bad.run_until_closed());
    EXPECT_TRUE(bad.frames.empty());
  }
  good.send(encode_message(message("still here")).value());
  EXPECT_TRUE(cluster.run_until([&] { return node.inbox.has("still here"); }));
  EXPECT_FALSE(good.closed);
}

TEST_F(LinkStrangerTest, GarbageBehindAHelloClosesTheConnection) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  stranger.send(std::string(100, '\x7f'));
  ASSERT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.watcher.take(), "up 2/5, down 2/5");
}

TEST_F(LinkStrangerTest, AHelloThatDripsIsTakenAndOneThatStopsIsHungUpOn) {
  Stranger slow(cluster);
  slow.dial(node);
  const std::string bytes(encode(hello()).front().text());
  for (const char byte : bytes) {
    slow.send(std::string(1, byte));
    cluster.simulation.run_for(1ms);
  }
  ASSERT_TRUE(cluster.run_until([&] { return !slow.frames.empty(); }));
  Stranger silent(cluster, 101);
  silent.dial(node);
  silent.send(bytes.substr(0, bytes.size() - 1));
  const Instant begun = cluster.simulation.now();
  ASSERT_TRUE(silent.run_until_closed());
  EXPECT_GE(cluster.simulation.now() - begun, LinkOptions{}.hello_time_max - 1ms);
  EXPECT_LT(cluster.simulation.now() - begun, LinkOptions{}.hello_time_max + 1s);
  EXPECT_FALSE(slow.closed);
}

TEST_F(LinkStrangerTest, AHelloThatAnnouncesMegabytesIsRefusedAtOnce) {
  Stranger stranger(cluster);
  stranger.dial(node);
  std::vector<std::byte> prefix(16);
  store_le(prefix.data(), std::uint32_t{64} << 20);
  store_le(prefix.data() + 8, std::uint32_t{8});
  store_le(prefix.data() + 12, crc32c_of(Bytes(prefix).first(12)));
  stranger.send({Buffer::from(std::move(prefix))});
  const Instant begun = cluster.simulation.now();
  ASSERT_TRUE(stranger.run_until_closed());
  EXPECT_LT(cluster.simulation.now() - begun, 1s);
}

TEST_F(LinkStrangerTest, ConnectionsWithoutAHelloAreBounded) {
  std::deque<Stranger> crowd;
  for (std::uint64_t i = 0; i < LinksActor::greeting_max + 10; ++i) {
    crowd.emplace_back(cluster, 300 + i).dial(node);
  }
  cluster.simulation.run_for(1s);
  EXPECT_EQ(
      std::count_if(crowd.begin(), crowd.end(), [](const Stranger& one) { return one.closed; }),
      10);
  cluster.simulation.run_for(5s);
  for (const Stranger& one : crowd) EXPECT_TRUE(one.closed);
}

TEST_F(LinkStrangerTest, CreditIsSpentThenWaitedFor) {
  Stranger stranger(cluster);
  LinkHello poor = hello();
  poor.credit_bytes = 1000;
  be_accepted(stranger, poor);
  for (int i = 0; i < 50; ++i) node.say(NodeId{2}, "m" + std::to_string(i));
  cluster.simulation.run_for(10s);
  const std::size_t sent = stranger.messages();
  EXPECT_GT(sent, 1U);
  EXPECT_LT(sent, 10U);
  stranger.send(encode(LinkCredit{1000}));
  cluster.simulation.run_for(10s);
  EXPECT_GT(stranger.messages(), sent);
  EXPECT_LE(stranger.messages(), 2 * sent + 1);
  stranger.send(encode(LinkCredit{~std::uint64_t{0}}));
  EXPECT_TRUE(cluster.run_until([&] { return stranger.messages() == 50; }));
}

TEST_F(LinkStrangerTest, TheNodeGrantsWhatItHandedOn) {
  Stranger stranger(cluster);
  be_accepted(stranger, hello());
  const std::uint64_t window = std::get<LinkHello>(stranger.frames.front()).credit_bytes;
  Envelope large = message("large");
  large.attachments = {Buffer::from(std::string(window / 2, 'x'))};
  large.lane = Lane::data;
  const auto frame = encode_message(large).value();
  stranger.send(frame);
  ASSERT_TRUE(cluster.run_until([&] { return stranger.frames.size() == 2; }));
  EXPECT_EQ(std::get<LinkCredit>(stranger.frames.back()).bytes, total_size(frame));
}

/// Node 7 under test dials node 2, which is played by hand.
class LinkDiallingTest : public testing::Test {
 protected:
  LinkDiallingTest() {
    const auto at = stranger.transport->listen(
        {"stranger", 0}, [this](ConnectionId id, const Endpoint&) { ids.push_back(id); });
    node.context.post("links", "launcher",
                      seal<schemas::LinkOrder>([&](schemas::LinkOrder::Builder order) {
                        auto list = order.initMembers(1);
                        list[0].setNodeId(2);
                        list[0].setLinkHost(at->host);
                        list[0].setLinkPort(at->port);
                        list[0].setIncarnation(1);
                      }));
  }
  /// Takes the next connection that says hello for `lane`, and answers with `answer`.
  void answer(Lane lane, const LinkHello& answer) {
    ASSERT_TRUE(cluster.run_until([&] { return ids.size() >= 2; }));
    for (const ConnectionId id : ids) {
      stranger.frames.clear();
      stranger.reader = LinkFrameReader();
      stranger.closed.reset();
      stranger.transport->attach(id, stranger.sink());
      ASSERT_TRUE(cluster.run_until([&] { return !stranger.frames.empty(); }));
      if (std::get<LinkHello>(stranger.frames.front()).lane == lane) break;
    }
    stranger.send(encode(answer));
  }
  static LinkHello hello() {
    return {.cluster_id = "cluster",
            .node = NodeId{2},
            .incarnation = Incarnation{1},
            .lane = Lane::control,
            .credit_bytes = 1 << 20};
  }

  LinkCluster cluster{2};
  LinkedNode& node = cluster.start(7, 1);
  Stranger stranger{cluster};
  std::vector<ConnectionId> ids;
};

TEST_F(LinkDiallingTest, AnAnswerThatFitsBringsTheLinkUp) {
  answer(Lane::control, hello());
  EXPECT_TRUE(cluster.run_until([&] { return node.watcher.has("up 2/1"); }));
}

TEST_F(LinkDiallingTest, AnAnswerForTheOtherLaneIsRefused) {
  LinkHello wrong = hello();
  wrong.lane = Lane::data;
  answer(Lane::control, wrong);
  EXPECT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.watcher.count(), 0U);
}

TEST_F(LinkDiallingTest, AnAnswerFromSomebodyElseIsRefused) {
  LinkHello wrong = hello();
  wrong.node = NodeId{3};
  answer(Lane::control, wrong);
  EXPECT_TRUE(stranger.run_until_closed());
  EXPECT_EQ(node.watcher.count(), 0U);
}

TEST_F(LinkDiallingTest, NoAnswerIsHungUpOnAndDialledAgain) {
  cluster.simulation.run_for(20s);
  // Both lanes, every two to three seconds.
  EXPECT_GT(ids.size(), 10U);
  EXPECT_LT(ids.size(), 24U);
}

}  // namespace
}  // namespace millrace
