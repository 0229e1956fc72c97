#include "client/client.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/fake_cluster.hpp"

namespace millrace::client {
namespace {

namespace wire = protocol::wire;
using protocol::ApiKey;

template <class T>
Callback<T> into(std::optional<Outcome<T>>& slot) {
  return [&slot](Outcome<T> value) {
    EXPECT_FALSE(slot) << "answered twice";
    slot.emplace(std::move(value));
  };
}

class ClientTest : public testing::Test {
 protected:
  ClientTest() { options.bootstrap = {FakeCluster::address_of(1)}; }

  std::unique_ptr<Client> make() { return std::make_unique<Client>(peer, loop, options); }

  VirtualLoop loop;
  FakePeer peer{loop};
  FakeCluster cluster{loop, peer, 3, 4};
  ClientOptions options;
};

TEST_F(ClientTest, BootstrapAddressesAreTriedInOrder) {
  options.bootstrap = {{"gone", 1}, {"gone", 2}, FakeCluster::address_of(2)};
  const auto client = make();
  std::optional<Outcome<Cluster::Nodes>> nodes;
  client->nodes(into(nodes));
  loop.run_for(50ms);
  ASSERT_TRUE(nodes && *nodes);
  EXPECT_EQ((*nodes)->servers.size(), 3U);
  EXPECT_EQ((*nodes)->coordinator->endpoint, FakeCluster::address_of(0));
  EXPECT_EQ(peer.connected, std::vector<Endpoint>{FakeCluster::address_of(2)});
}

TEST_F(ClientTest, ALoneBootstrapAddressIsTriedAgainWithPausesAndThenGivenUp) {
  options.bootstrap = {{"gone", 1}};
  const auto client = make();
  std::optional<Outcome<Cluster::Nodes>> nodes;
  client->nodes(into(nodes));
  loop.run_for(550ms);
  EXPECT_FALSE(nodes);
  loop.run_for(350ms);
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->error().code, ErrorCode::network_exception);
  EXPECT_NE(nodes->error().message.find("gone:1"), std::string::npos);
}

TEST_F(ClientTest, AServerThatComesUpMeanwhileIsFound) {
  options.bootstrap = {FakeCluster::address_of(1)};
  peer.listening.clear();
  const auto client = make();
  std::optional<Outcome<Cluster::Nodes>> nodes;
  client->nodes(into(nodes));
  loop.run_for(200ms);
  peer.listening.insert(FakeCluster::address_of(1));
  loop.run_for(1s);
  ASSERT_TRUE(nodes);
  EXPECT_TRUE(nodes->has_value());
}

TEST_F(ClientTest, WritesGoToTheCoordinatorAndReadsToServers) {
  std::map<ApiKey, std::set<std::string>> asked;
  cluster.intercept = [&](const Request& request) {
    asked[request.api].insert(request.server.host);
    if (request.api == ApiKey::create_database)
      peer.answer(request, wire::CreateDatabaseResponse());
    if (request.api == ApiKey::list_databases) {
      wire::ListDatabasesResponse names;
      names.add_database_name("db");
      peer.answer(request, names);
    }
    return request.api != ApiKey::get_metadata;
  };
  const auto client = make();
  int answered = 0;
  for (int i = 0; i < 30; ++i) {
    client->list_databases([&](const Outcome<std::vector<std::string>>& names) {
      ASSERT_TRUE(names);
      EXPECT_EQ(*names, std::vector<std::string>{"db"});
      ++answered;
    });
    client->create_database("d", true, [&](const Outcome<void>& outcome) {
      EXPECT_TRUE(outcome);
      ++answered;
    });
  }
  loop.run_for(1s);
  EXPECT_EQ(answered, 60);
  EXPECT_EQ(asked[ApiKey::create_database], std::set<std::string>{"node0"});
  EXPECT_EQ(asked[ApiKey::list_databases].size(), 3U);
}

TEST_F(ClientTest, AWriteWhoseFateIsUnknownIsNotRepeated) {
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::create_database) return false;
    peer.hang_up(request.connection);
    return true;
  };
  const auto client = make();
  std::optional<Outcome<void>> outcome;
  client->create_database("d", false, into(outcome));
  loop.run_for(5s);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error().code, ErrorCode::network_exception);
  EXPECT_EQ(cluster.calls[ApiKey::create_database], 1);
}

TEST_F(ClientTest, AWriteThatSurelyHadNoEffectFollowsTheCoordinator) {
  const auto client = make();
  std::optional<Outcome<Cluster::Nodes>> nodes;
  client->nodes(into(nodes));
  loop.run_for(1s);
  // The coordinator's process is gone and another one has taken over.
  peer.listening.erase(FakeCluster::address_of(0));
  cluster.coordinator = 2;
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::create_database) return false;
    if (request.server == FakeCluster::address_of(2) && cluster.coordinator == 2) {
      cluster.coordinator = 1;
      peer.refuse(request, ErrorCode::not_coordinator_leader_exception, "not any more");
    } else {
      peer.answer(request, wire::CreateDatabaseResponse());
    }
    return true;
  };
  std::optional<Outcome<void>> outcome;
  client->create_database("d", false, into(outcome));
  loop.run_for(5s);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->has_value());
  EXPECT_EQ(cluster.calls[ApiKey::create_database], 2);
}

