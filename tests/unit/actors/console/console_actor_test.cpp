#include "actors/console/console_actor.hpp"

#include <gtest/gtest.h>

#include "actors/console/page_json.hpp"
#include "runtime/simulator/simulation.hpp"
#include "tests/unit/actors/console/console_facts.hpp"

namespace millrace {
namespace {

constexpr ProcessId server_process{1};
constexpr ProcessId client_process{2};
const Endpoint console_at{"127.0.0.1", 9125};

/// A client that writes what it is told and keeps what it gets.
class ScriptedClient {
 public:
  ScriptedClient(Simulation& simulation, const Endpoint& to)
      : transport_(simulation.network().transport_of(client_process)) {
    connection_ = transport_->connect(to, [this](const TransportEvent& event) {
      if (std::holds_alternative<Opened>(event)) {
        opened = true;
        if (listening) transport_->receive(connection_);
      } else if (const auto* received = std::get_if<Received>(&event)) {
        text += received->bytes.text();
        if (listening) transport_->receive(connection_);
      } else if (std::holds_alternative<Closed>(event)) {
        closed = true;
      }
    });
  }

  void write(std::string bytes) { transport_->send(connection_, {Buffer::from(std::move(bytes))}); }
  void listen() {
    listening = true;
    transport_->receive(connection_);
  }
  void hang_up() { transport_->close(connection_, true); }

  /// The complete responses so far.
  [[nodiscard]] std::vector<std::pair<int, std::string>> responses() const {
    std::vector<std::pair<int, std::string>> found;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t header_end = text.find("\r\n\r\n", at);
      const std::size_t length_at = text.find("Content-Length: ", at);
      if (header_end == std::string::npos || length_at > header_end) break;
      const std::size_t length = std::stoul(text.substr(length_at + 16, 12));
      if (text.size() < header_end + 4 + length) break;
      found.emplace_back(std::stoi(text.substr(at + 9, 3)), text.substr(header_end + 4, length));
      at = header_end + 4 + length;
    }
    return found;
  }

  bool opened = false;
  bool closed = false;
  bool listening = true;
  std::string text;

 private:
  std::unique_ptr<Transport> transport_;
  ConnectionId connection_;
};

/// A process's way into the network that counts what is sent.
class CountingTransport final : public Transport {
 public:
  explicit CountingTransport(std::unique_ptr<Transport> inner) : inner_(std::move(inner)) {}

  Result<Endpoint> listen(const Endpoint& at, AcceptSink on_accept) override {
    return inner_->listen(at, std::move(on_accept));
  }
  void attach(ConnectionId connection, TransportSink sink) override {
    inner_->attach(connection, std::move(sink));
  }
  ConnectionId connect(const Endpoint& to, TransportSink sink) override {
    return inner_->connect(to, std::move(sink));
  }
  void receive(ConnectionId connection) override { inner_->receive(connection); }
  void send(ConnectionId connection, std::vector<Buffer> pieces) override {
    for (const Buffer& piece : pieces) bytes_sent += piece.size();
    inner_->send(connection, std::move(pieces));
  }
  void close(ConnectionId connection, bool discard_unsent) override {
    inner_->close(connection, discard_unsent);
  }

  std::size_t bytes_sent = 0;

 private:
  std::unique_ptr<Transport> inner_;
};

class ConsoleActorTest : public testing::Test {
 protected:
  explicit ConsoleActorTest(std::uint64_t seed = 1) : simulation_(seed) {
    node_ = &simulation_.start_process({"c-1", NodeId{0}, Incarnation{7}}, 1'700'000'000'000);
    transport_ =
        std::make_unique<CountingTransport>(simulation_.network().transport_of(server_process));
    view_.set(cluster_view());
    start_console("console");
    simulation_.run_for(1ms);
  }

  void start_console(const std::string& name) {
    (void)node_->spawn<ConsoleActor>(
        name, "node", Placement::scheduled, *transport_, console_at, view_,
        [this](const Endpoint& at) { listening_.push_back(at); },
        ConsoleSettings{"0.1.0", {"console"}, ""});
  }

