// Links over real sockets and threads: two nodes in one process.
#include <gtest/gtest.h>

#include "runtime/production_environment.hpp"
#include "runtime/transport/asio/asio_event_loop.hpp"
#include "runtime/transport/asio/asio_transport.hpp"
#include "tests/unit/runtime/link/link_cluster.hpp"

namespace millrace {
namespace {

/// A node as a program would wire it, and take it down again.
class LiveNode {
 public:
  explicit LiveNode(std::int32_t node, std::uint64_t incarnation = 1)
      : context(environment_, {"cluster", NodeId{node}, Incarnation{incarnation}}, Random(7)),
        transport_(loop_) {
    LinkOptions options;
    options.watchers = {"watcher"};
    (void)context.spawn<Recorder>("inbox", "", Placement::scheduled, inbox);
    (void)context.spawn<Recorder>("watcher", "", Placement::detached, watcher);
    (void)context.spawn<LinksParent>("parent", "", Placement::detached, transport_, options,
                                     starts_);
    loop_.start();
    endpoint = transport_.listen({"127.0.0.1", 0}, accept_to(context, transport_, "links")).value();
    EXPECT_TRUE(starts_.wait([](const auto& lines) { return !lines.empty(); }));
  }

  ~LiveNode() {
    for (const char* root : {"parent", "inbox", "watcher"}) context.stop(root);
    environment_.await_actors();
    loop_.stop();
  }
  LiveNode(const LiveNode&) = delete;
  LiveNode& operator=(const LiveNode&) = delete;

  void say(NodeId to, const std::string& text, std::size_t attached = 0) {
    std::vector<Buffer> attachments;
    if (attached > 0) attachments.push_back(Buffer::from(std::string(attached, 'r')));
    Envelope envelope = text_message(text, std::move(attachments));
    if (attached > 0) envelope.lane = Lane::data;
    envelope.from = context.address_of("inbox");
    envelope.incarnation = context.identity().incarnation;
    context.send({to, "inbox"}, std::move(envelope));
  }

  Notebook inbox;
  Notebook watcher;

 private:
  Notebook starts_;
  ProductionEnvironment environment_{2};

 public:
  NodeContext context;
  Endpoint endpoint;

 private:
  AsioEventLoop loop_;
  AsioTransport transport_;
};

void introduce(const std::vector<LiveNode*>& nodes) {
  std::vector<std::pair<NodeContext*, Endpoint>> members;
  members.reserve(nodes.size());
  for (LiveNode* node : nodes) members.emplace_back(&node->context, node->endpoint);
  for (LiveNode* node : nodes) node->context.post("links", "launcher", members_message(members));
}

bool is_up(Notebook& watcher, const std::string& line) {
  return watcher.wait([&](const std::vector<std::string>& lines) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  });
}

/// Sends until one arrives: the data lane comes up without telling anybody.
bool rows_flow(LiveNode& from, LiveNode& to) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    from.say(to.context.node(), "probe", 1);
    from.say(to.context.node(), "mark");
    const bool came = to.inbox.wait([&](const std::vector<std::string>& lines) {
      return std::count(lines.begin(), lines.end(), "mark") > attempt;
    });
    if (!came) return false;
    if (to.inbox.has("probe+1")) return true;
  }
  return false;
}

TEST(LinkLive, TwoNodesTalkOverSocketsInOrder) {
  constexpr int messages = 2000;
  LiveNode one(1);
  LiveNode two(2);
  introduce({&one, &two});
  ASSERT_TRUE(is_up(one.watcher, "up 2/1"));
  ASSERT_TRUE(is_up(two.watcher, "up 1/1"));
  ASSERT_TRUE(rows_flow(one, two));
  (void)two.inbox.take();
  std::vector<std::string> expected_rows;
  std::vector<std::string> expected_control;
  for (int i = 0; i < messages; ++i) {
    one.say(NodeId{2}, "c" + std::to_string(i));
    one.say(NodeId{2}, "r" + std::to_string(i), 1000);
    two.say(NodeId{1}, "c" + std::to_string(i));
    expected_control.push_back("c" + std::to_string(i));
    expected_rows.push_back("r" + std::to_string(i) + "+1000");
  }
  const auto only = [](const std::vector<std::string>& lines, char kind) {
    std::vector<std::string> some;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(some),
                 [&](const std::string& line) { return line.front() == kind; });
    return some;
  };
  ASSERT_TRUE(two.inbox.wait([&](const auto& lines) {
    return only(lines, 'c').size() == messages && only(lines, 'r').size() == messages;
  }));
  ASSERT_TRUE(one.inbox.wait([&](const auto& lines) { return lines.size() == messages; }));
  EXPECT_EQ(only(two.inbox.lines(), 'c'), expected_control);
  EXPECT_EQ(only(two.inbox.lines(), 'r'), expected_rows);
  EXPECT_EQ(one.inbox.lines(), expected_control);
}

TEST(LinkLive, LargeMessagesPassWhileCreditGoesRound) {
  LiveNode one(1);
  LiveNode two(2);
  introduce({&one, &two});
  ASSERT_TRUE(is_up(one.watcher, "up 2/1"));
  ASSERT_TRUE(rows_flow(one, two));
  // More than the window, less than the queue.
  for (int i = 0; i < 10; ++i) one.say(NodeId{2}, "big", 5'000'000);
  EXPECT_TRUE(two.inbox.wait([](const auto& lines) {
    return std::count(lines.begin(), lines.end(), "big+5000000") == 10;
  }));
}

TEST(LinkLive, APeerThatGoesIsNoticedAndOneThatComesBackIsFound) {
  LiveNode one(1);
  {
    LiveNode two(2);
    introduce({&one, &two});
    ASSERT_TRUE(is_up(one.watcher, "up 2/1"));
  }
  ASSERT_TRUE(is_up(one.watcher, "down 2/1"));
  LiveNode again(2, 2);
  introduce({&one, &again});
  ASSERT_TRUE(is_up(one.watcher, "up 2/2"));
  again.say(NodeId{1}, "back");
  EXPECT_TRUE(is_up(again.watcher, "up 1/1"));
}

TEST(LinkLive, KilledLinksComeBack) {
  LiveNode one(1);
  LiveNode two(2);
  introduce({&one, &two});
  ASSERT_TRUE(is_up(one.watcher, "up 2/1"));
  (void)one.watcher.take();
  two.context.kill("link/1");
  EXPECT_TRUE(is_up(one.watcher, "up 2/1"));
  (void)one.watcher.take();
  one.context.kill("link/2");
  EXPECT_TRUE(is_up(one.watcher, "up 2/1"));
}

TEST(LinkLive, ANodeWhoseDialsGoNowhereShutsDownAtOnce) {
  LiveNode two(2);
  two.context.post("links", "launcher",
                   seal<schemas::LinkOrder>([](schemas::LinkOrder::Builder order) {
                     auto list = order.initMembers(1);
                     list[0].setNodeId(1);
                     list[0].setLinkHost("127.0.0.1");
                     list[0].setLinkPort(1);
                   }));
}

}  // namespace
}  // namespace millrace