TEST_F(ClientTest, RefusalsComeThroughWithCodeAndText) {
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::drop_database) return false;
    peer.refuse(request, ErrorCode::database_not_empty, "it has 3 tables");
    return true;
  };
  const auto client = make();
  std::optional<Outcome<void>> outcome;
  client->drop_database("d", false, false, into(outcome));
  loop.run_for(1s);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error(), (ProtocolError{ErrorCode::database_not_empty, "it has 3 tables"}));
}

TEST_F(ClientTest, ATableIsAskedForOnceUntilForgotten) {
  const auto client = make();
  int answers = 0;
  const auto look = [&] {
    client->cluster()->table(cluster.path, [&](const Outcome<TablePtr>& table) {
      ASSERT_TRUE(table);
      EXPECT_EQ((*table)->id, TableId{7});
      EXPECT_EQ((*table)->descriptor, cluster.descriptor);
      EXPECT_EQ((*table)->leader_of(BucketIndex{1}), NodeId{1});
      ++answers;
    });
  };
  look();
  look();
  loop.run_for(1s);
  look();
  loop.run_for(1s);
  EXPECT_EQ(answers, 3);
  EXPECT_EQ(cluster.calls[ApiKey::get_metadata], 2) << "one to find servers, one for the table";
  client->cluster()->forget(cluster.path);
  look();
  loop.run_for(1s);
  EXPECT_EQ(cluster.calls[ApiKey::get_metadata], 3);
}

TEST_F(ClientTest, AMissingTableIsAnError) {
  const auto client = make();
  std::optional<Outcome<TablePtr>> table;
  client->describe_table({"db", "other"}, into(table));
  loop.run_for(1s);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->error().code, ErrorCode::table_not_exist);
}

TEST_F(ClientTest, AnUnknownErrorAboutATableIsLookedInto) {
  // As Fluss 0.9.1 does for a table that does not exist.
  cluster.intercept = [&](const Request& request) {
    if (request.api == ApiKey::get_table_info) {
      peer.refuse(request, ErrorCode::table_not_exist, "no such table");
      return true;
    }
    if (request.api != ApiKey::get_metadata) return false;
    if (request.as<wire::MetadataRequest>().table_path().empty()) return false;
    peer.refuse(request, ErrorCode::unknown_server_error, "stack trace");
    return true;
  };
  const auto client = make();
  std::optional<Outcome<TablePtr>> table;
  client->describe_table({"db", "other"}, into(table));
  loop.run_for(1s);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->error(), (ProtocolError{ErrorCode::table_not_exist, "no such table"}));
}

TEST_F(ClientTest, AnUnreadableTableIsAnError) {
  cluster.intercept = [&](const Request& request) {
    if (request.api != ApiKey::get_metadata) return false;
    if (request.as<wire::MetadataRequest>().table_path().empty()) return false;
    peer.send_bytes(request.connection, protocol::encode_response(request.id, {})[0]);
    return true;
  };
  const auto client = make();
  std::optional<Outcome<TablePtr>> table;
  client->describe_table(cluster.path, into(table));
  loop.run_for(60s);
  ASSERT_TRUE(table);
  EXPECT_FALSE(table->has_value());
}

TEST_F(ClientTest, OffsetsWaitForLeadersAndFollowThem) {
  cluster.buckets[0].end = 10;
  cluster.buckets[1].end = 11;
  cluster.buckets[2].leader.reset();
  const auto client = make();
  std::optional<Outcome<TablePtr>> warm;
  client->describe_table(cluster.path, into(warm));
  loop.run_for(1s);
  cluster.buckets[1].leader = 2;  // Moves after the client has learnt of server 1.
  std::optional<Outcome<std::vector<BucketOffset>>> offsets;
  client->list_offsets(cluster.path, {}, into(offsets));
  loop.run_for(100ms);
  EXPECT_FALSE(offsets);
  cluster.buckets[2].leader = 0;
  loop.run_for(3s);
  ASSERT_TRUE(offsets && *offsets);
  ASSERT_EQ((*offsets)->size(), 4U);
  EXPECT_EQ((**offsets)[0].offset, 10);
  EXPECT_EQ((**offsets)[1].offset, 11);
  EXPECT_EQ((**offsets)[2].offset, 0);
}

TEST_F(ClientTest, ABucketWithoutLeaderIsListedWithItsError) {
  cluster.buckets[3].leader.reset();
  const auto client = make();
  std::optional<Outcome<std::vector<BucketOffset>>> offsets;
  client->list_offsets(cluster.path, {}, into(offsets));
  loop.run_for(10s);
  ASSERT_TRUE(offsets && *offsets);
  EXPECT_TRUE((**offsets)[0].offset.has_value());
  ASSERT_FALSE((**offsets)[3].offset.has_value());
  EXPECT_EQ((**offsets)[3].offset.error().code, ErrorCode::leader_not_available_exception);
}

TEST_F(ClientTest, ADestroyedClientAnswersEverything) {
  cluster.intercept = [](const Request& request) { return request.api == ApiKey::list_databases; };
  auto client = make();
  std::optional<Outcome<std::vector<std::string>>> names;
  client->list_databases(into(names));
  loop.run_for(1s);
  client.reset();
  loop.run_for(1s);
  ASSERT_TRUE(names);
  EXPECT_EQ(names->error().code, ErrorCode::network_exception);
}

}  // namespace
}  // namespace millrace::client