  [[nodiscard]] ActorView actor(const std::string& name) const {
    for (ActorView& view : node_->actors()) {
      if (view.name == name) return view;
    }
    ADD_FAILURE() << "no actor " << name;
    return {};
  }

  bool run(const std::function<bool()>& done, Duration span = 5s) {
    return simulation_.run_until(done, simulation_.now() + span);
  }
  /// Waits for `count` responses and returns all.
  std::vector<std::pair<int, std::string>> answers(ScriptedClient& client, std::size_t count) {
    EXPECT_TRUE(run([&] { return client.responses().size() >= count; })) << client.text;
    return client.responses();
  }

  PublishedView view_;
  std::vector<Endpoint> listening_;
  std::unique_ptr<CountingTransport> transport_;
  Simulation simulation_;
  NodeContext* node_ = nullptr;
};

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

TEST_F(ConsoleActorTest, AnswersAboutTheRunningNode) {
  ScriptedClient client(simulation_, console_at);
  ASSERT_TRUE(run([&] { return client.opened; }));
  EXPECT_EQ(listening_, std::vector{console_at});
  client.write(get("/v1/actors/console"));
  const auto answered = answers(client, 1);
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0].first, 200);
  const auto page = Json::parse(answered[0].second);
  EXPECT_EQ(page["actor"]["parent"], "node");
  EXPECT_EQ(page["actor"]["starts"], 1);
  EXPECT_GE(page["flight"].size(), 2U);
  EXPECT_EQ(page["flight"][0]["from"], "0:transport");
  EXPECT_FALSE(client.closed);
}

TEST_F(ConsoleActorTest, TheMemoryPageIsOfTheNodesBook) {
  BudgetAccount account(node_->budgets(), {"queue", "bytes", 100});
  account.set(60);
  ScriptedClient client(simulation_, console_at);
  client.write(get("/v1/memory"));
  const auto answered = answers(client, 1);
  ASSERT_EQ(answered.size(), 1U);
  const auto page = Json::parse(answered[0].second);
  ASSERT_EQ(page["budgets"].size(), 2U);
  EXPECT_EQ(page["budgets"][0]["name"], "connections_of_console");
  EXPECT_EQ(page["budgets"][0]["used"], 1);
  EXPECT_EQ(page["budgets"][1]["used"], 60);
}

TEST_F(ConsoleActorTest, PipelinedRequestsAreAnsweredInOrderOnOneConnection) {
  ScriptedClient client(simulation_, console_at);
  client.write(get("/livez") + get("/v1/nowhere") + get("/readyz?verbose") +
               "DELETE /v1/tables HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc" +
               get("/v1/nodes"));
  const auto answered = answers(client, 5);
  ASSERT_EQ(answered.size(), 5U);
  EXPECT_EQ(answered[0].second, "{\"status\":\"live\",\"checks\":[]}\n");
  EXPECT_EQ(answered[1].first, 404);
  EXPECT_EQ(Json::parse(answered[2].second)["status"], "ready");
  EXPECT_EQ(answered[3].first, 405);
  EXPECT_EQ(Json::parse(answered[4].second)["incarnation"], 7);
  EXPECT_FALSE(client.closed);
}

TEST_F(ConsoleActorTest, ClosesWhenAskedToAndNotBefore) {
  ScriptedClient client(simulation_, console_at);
  client.write(get("/metrics", "Connection: close\r\n"));
  EXPECT_TRUE(run([&] { return client.closed; }));
  ASSERT_EQ(client.responses().size(), 1U);
  EXPECT_NE(client.responses()[0].second.find("millrace_build_info{version=\"0.1.0\"} 1"),
            std::string::npos);
}

TEST_F(ConsoleActorTest, ARefusalReachesTheClientThenItsConnectionCloses) {
  ScriptedClient large(simulation_, console_at);
  large.write("POST /v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 700000\r\n\r\n");
  large.write(std::string(700'000, 'x'));
  ScriptedClient garbage(simulation_, console_at);
  garbage.write(std::string(3000, '\xee'));
  ScriptedClient endless(simulation_, console_at);
  endless.write("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  ScriptedClient fine(simulation_, console_at);
  EXPECT_TRUE(run([&] { return large.closed && garbage.closed && endless.closed; }, 10s));
  ASSERT_EQ(large.responses().size(), 1U);
  EXPECT_EQ(large.responses()[0].first, 413);
  ASSERT_EQ(garbage.responses().size(), 1U);
  EXPECT_EQ(garbage.responses()[0].first, 400);
  ASSERT_EQ(endless.responses().size(), 1U);
  EXPECT_EQ(endless.responses()[0].first, 431);
  EXPECT_EQ(actor("console").stats.dropped, 3U);
  fine.write(get("/livez"));
  EXPECT_EQ(answers(fine, 1)[0].first, 200);
}

TEST_F(ConsoleActorTest, ADiscardedFloodIsCutOff) {
  ScriptedClient client(simulation_, console_at);
  client.write("POST /v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n");
  client.write(std::string(3 << 20, 'x'));
  EXPECT_TRUE(run([&] { return client.closed; }, 1s));
}

TEST_F(ConsoleActorTest, ASlowDripIsCutOffAfterAMinute) {
  ScriptedClient client(simulation_, console_at);
  ASSERT_TRUE(run([&] { return client.opened; }));
  const Instant begun = simulation_.now();
  const std::string request = get("/v1/nodes");
  std::size_t written = 0;
  while (!client.closed && written < request.size() - 1) {
    client.write(request.substr(written++, 1));
    simulation_.run_for(5s);
  }
  EXPECT_TRUE(client.closed);
  EXPECT_GE(simulation_.now() - begun, 59s);
  EXPECT_LE(simulation_.now() - begun, 66s);
  EXPECT_TRUE(client.text.empty());
}

TEST_F(ConsoleActorTest, AnIdleConnectionLivesAMinutePastItsLastRequest) {
  ScriptedClient client(simulation_, console_at);
  simulation_.run_for(50s);
  client.write(get("/livez"));
  simulation_.run_for(59s);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(client.responses().size(), 1U);
  simulation_.run_for(2s);
  EXPECT_TRUE(client.closed);
}

TEST_F(ConsoleActorTest, UnwatchedItHandlesNothing) {
  {
    ScriptedClient client(simulation_, console_at);
    client.write(get("/livez"));
    ASSERT_EQ(answers(client, 1).size(), 1U);
    client.hang_up();
    simulation_.run_for(120s);
  }
  const std::uint64_t handled = actor("console").stats.handled;
  simulation_.run_for(3600s);
  EXPECT_TRUE(simulation_.queue().empty());
  EXPECT_EQ(actor("console").stats.handled, handled);
}

TEST_F(ConsoleActorTest, ConnectionsBeyondTheCapAreClosedAndOthersGoOn) {
  std::vector<std::unique_ptr<ScriptedClient>> clients;
  for (std::size_t i = 0; i < HttpConnections::connections_max; ++i) {
    clients.push_back(std::make_unique<ScriptedClient>(simulation_, console_at));
  }
  ASSERT_TRUE(run([&] {
    return std::all_of(clients.begin(), clients.end(), [](const auto& c) { return c->opened; });
  }));
  simulation_.run_for(1s);
  ScriptedClient late(simulation_, console_at);
  EXPECT_TRUE(run([&] { return late.closed; }));
  EXPECT_NE(actor("console").stats.last_error.find("too many connections"), std::string::npos);
  clients[0]->hang_up();
  simulation_.run_for(1s);
  ScriptedClient next(simulation_, console_at);
  next.write(get("/livez"));
  EXPECT_EQ(answers(next, 1)[0].first, 200);
  EXPECT_FALSE(clients[1]->closed);
}

TEST_F(ConsoleActorTest, ADeafClientDoesNotPileUpAnswers) {
  constexpr std::size_t requests = 1000;
  std::string bytes;
  for (std::size_t i = 0; i < requests; ++i) bytes += get("/metrics");
  ScriptedClient client(simulation_, console_at);
  ASSERT_TRUE(run([&] { return client.opened; }));
  simulation_.network().cut(server_process, client_process);
  client.write(bytes);
  simulation_.run_for(10s);
  const std::size_t queued = transport_->bytes_sent;
  EXPECT_GE(queued, HttpConnections::unsent_bytes_max);
  EXPECT_LE(queued, HttpConnections::unsent_bytes_max + 10'000);
  simulation_.network().heal(server_process, client_process);
  simulation_.run_for(10s);
  EXPECT_EQ(client.responses().size(), requests);
  EXPECT_GE(transport_->bytes_sent, 2 * queued);
}

TEST_F(ConsoleActorTest, ATakenAddressFailsTheActorWithTheReason) {
  simulation_.run_for(1s);
  auto stranger = simulation_.network().transport_of(ProcessId{3});
  (void)node_->spawn<ConsoleActor>("console/2", "node", Placement::scheduled, *stranger, console_at,
                                   view_, [this](const Endpoint& at) { listening_.push_back(at); });
  simulation_.run_for(1s);
  EXPECT_FALSE(actor("console/2").stats.running);
  EXPECT_NE(actor("console/2").stats.last_error.find("cannot listen"), std::string::npos);
  EXPECT_EQ(listening_.size(), 1U);
}

TEST_F(ConsoleActorTest, AConsoleThatStartsAgainTakesItsListenerBack) {
  ScriptedClient before(simulation_, console_at);
  before.write(get("/livez"));
  ASSERT_EQ(answers(before, 1).size(), 1U);
  node_->kill("console");
  EXPECT_TRUE(run([&] { return before.closed; }));
  start_console("console");
  simulation_.run_for(1s);
  EXPECT_EQ(listening_, (std::vector{console_at, console_at}));
  ScriptedClient after(simulation_, console_at);
  after.write(get("/v1/actors/console"));
  EXPECT_EQ(Json::parse(answers(after, 1)[0].second)["actor"]["starts"], 2);
}

std::string random_garbage(Random& random) {
  std::string bytes = get("/v1/actors?limit=1") + get("/readyz");
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
  }
  return bytes.substr(0, random.below(bytes.size() + 1));
}

// Many clients that misbehave in every way at once; the one that behaves is served.
TEST(ConsoleActorProperty, MisbehavingClientsCostOnlyTheirConnections) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    PublishedView view;
    std::unique_ptr<Transport> transport;
    NetworkWeather weather;
    weather.chunk_bytes_max = 50;
    Simulation simulation(seed, weather);
    NodeContext& node = simulation.start_process({"c-1", NodeId{0}, Incarnation{1}}, 0);
    transport = simulation.network().transport_of(server_process);
    (void)node.spawn<ConsoleActor>("console", "", Placement::scheduled, *transport, console_at,
                                   view, [](const Endpoint&) {});
    simulation.run_for(1s);
    Random random = simulation.random_for("clients");
    std::vector<std::unique_ptr<ScriptedClient>> clients;
    for (int i = 0; i < 20; ++i) {
      clients.push_back(std::make_unique<ScriptedClient>(simulation, console_at));
      clients.back()->write(random_garbage(random));
      if (random.chance(1, 3)) simulation.run_for(Duration(random.between(0, 2'000'000)));
      if (random.chance(1, 5)) clients.back()->hang_up();
    }
    ScriptedClient fine(simulation, console_at);
    fine.write(get("/livez"));
    ASSERT_TRUE(
        simulation.run_until([&] { return fine.responses().size() == 1; }, simulation.now() + 5s));
    fine.hang_up();
    simulation.run_for(130s);
    EXPECT_TRUE(simulation.queue().empty());
    EXPECT_EQ(node.actors()[0].stats.starts, 1U);
    EXPECT_TRUE(node.actors()[0].stats.running);
  }
}

}  // namespace
}  // namespace millrace
